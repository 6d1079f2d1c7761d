"""What voices hear, over real HTTP: at once, in one order, nothing lost, nothing twice."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from models.announcements import (
    Announced,
    Announcement,
    FeedMemory,
    Place,
    Standing,
    Urgency,
)
from models.contract import ANNOUNCEMENTS_TYPE, FeedSignal, announcements_id
from models.updates import UpdateKind
from starter.voice_feed import AT_THE_END, VoiceFeed
from tests.api.conftest import Served, a_served_house
from tests.api.listening import Ear, an_ear
from tests.asking import CODE, asked, no, removal, the_code
from tests.house import Story


@pytest.fixture
async def voice(
    server: WorkflowEnvironment,
    claude: tuple[ScriptedClaude, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Served]:
    home = tmp_path_factory.mktemp("voice")
    async with a_served_house(server, claude, home, voice_events=True) as served:
        yield served


async def played(voice: Served) -> Story:
    """A task that asks, is denied, and ends."""
    story = await voice.house.start(removal())
    await asked(story)
    await story.tasks.confirm(no(), story.task_id)
    await story.end()
    return story


async def announced(voice: Served, *items: Announcement) -> None:
    feed = voice.house.client.get_workflow_handle(announcements_id(voice.house.settings.task_queue))
    await feed.signal(FeedSignal.ANNOUNCE, Announced(items=list(items)))


def long_ago(kind: UpdateKind, task_seq: int, *, turn: int, cost_usd: float) -> Announcement:
    """Of a task that nobody can be asked about any more."""
    return Announcement(
        at=datetime.now(UTC) - timedelta(hours=1),
        task_id="task-z9z9",
        task_seq=task_seq,
        kind=kind,
        urgency=Urgency.WHEN_IDLE,
        speak="It happened.",
        goal="Build a calculator",
        turn=turn,
        cost_usd=cost_usd,
    )


async def test_a_question_interrupts_whoever_listens(voice: Served) -> None:
    async with an_ear(voice) as ear:
        call = {"call_id": "function-call-7", "args": {"goal": voice.house.add(removal())}}
        started = await voice.http.post("/voice/functions/start_autonomous_coding", json=call)
        task_id = started.json()["data"]["task_id"]
        event = await ear.kind("confirmation.requested", task_id)
        data = event["data"]
        assert data["urgency"] == "interrupt"
        assert data["function_call_id"] == "function-call-7"
        assert data["data"]["word"] in data["speak"]
        assert "rm" not in data["speak"]
        told = await voice.http.post(
            "/voice/functions/submit_background_confirmation", json={"args": {"code": CODE}}
        )
        assert told.json()["status"] == "ok"
        end = await ear.kind("task.completed", task_id)
        assert end["data"]["urgency"] == "when_idle"
        assert end["data"]["function_call_id"] == "function-call-7"
        kinds = [one["data"]["kind"] for one in ear.events]
        assert kinds[0] == "task.started"
        assert ear.events[0]["data"]["urgency"] == "silent"
        assert kinds.count("confirmation.requested") == 1
        assert ear.ids == list(range(1, len(kinds) + 1))


async def test_many_who_listen_hear_the_same(voice: Served) -> None:
    async with AsyncExitStack() as stack:
        ears: list[Ear] = [await stack.enter_async_context(an_ear(voice)) for _ in range(20)]
        one, two = await asyncio.gather(played(voice), played(voice))
        for ear in ears:
            await ear.kind("task.completed", one.task_id)
            await ear.kind("task.completed", two.task_id)
        assert all(ear.events == ears[0].events for ear in ears)
        assert ears[0].ids == list(range(1, len(ears[0].ids) + 1))


async def test_who_comes_just_as_the_last_one_leaves_is_not_sent_away(voice: Served) -> None:
    feed = VoiceFeed(voice.house.client, voice.house.settings.task_queue)
    leaving, coming = feed.follow(0, 0.05), feed.follow(0, 0.05)
    await anext(leaving)
    await leaving.aclose()
    assert [await anext(coming) for _ in range(5)] == [[]] * 5
    await coming.aclose()


async def test_a_line_that_breaks_goes_on_at_the_cursor(voice: Served) -> None:
    story = await played(voice)
    async with an_ear(voice, "?after=0") as ear:
        await ear.kind("task.completed", story.task_id)
    whole = ear.events
    assert all(event["data"]["urgency"] for event in whole)
    headers = {"Last-Event-ID": "2"}
    async with an_ear(voice, "?after=0", headers) as again:
        await again.kind("task.completed", story.task_id)
        assert again.events == whole[2:]
        later = await played(voice)
        await again.kind("task.completed", later.task_id)
        assert again.ids == list(range(3, 3 + len(again.ids)))


async def test_a_cursor_of_a_feed_that_began_anew_begins_at_its_beginning(voice: Served) -> None:
    story = await played(voice)
    async with an_ear(voice, "?after=5000") as ear:
        await ear.kind("task.completed", story.task_id)
        assert ear.ids[0] == 1


async def test_a_listener_is_remembered_by_name(voice: Served) -> None:
    async with an_ear(voice, "?listener=anna") as ear:
        first = await played(voice)
        await ear.kind("task.completed", first.task_id)
        heard = ear.ids[-1]
        await remembered(voice, "anna", heard)
    second = await played(voice)
    async with an_ear(voice, "?listener=anna") as ear:
        await ear.kind("task.completed", second.task_id)
        assert ear.ids[0] == heard + 1


async def test_who_listened_before_there_was_anything_has_missed_what_came_after(
    voice: Served,
) -> None:
    async with an_ear(voice, "?listener=anna"):
        await remembered(voice, "anna", 0)
    story = await played(voice)
    async with an_ear(voice, "?listener=anna") as ear:
        await ear.kind("task.completed", story.task_id)
        assert ear.ids[0] == 1


async def remembered(voice: Served, listener: str, seq: int) -> None:
    """Wait until the feed knows how far a listener is."""
    feed = VoiceFeed(voice.house.client, voice.house.settings.task_queue)
    async with asyncio.timeout(20):
        while True:
            page = await feed.read(AT_THE_END, listener)
            if page and page.place and page.place.seq == seq:
                return
            await asyncio.sleep(0.05)


async def test_who_hung_up_is_caught_up(voice: Served) -> None:
    async with an_ear(voice, "?listener=anna") as ear:
        story = await voice.house.start(removal())
        asking = await ear.kind("confirmation.requested", story.task_id)
        await remembered(voice, "anna", int(asking["id"]))
    await announced(
        voice,
        long_ago(UpdateKind.TASK_STARTED, 1, turn=0, cost_usd=0),
        long_ago(UpdateKind.TASK_COMPLETED, 9, turn=3, cost_usd=0.3),
    )
    async with an_ear(voice, "?listener=anna") as ear:
        caught_up = await ear.until(lambda event: event["event"] == "catch_up")
        data = caught_up["data"]
        assert data["speak"] == (
            "Since you hung up: three steps, Build a calculator has ended, "
            "one confirmation waits, thirty cents."
        )
        assert (data["steps"], data["urgency"]) == (3, "interrupt")
        assert [one["task_id"] for one in data["waiting"]] == [story.task_id]
        silent = await ear.kind("task.completed", "task-z9z9")
        assert silent["data"]["urgency"] == "silent"
    told = await voice.http.post(
        "/voice/functions/check_coding_progress", json={"listener": f"bob-{uuid.uuid4()}"}
    )
    assert "Since you hung up" not in told.json()["speech"]
    await story.tasks.confirm(no(), story.task_id)
    await story.end()


async def test_steps_are_counted_from_hanging_up_on(voice: Served) -> None:
    async with an_ear(voice, "?listener=anna") as ear:
        story = await voice.house.start(removal())
        asking = await ear.kind("confirmation.requested", story.task_id)
        await remembered(voice, "anna", int(asking["id"]))
    then = (await story.progress()).turn
    await hung_up(voice, "anna", story.task_id)
    await announced(voice, long_ago(UpdateKind.TASK_STARTED, 1, turn=0, cost_usd=0))
    await story.tasks.confirm(the_code(), story.task_id)
    now = (await story.end()).turn
    async with an_ear(voice, "?listener=anna") as ear:
        caught_up = await ear.until(lambda event: event["event"] == "catch_up")
        await ear.kind("task.completed", story.task_id)
    assert now > then
    assert caught_up["data"]["steps"] == now - then


async def test_silent_steps_are_told_too_after_a_while(voice: Served) -> None:
    story = await voice.house.start(removal())
    await asked(story)
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    place = Place(seq=99, at=hour_ago, standings={story.task_id: Standing()})
    await voice.house.client.start_workflow(
        ANNOUNCEMENTS_TYPE,
        FeedMemory(last_seq=99, places={"anna": place}),
        id=announcements_id(voice.house.settings.task_queue),
        task_queue=voice.house.settings.task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
    )
    async with an_ear(voice, "?listener=anna") as ear:
        caught_up = await ear.until(lambda event: event["event"] == "catch_up")
        assert caught_up["data"]["steps"] == (await story.progress()).turn
        assert "one confirmation waits" in caught_up["data"]["speak"]
        async with asyncio.timeout(20):  # who listens is not away
            while (await place_of(voice, "anna")).standings:
                await asyncio.sleep(0.05)
    await hung_up(voice, "anna", story.task_id)
    async with an_ear(voice, "?listener=anna") as ear:
        await story.tasks.confirm(no(), story.task_id)
        await ear.kind("task.completed", story.task_id)
        assert [event["event"] for event in ear.events] == ["announcement"] * len(ear.events)


async def place_of(voice: Served, listener: str) -> Place:
    feed = VoiceFeed(voice.house.client, voice.house.settings.task_queue)
    return (await feed.place_of(listener)).place or Place()


async def hung_up(voice: Served, listener: str, task_id: str) -> None:
    """Wait until it is known how far a task was when a listener hung up."""
    async with asyncio.timeout(20):
        while task_id not in (await place_of(voice, listener)).standings:
            await asyncio.sleep(0.05)


async def test_whoever_asks_how_it_goes_is_caught_up_as_well(voice: Served) -> None:
    async with an_ear(voice, "?listener=anna") as ear:
        story = await played(voice)
        await ear.kind("task.completed", story.task_id)
        await remembered(voice, "anna", ear.ids[-1])
    await announced(voice, long_ago(UpdateKind.TASK_COMPLETED, 9, turn=3, cost_usd=0.3))
    ask = {"listener": "anna"}
    told = (await voice.http.post("/voice/functions/check_coding_progress", json=ask)).json()
    assert told["speech"].startswith("Since you hung up: Build a calculator has ended.")
    assert told["data"]["since_you_hung_up"]["steps"] == 0  # since its first that was heard of
    told = (await voice.http.post("/voice/functions/check_coding_progress", json=ask)).json()
    assert "Since you hung up" not in told["speech"]


async def test_who_listens_for_the_first_time_hears_what_waits(voice: Served) -> None:
    story = await voice.house.start(removal())
    await asked(story)
    async with an_ear(voice, "?listener=new") as ear:
        first = await ear.until(lambda event: event["event"] == "catch_up")
        assert first["data"]["speak"] == "At the moment: one confirmation waits."
        assert first["data"]["urgency"] == "interrupt"
    await story.tasks.confirm(no(), story.task_id)
    await story.end()


async def test_names_of_listeners_and_cursors_are_checked(voice: Served) -> None:
    for query in ("?listener=a b", "?listener=", "?after=-1", "?after=x"):
        assert (await voice.http.get(f"/voice/events{query}")).status_code == 422


async def test_nothing_is_announced_where_that_is_off(
    server: WorkflowEnvironment,
    claude: tuple[ScriptedClaude, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with a_served_house(server, claude, tmp_path_factory.mktemp("quiet")) as quiet:
        assert (await quiet.http.get("/voice/events")).status_code == 404
        story = await quiet.house.start(removal())
        await asked(story)
        await quiet.house.tasks.confirm(no(), story.task_id)
        await story.end()
        history = await story.handle.fetch_history()
        assert "announce" not in history.to_json()
