"""Codes that a bridge brings from a chat: who may, what is answered, and that each counts once."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from standardwebhooks import Webhook

from demo.script import Turn
from models.replies import ConfirmOutcome
from tests.api.conftest import SECRET, TOKEN, Served
from tests.api.discord_stub import ALLOWED, STRANGER
from tests.api.problem_documents import problem
from tests.asking import CODE, COMMAND, asked, commands_run, removal, run
from tests.house import Story

PATH = "/webhook/background-confirmation"


def signed(
    body: str, *, message_id: str = "", age: timedelta = timedelta(), secret: str = SECRET
) -> dict[str, str]:
    """Headers as a bridge makes them."""
    message_id = message_id or f"discord-{uuid4()}"
    at = datetime.now(UTC) - age
    key = Webhook(f"whsec_{b64encode(secret.encode()).decode()}")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": key.sign(message_id, at, body),
        "Content-Type": "application/json",
    }


async def brought(api: Served, given: Any, **how: Any) -> httpx2.Response:
    """Bring an answer, signed and without the token."""
    body = json.dumps(given)
    async with httpx2.AsyncClient(base_url=api.url, timeout=30) as bridge:
        return await bridge.post(PATH, content=body, headers=signed(body, **how))


async def waiting(api: Served, *commands: str) -> Story:
    story = await api.house.start(removal(*commands))
    await asked(story)
    return story


async def test_a_signed_code_is_enough(api: Served) -> None:
    story = await waiting(api)
    problem(await brought(api, {"code": CODE, "discord_user_id": STRANGER}), 403)
    answer = await brought(api, {"code": CODE, "discord_user_id": ALLOWED})
    assert answer.status_code == 200
    assert answer.json()["outcome"] == ConfirmOutcome.ACCEPTED
    assert answer.json()["message"].endswith(".")
    await story.end()
    resolved = [one for one in await story.updates() if one.kind == "confirmation.resolved"]
    assert (resolved[0].data["channel"], resolved[0].data["actor"]) == ("webhook", ALLOWED)


async def test_the_envelope_and_the_token_do_as_well(api: Served) -> None:
    story = await waiting(api)
    told = {"approve": False, "reason": "I need it", "task_id": story.task_id[-4:]}
    envelope = {"type": "confirmation.submitted", "timestamp": "2026-09-01T10:00:00Z", "data": told}
    answer = await api.http.post(PATH, json=envelope)
    assert answer.json()["outcome"] == ConfirmOutcome.DENIED
    await story.end()


async def test_a_message_counts_once_whatever_waits_by_then(api: Served) -> None:
    first = await waiting(api)
    once = {"code": CODE, "message_id": f"message {uuid4()}"}
    assert (await brought(api, once)).json()["outcome"] == ConfirmOutcome.ACCEPTED
    await first.end()
    second = await waiting(api)
    again = (await brought(api, once)).json()
    assert again["outcome"] == ConfirmOutcome.ACCEPTED
    assert again["request_id"] != (await asked(second)).request_id
    await asked(second)  # still
    third = await waiting(api)
    assert (await brought(api, once)).json() == again
    named = once | {"task_id": first.task_id}
    assert (await brought(api, named)).json() == again
    wrong = {"code": "wrong", "task_id": second.task_id}
    for _ in range(3):  # one delivery after the other of the same message costs one try
        answer = await brought(api, wrong, message_id="discord-17")
        assert (answer.status_code, answer.json()["tries_left"]) == (403, 2)
    for story in (second, third):
        await story.tasks.cancel(story.task_id)
        await story.end()
        assert len(commands_run(await story.updates())) == 1


async def test_a_message_counts_once_when_the_history_has_begun_anew(api: Served) -> None:
    echoes = [f"echo {number}" for number in range(40)]
    commands = ["echo scratch > scratch.txt", COMMAND, *echoes, "echo > scratch.txt", COMMAND]
    story = await api.house.start([Turn(blocks=[run(command)]) for command in commands])
    first, first_run = await asked(story), (await story.handle.describe()).run_id
    once = {"code": CODE, "message_id": f"message {uuid4()}", "task_id": story.task_id}
    approved = (await brought(api, once)).json()
    second = await asked(story, again=first.request_id)
    assert (await story.handle.describe()).run_id != first_run
    assert (await brought(api, once)).json() == approved
    del once["task_id"]
    assert (await brought(api, once)).json() == approved
    assert (await asked(story)).request_id == second.request_id
    await story.tasks.cancel(story.task_id)
    await story.end()


async def test_what_was_said_or_signed_before_it_was_asked_decides_nothing(api: Served) -> None:
    story = await waiting(api)
    early = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()
    token = {"code": CODE, "said_at": early}
    for answer in (
        await brought(api, {"code": CODE, "said_at": early}),
        await brought(api, {"code": CODE}, age=timedelta(minutes=2)),
        await api.http.post(PATH, json=token),
        await api.http.post(f"/tasks/{story.task_id}/confirmation", json=token),
    ):
        assert answer.status_code == 409
        assert answer.json()["outcome"] == ConfirmOutcome.TOO_EARLY
    now = {"code": CODE, "said_at": datetime.now(UTC).isoformat()}
    assert (await brought(api, now, age=timedelta(minutes=2))).status_code == 200
    await story.end()
    problem(await brought(api, {"code": CODE, "said_at": "2026-11-01T12:00:00"}), 422)


async def test_several_wait_and_none_waits(api: Served) -> None:
    answer = await brought(api, {"code": CODE})
    assert answer.status_code == 409
    assert answer.json()["outcome"] == ConfirmOutcome.NOTHING_WAITING
    stories = [await waiting(api), await waiting(api)]
    document = problem(await brought(api, {"code": CODE}), 409, "urn:tars:several-wait")
    assert {one["task_id"] for one in document["waiting"]} == {one.task_id for one in stories}
    word = document["waiting"][0]["waiting_for"]["word"]
    assert (await brought(api, {"code": CODE, "word": word})).status_code == 200
    assert (await brought(api, {"code": CODE})).status_code == 200
    for story in stories:
        await story.end()
    problem(await brought(api, {"code": CODE, "task_id": "zzzz9"}), 404, "urn:tars:unknown-task")
    ended = {"code": CODE, "task_id": stories[0].task_id}
    problem(await brought(api, ended), 409, "urn:tars:task-closed")


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "no comma"},
        {"webhook-signature": "v1,not base 64!"},
        {"webhook-signature": ""},
        {"webhook-timestamp": "yesterday"},
        {"webhook-timestamp": "1"},
        {"webhook-id": "another"},
        {"Authorization": "Bearer wrong"},
    ],
)
async def test_what_is_not_signed_is_refused(api: Served, changed: dict[str, str]) -> None:
    body = json.dumps({"code": CODE})
    headers = signed(body) | changed
    if "Authorization" in changed:
        headers = changed
    async with httpx2.AsyncClient(base_url=api.url) as stranger:
        problem(await stranger.post(PATH, content=body, headers=headers), 401)


async def test_old_foreign_and_mangled_messages_are_refused(api: Served) -> None:
    problem(await brought(api, {"code": CODE}, age=timedelta(minutes=6)), 401)
    problem(await brought(api, {"code": CODE}, secret="x" * 32), 401)
    async with httpx2.AsyncClient(base_url=api.url) as bridge:
        body = b"\xff\xfe"
        problem(await bridge.post(PATH, content=body, headers=signed("{}")), 401)
        token = {"Authorization": f"Bearer {TOKEN}"}
        problem(await bridge.post(PATH, content=body, headers=token), 422)
        problem(await bridge.post(PATH, content=b'{"code": ', headers=token), 422)
        answer = await bridge.post(PATH, content=json.dumps({"code": [CODE]}), headers=token)
        assert problem(answer, 422)["errors"][0]["field"] == "body.code"
        assert CODE not in answer.text
