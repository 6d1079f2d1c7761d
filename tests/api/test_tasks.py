"""Tasks over real HTTP: started, looked at, steered; and what is refused, in problem documents."""

import asyncio
from typing import Any

import httpx2
import pytest

from demo.scenarios.steps import finish
from demo.script import Turn
from models.replies import ConfirmOutcome
from tests.api.conftest import Served
from tests.api.problem_documents import problem
from tests.asking import CODE, asked, removal, run
from tests.house import Story

HELLO = [
    Turn(blocks=[run("echo hello > hello.py")]),
    Turn(blocks=[finish("Wrote a greeting.", checks=["true"])]),
]


async def started(api: Served, **wanted: Any) -> Story:
    """Start a task by HTTP."""
    goal = wanted.pop("goal", None) or api.house.add(HELLO)
    answer = await api.http.post("/tasks", json={"goal": goal, **wanted})
    assert answer.status_code == 201, answer.text
    task_id = answer.json()["task_id"]
    assert answer.headers["location"] == f"/tasks/{task_id}"
    return Story(api.house, task_id, goal)


async def test_a_task_from_start_to_end(api: Served) -> None:
    story = await started(api, minutes=3, turns=9, dollars=2)
    await story.end()
    progress = (await api.http.get(f"/tasks/{story.task_id}")).json()
    assert progress["state"] == "completed"
    assert progress["max_turns"] == 9
    short = story.task_id.removeprefix("task-")
    assert (await api.http.get(f"/tasks/{short}")).json() == progress
    assert (await api.http.get(f"/tasks/%23{short}")).json() == progress
    diff = await api.http.get(f"/tasks/{short}/diff")
    assert "hello.py" in diff.json()["patch"]
    patch = await api.http.get(f"/tasks/{short}/diff", headers={"Accept": "text/x-diff"})
    assert patch.headers["content-type"].startswith("text/x-diff")
    assert patch.text == diff.json()["patch"]
    log = await api.http.get(f"/tasks/{short}/log")
    assert log.json()["entries"][0]["who"] == "user"
    read = await api.http.get(f"/tasks/{short}/log", headers={"Accept": "text/markdown"})
    assert read.text.startswith("**You:**")


async def test_tasks_are_listed(api: Served) -> None:
    first, second = await started(api), await started(api)
    await first.end()
    await second.end()
    wanted, listed = {first.task_id, second.task_id}, set[str]()
    async with asyncio.timeout(10):  # what Temporal lists lags behind
        while not wanted <= listed:
            answer = await api.http.get("/tasks", params={"state": "completed", "limit": 50})
            listed = {row["task_id"] for row in answer.json()}
            await asyncio.sleep(0.05)
    assert len((await api.http.get("/tasks", params={"limit": 1})).json()) == 1


async def test_the_latest_is_found(api: Served) -> None:
    story = await started(api, goal=api.house.add(removal()))
    await asked(story)
    latest = ""
    async with asyncio.timeout(10):
        while latest != story.task_id:
            answer = await api.http.get("/tasks/latest")
            latest = answer.json()["task_id"] if answer.status_code == 200 else ""
            await asyncio.sleep(0.05)
    await story.tasks.cancel(story.task_id)
    await story.end()


async def test_the_same_key_starts_the_same_task(api: Served) -> None:
    goal, key = api.house.add(HELLO), {"Idempotency-Key": f"key of {api.url}"}
    wanted = {"goal": goal}
    answers = await asyncio.gather(
        *(api.http.post("/tasks", json=wanted, headers=key) for _ in range(5))
    )
    assert [answer.status_code for answer in answers] == [201] * 5
    assert len({answer.json()["task_id"] for answer in answers}) == 1
    story = Story(api.house, answers[0].json()["task_id"], goal)
    await story.end()
    again = await api.http.post("/tasks", json=wanted, headers=key)
    assert again.json()["task_id"] == story.task_id
    other = await api.http.post("/tasks", json={"goal": "another goal"}, headers=key)
    problem(other, 409, "urn:tars:key-reused")
    assert len(story.calls()) == 2


async def test_a_task_is_steered(api: Served) -> None:
    story = await started(api, goal=api.house.add(removal()))
    waiting = await asked(story)
    told = await api.http.post(f"/tasks/{story.task_id}/instruction", json={"text": "Use argparse"})
    assert told.status_code == 202
    assert told.json()["message"].endswith("will read it.")
    for verb in ("pause", "resume"):
        assert (await api.http.post(f"/tasks/{story.task_id}/{verb}")).status_code == 202
    more = await api.http.post(f"/tasks/{story.task_id}/extension", json={"turns": 5})
    assert more.json()["max_turns"] == api.house.settings.max_iterations + 5
    nothing = await api.http.post(f"/tasks/{story.task_id}/extension", json={})
    problem(nothing, 409, "urn:tars:refused")
    answer = await api.http.post(f"/tasks/{story.task_id}/answer", json={"text": "blue"})
    problem(answer, 409, "urn:tars:no-question")
    listed = (await api.http.get("/confirmations")).json()
    assert [one["waiting_for"]["word"] for one in listed] == [waiting.word]
    cancelled = await api.http.post(f"/tasks/{story.task_id}/cancel")
    assert cancelled.status_code == 202
    await story.end()
    problem(await api.http.post(f"/tasks/{story.task_id}/cancel"), 409, "urn:tars:task-closed")
    problem(await api.http.post(f"/tasks/{story.task_id}/pause"), 409, "urn:tars:task-closed")


async def test_the_code_by_http(api: Served) -> None:
    story = await started(api, goal=api.house.add(removal()))
    waiting = await asked(story)
    path = f"/tasks/{story.task_id}/confirmation"
    wrong = await api.http.post(path, json={"code": "wrong"})
    assert wrong.status_code == 403
    assert wrong.json()["outcome"] == ConfirmOutcome.WRONG_CODE
    assert wrong.json()["tries_left"] == 2
    other = await api.http.post(path, json={"code": CODE, "word": "nonsense"})
    assert other.status_code == 404
    right = await api.http.post(path, json={"code": CODE, "word": waiting.word})
    assert right.status_code == 200
    assert right.json()["outcome"] == ConfirmOutcome.ACCEPTED
    await story.end()
    problem(await api.http.post(path, json={"code": CODE}), 409, "urn:tars:task-closed")


async def test_no_needs_no_code(api: Served) -> None:
    story = await started(api, goal=api.house.add(removal()))
    await asked(story)
    path = f"/tasks/{story.task_id}/confirmation"
    denied = await api.http.post(path, json={"approve": False, "reason": "I need it"})
    assert denied.json()["outcome"] == ConfirmOutcome.DENIED
    await story.end()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT"])
@pytest.mark.parametrize("path", ["/tasks", "/tasks/latest", "/confirmations", "/no/such", "/"])
async def test_all_needs_the_token(api: Served, method: str, path: str) -> None:
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
        async with httpx2.AsyncClient(base_url=api.url) as stranger:
            answer = await stranger.request(method, path, headers=header)
        problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_rest_is_problems_too(api: Served) -> None:
    problem(await api.http.get("/tasks/task-nosuch"), 404, "urn:tars:unknown-task")
    problem(await api.http.get("/tasks/so-not"), 404, "urn:tars:unknown-task")
    problem(await api.http.get("/tasks/task-nosuch/events"), 404, "urn:tars:unknown-task")
    problem(await api.http.get("/no/such/path"), 404)
    wrong = await api.http.put("/tasks", json={})
    problem(wrong, 405)
    assert set(wrong.headers["allow"].replace(" ", "").split(",")) <= {"GET", "POST"}
    for wanted, field in [
        ({"goal": " "}, "body.goal"),
        ({"goal": "x" * 20_001}, "body.goal"),
        ({"goal": "x", "turns": 0}, "body.turns"),
        ({"goal": "x", "project": "../etc"}, "body.project"),
        ({"goal": "x", "kind": "odd"}, "body.kind"),
        ({}, "body.goal"),
    ]:
        document = problem(await api.http.post("/tasks", json=wanted), 422)
        assert document["errors"][0]["field"] == field
    problem(
        await api.http.post("/tasks", content="{", headers={"Content-Type": "application/json"}),
        422,
    )
    elsewhere = {"goal": "x", "project": "/no/such/directory"}
    problem(await api.http.post("/tasks", json=elsewhere), 409, "urn:tars:project-unusable")
    problem(await api.http.post("/tasks", json={"goal": "x" * 10_000_000}), 413)


async def test_a_wrong_request_is_not_echoed(api: Served) -> None:
    answer = await api.http.post(
        "/tasks/task-abcd/confirmation", json={"code": {"secret": CODE}, "word": [CODE]}
    )
    problem(answer, 422)
    assert CODE not in answer.text
