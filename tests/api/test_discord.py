"""Discord's buttons over real HTTP, signed as Discord signs."""

import asyncio
import itertools
import json
import time
from typing import Any

import httpx2
import pytest

from models.buttons import Button, Press, parse_button
from models.contract import WORKFLOW_TYPE
from models.task import TaskInput
from starter.naming import new_task_id
from tests.api.conftest import Served
from tests.api.discord_stub import ALLOWED, PATH, STRANGER, Discord
from tests.api.problem_documents import problem
from tests.asking import CODE, asked, commands_run, removal
from tests.house import Story

FORM, WORDS, LATER = 9, 4, 5
_ids = itertools.count(1_000_000)


def interaction(kind: int, user: str = ALLOWED, **data: Any) -> dict[str, Any]:
    """What Discord sends, with what is not read here left out."""
    number = next(_ids)
    who = {"id": user, "username": "ada", "discriminator": "0"}
    return {
        "id": str(number),
        "application_id": "4242",
        "type": kind,
        "token": f"token-{number}",
        "version": 1,
        "member": {"user": who, "roles": []},
        "data": data,
    }


def pressed(button: Button, user: str = ALLOWED) -> dict[str, Any]:
    return interaction(3, user, custom_id=str(button), component_type=2)


def filled_in(custom_id: str, code: str, user: str = ALLOWED) -> dict[str, Any]:
    field = {"type": 4, "custom_id": "code", "value": code, "id": 2}
    label = {"type": 18, "id": 1, "component": field}
    return interaction(5, user, custom_id=custom_id, components=[label])


async def buttons_of(story: Story) -> tuple[Button, Button]:
    request_id = (await asked(story)).request_id
    yes, no = (Button(press, story.task_id, request_id) for press in Press)
    return yes, no


async def test_a_button_a_form_a_code(api: Served, discord: Discord) -> None:
    story = await api.house.start(removal())
    yes, _ = await buttons_of(story)
    form = await discord.send(api.url, pressed(yes))
    assert form["type"] == FORM
    assert len(form["data"]["title"]) <= 45
    assert parse_button(form["data"]["custom_id"]) == yes
    custom_id = form["data"]["custom_id"]
    wrong = await discord.send(api.url, filled_in(custom_id, "wrong"))
    assert wrong["type"] == WORDS
    assert wrong["data"]["flags"] == 64  # seen by the one who pressed alone
    assert wrong["data"]["content"].endswith("Wrong code, 2 tries left.")
    right = filled_in(custom_id, CODE)
    approved = await discord.send(api.url, right)
    assert approved["data"]["content"].endswith("Approved; the task goes on.")
    await story.end()
    assert await discord.send(api.url, right) == approved  # a replay changes nothing
    resolved = [one for one in await story.updates() if one.kind == "confirmation.resolved"]
    assert (resolved[0].data["channel"], resolved[0].data["actor"]) == (
        "discord",
        f"ada ({ALLOWED})",
    )


async def test_a_no_needs_one_press(api: Served, discord: Discord) -> None:
    story = await api.house.start(removal())
    _, no = await buttons_of(story)
    answer = await discord.send(api.url, pressed(no))
    assert answer["data"]["content"].endswith("Denied; the command will not run.")
    await story.end()
    assert len(commands_run(await story.updates())) == 1
    late = await discord.send(api.url, pressed(no))
    assert late["data"]["content"].endswith("has already ended.")


async def test_only_users_on_the_list_decide(api: Served, discord: Discord) -> None:
    story = await api.house.start(removal())
    yes, no = await buttons_of(story)
    for sent in (
        pressed(yes, STRANGER),
        pressed(no, STRANGER),
        filled_in(str(yes), CODE, STRANGER),
        {**pressed(no), "member": None},
    ):
        answer = await discord.send(api.url, sent)
        assert "DISCORD_ALLOWED_USERS" in answer["data"]["content"]
    await asked(story)  # still
    await story.tasks.cancel(story.task_id)
    await story.end()


async def test_a_ping_and_what_is_not_ours(api: Served, discord: Discord) -> None:
    assert await discord.send(api.url, interaction(1)) == {"type": 1}
    answer = await discord.send(api.url, interaction(3, custom_id="somebody's:button"))
    assert "not known" in answer["data"]["content"]


async def test_a_late_answer_is_announced_and_said_afterwards(
    api: Served, discord: Discord
) -> None:
    task_id = new_task_id()
    limits = api.house.settings.limits
    handle = await api.house.client.start_workflow(
        WORKFLOW_TYPE, TaskInput(goal="x", limits=limits), id=task_id, task_queue="no-worker-here"
    )
    sent = filled_in(str(Button(Press.CONFIRM, task_id, "abc")), CODE)
    assert (await discord.send(api.url, sent))["type"] == LATER
    async with asyncio.timeout(15):
        while sent["token"] not in discord.later:
            await asyncio.sleep(0.05)
    assert "No worker" in discord.later[sent["token"]]["content"]
    await handle.terminate()


@pytest.mark.parametrize(
    "changed",
    [
        {"X-Signature-Ed25519": "00" * 64},
        {"X-Signature-Ed25519": "not hexadecimal"},
        {"X-Signature-Ed25519": ""},
        {"X-Signature-Timestamp": "1"},
        {"X-Signature-Timestamp": "soon"},
    ],
)
async def test_what_discord_did_not_sign_is_refused(
    api: Served, discord: Discord, changed: dict[str, str]
) -> None:
    body = json.dumps(interaction(1)).encode()
    async with httpx2.AsyncClient(base_url=api.url) as http:
        problem(await http.post(PATH, content=body, headers=discord.signed(body) | changed), 401)
        problem(await http.post(PATH, content=b"{", headers=discord.signed(body)), 401)


async def test_old_and_mangled_interactions_are_refused(api: Served, discord: Discord) -> None:
    body = json.dumps(interaction(1)).encode()
    async with httpx2.AsyncClient(base_url=api.url) as http:
        old = discord.signed(body, at=time.time() - 301)
        problem(await http.post(PATH, content=body, headers=old), 401)
        for mangled in (b"", b"{", b"[]", b'{"id": "../..", "application_id": "x", "type": 1}'):
            answer = await http.post(PATH, content=mangled, headers=discord.signed(mangled))
            problem(answer, 400)


def test_buttons_fit_and_come_back() -> None:
    button = Button(Press.DENY, f"task-{'a' * 32}", "5d41402abc4b")
    assert str(button).startswith("deny:task-")
    assert len(str(button)) <= 100
    assert parse_button(str(button)) == button
    for other in ("", "deny:task-a7f3", "deny:task-a7f3:", "maybe:task-a7f3:1", f"{button}\n"):
        assert parse_button(other) is None
