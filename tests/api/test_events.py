"""The event stream over real HTTP: from any point on, for many at once, to the end."""

import asyncio
import json
from typing import Any

import httpx2

from demo.scenarios.steps import finish
from demo.script import Turn
from tests.api.conftest import BEARER, Served
from tests.api.problem_documents import problem
from tests.asking import asked, no, removal, run

HELLO = [Turn(blocks=[run("echo hello")]), Turn(blocks=[finish("Done.", checks=["true"])])]
Event = dict[str, Any]


async def heard(
    api: Served, path: str, *, most: int = 10_000, headers: dict[str, str] | None = None
) -> list[Event]:
    """Listen until the stream ends, or `most` events were heard."""
    events: list[Event] = []
    event: Event = {}
    async with api.http.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                continue
            if not line:
                events.append(event)
                event = {}
                if len(events) == most:
                    break
            else:
                event[name] = json.loads(value) if name == "data" else value
    return events


async def quiet(api: Served) -> None:
    """Wait until nobody is read for any more."""
    async with asyncio.timeout(10):
        while api.parts.hub.reading:
            await asyncio.sleep(0.02)


async def test_a_task_is_told_to_its_end(api: Served) -> None:
    story = await api.house.start(HELLO)
    events = await heard(api, f"/tasks/{story.task_id}/events")
    assert [event["id"] for event in events] == [str(1 + n) for n in range(len(events))]
    assert all(event["event"] == event["data"]["kind"] for event in events)
    assert events[0]["event"] == "task.started"
    assert events[-1]["event"] == "task.completed"
    assert [event["data"]["seq"] for event in events] == [int(event["id"]) for event in events]
    await quiet(api)


async def test_a_listener_comes_back_where_it_was(api: Served) -> None:
    story = await api.house.start(HELLO)
    path = f"/tasks/{story.task_id}/events"
    whole = await heard(api, path)
    assert await heard(api, f"{path}?after=2") == whole[2:]
    assert await heard(api, f"{path}?after=1", headers={"Last-Event-ID": "3"}) == whole[3:]
    last = {"Last-Event-ID": whole[-1]["id"]}
    assert (await api.http.get(path, headers=last)).status_code == 204
    beyond = {"Last-Event-ID": "1000000"}
    assert (await api.http.get(path, headers=beyond)).status_code == 204
    problem(await api.http.get(path, headers={"Last-Event-ID": "x"}), 422)
    problem(await api.http.get(f"{path}?after=-1"), 422)


async def test_one_reader_serves_all_listeners(api: Served) -> None:
    story = await api.house.start(removal())
    await asked(story)
    path = f"/tasks/{story.task_id}/events"
    limits = httpx2.Limits(max_connections=100)
    async with httpx2.AsyncClient(
        base_url=api.url, headers=BEARER, timeout=30, limits=limits
    ) as http:
        many = Served(api.house, api.parts, http)
        listening = [
            asyncio.create_task(heard(many, f"{path}?after={number % 3}")) for number in range(50)
        ]
        async with asyncio.timeout(10):
            while api.parts.hub.listeners(story.task_id) != 50:
                await asyncio.sleep(0.02)
        assert api.parts.hub.reading == 1
        await story.tasks.confirm(no(), story.task_id)
        told = await asyncio.gather(*listening)
    whole = await heard(api, path)
    assert whole[-1]["event"] == "task.completed"
    for number, events in enumerate(told):
        assert _what(events) == _what(whole[number % 3 :])
    await quiet(api)


async def test_whoever_leaves_leaves_nothing_behind(api: Served) -> None:
    story = await api.house.start(removal())
    await asked(story)
    path = f"/tasks/{story.task_id}/events"
    assert len(await heard(api, path, most=2)) == 2
    await quiet(api)
    assert api.parts.hub.listeners(story.task_id) == 0
    await story.tasks.cancel(story.task_id)
    assert (await heard(api, path))[-1]["event"] == "task.cancelled"


async def test_a_terminated_task_has_no_last_update_but_an_end(api: Served) -> None:
    story = await api.house.start(removal())
    await asked(story)
    listening = asyncio.create_task(heard(api, f"/tasks/{story.task_id}/events"))
    await story.handle.terminate("by a person in the Web UI")
    async with asyncio.timeout(15):
        events = await listening
    assert events[-1]["event"] == "confirmation.requested"


async def test_a_quiet_line_is_kept_alive(api: Served) -> None:
    story = await api.house.start(removal())
    await asked(story)
    path = f"/tasks/{story.task_id}/events?after=1000"
    async with asyncio.timeout(30), api.http.stream("GET", path) as answer:
        assert await anext(answer.aiter_lines()) == ": ping"
    await story.tasks.cancel(story.task_id)
    await story.end()


def _what(events: list[Event]) -> list[tuple[str, str, str]]:
    """What was told, without its time: a replay's may be a few milliseconds off."""
    return [(one["id"], one["event"], one["data"]["chat"]) for one in events]
