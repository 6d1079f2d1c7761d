"""Secrets that a task comes across are nowhere: not in what is shown, kept, sent or logged."""

import json
import logging
import subprocess
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from connection import plugin
from demo.app import create_app
from demo.claude import ScriptedClaude
from demo.scenarios import steps
from demo.scenarios.steps import finish
from demo.script import Turn, call
from demo.server import serve
from encryption import encryption
from models.task import State
from policy.key_blocks import BLANKED
from settings import Settings
from tests.asking import CODE, asked, run, the_code
from tests.house import House, Story, a_house

API_KEY = "sk-ant-api03-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ"
TOKEN = "token-of-the-api-0123456789"
FOREIGN_KEY = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
PASSWORD = "hunter2horse"
SECRETS = (API_KEY, API_KEY[15:35], CODE, TOKEN, FOREIGN_KEY, PASSWORD)

# The commands say no secret themselves: they put each together from two halves.
PRINTS = f"""env; false
printf '%s%s\\n' {API_KEY[:20]} {API_KEY[20:]}
printf 'the code is %s%s\\n' {CODE[:4]} {CODE[4:]} >&2
printf '%s%s\\n' {TOKEN[:9]} {TOKEN[9:]}
printf '%s%s\\n' {FOREIGN_KEY[:5]} {FOREIGN_KEY[5:]}
printf 'DB_PASSWORD=%s%s\\n' {PASSWORD[:7]} {PASSWORD[7:]}
printf {API_KEY[:30]}; sleep 1.6; printf '%s\\n' {API_KEY[30:]}
for number in $(seq 3000); do printf '%s%s %s\\n' {API_KEY[:20]} {API_KEY[20:]} $number; done
printf 'x%.0s' $(seq 395); printf '%s%s\\n' {API_KEY[:20]} {API_KEY[20:]}
exit 3"""


@pytest.fixture(scope="module")
def claude() -> Iterator[tuple[ScriptedClaude, str]]:
    """One that takes only this key."""
    scripted = ScriptedClaude({}, pace=0.0, keep_bodies=True, api_key=API_KEY)
    with serve(create_app(scripted)) as control:
        yield scripted, control.base_url


@pytest.fixture
async def house(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> AsyncIterator[House]:
    target = server.client.service_client.config.target_host
    codec = encryption(Settings(_env_file=None, tars_home=tmp_path))
    client = await Client.connect(target, plugins=[plugin(codec)])
    secrets = {"confirmation_code": CODE, "api_token": TOKEN, "anthropic_api_key": API_KEY}
    async with a_house(client, claude, tmp_path, **secrets) as house:
        yield house


def found_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def strings(document: object) -> Iterator[str]:
    """All strings of a JSON document, and what they say once their base64 is taken off."""
    if isinstance(document, dict):
        for value in document.values():
            yield from strings(value)
    elif isinstance(document, list):
        for value in document:
            yield from strings(value)
    elif isinstance(document, str):
        yield document
        yield _without_base64(document)


def _without_base64(text: str) -> str:
    try:
        return b64decode(text, validate=True).decode(errors="replace")
    except ValueError:
        return ""


def payloads(document: object) -> Iterator[Payload]:
    if isinstance(document, dict):
        if "metadata" in document and "data" in document:
            yield ParseDict(document, Payload())
        for value in document.values():
            yield from payloads(value)
    elif isinstance(document, list):
        for value in document:
            yield from payloads(value)


async def events_of(story: Story) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = json.loads((await story.handle.fetch_history()).to_json())[
        "events"
    ]
    return events


async def in_clear(story: Story, events: list[dict[str, Any]]) -> str:
    """What a holder of the key reads in events."""
    codec = story.house.client.data_converter.payload_codec
    assert codec
    decoded = await codec.decode(list(payloads(events)))
    said = [payload.data.decode(errors="replace") for payload in decoded]
    inner = [text for one in said if one.startswith("{") for text in strings(json.loads(one))]
    return "\n".join([*said, *inner])


def everything_stored(home: Path) -> Iterator[tuple[str, str]]:
    """Every file of the task, and every object of its private repository."""
    for file in home.rglob("*"):
        if file.is_file() and not file.is_symlink():
            yield str(file), file.read_bytes().decode(errors="replace")
    store = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch"],
        cwd=home / "store.git",
        capture_output=True,
        check=True,
    )
    yield "store.git", store.stdout.decode(errors="replace")


async def test_secrets_that_a_command_prints_are_nowhere(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    story = await house.start(
        [
            Turn(blocks=[run(PRINTS), run("touch scratch")]),
            Turn(blocks=[run("rm scratch")]),
            Turn(blocks=[finish(f"The key is {API_KEY} and the code {CODE}.", checks=["env"])]),
        ]
    )
    await asked(story)
    await house.tasks.confirm(the_code())
    progress = await story.end()
    assert progress.state is State.COMPLETED
    assert progress.result
    assert progress.result.summary == f"The key is {BLANKED} and the code {BLANKED}."

    events = await events_of(story)
    assert not found_in("\n".join(strings(events)))
    # the answer to the question is the one place where the code stands, sealed
    others = [event for event in events if "UPDATE_ACCEPTED" not in event["eventType"]]
    told = await in_clear(story, others)
    assert "the code is" in told
    assert not found_in(told)

    updates = "\n".join(update.model_dump_json() for update in await story.updates())
    assert updates.count(BLANKED) > 10
    assert not found_in(updates)
    sent = json.dumps([seen.body for seen in story.calls()])
    assert "the code is" in sent
    assert not found_in(sent)
    assert not found_in((await house.tasks.log(story.task_id)).model_dump_json())
    assert not found_in((await house.tasks.diff(story.task_id)).model_dump_json())
    assert not found_in(progress.model_dump_json())
    assert not found_in(caplog.text)
    for name, content in everything_stored(story.home):
        # what Claude itself said is kept word for word, or its provider would not take it back
        kept = content.replace(f"The key is {API_KEY} and the code {CODE}.", "")
        assert not found_in(kept), name


async def test_a_secret_in_a_file_is_neither_shown_nor_overwritten(
    house: House, tmp_path: Path
) -> None:
    """Claude sees the blank, may edit around it, and cannot put the blank in the secret's place."""
    config = f"[db]\nuser = me\nDB_PASSWORD={PASSWORD}\n"
    blanked = config.replace(PASSWORD, BLANKED)
    prepare = f"printf '[db]\nuser = me\nDB_PASSWORD=%s%s\n' {PASSWORD[:7]} {PASSWORD[7:]} > c.ini"
    edit = {"path": "c.ini", "old_text": "user = me", "new_text": "user = you"}
    blind = {"path": "c.ini", "old_text": f"DB_PASSWORD={BLANKED}", "new_text": "DB_PASSWORD="}
    story = await house.start(
        [
            Turn(blocks=[run(prepare)]),
            Turn(blocks=[call("read_file", path="c.ini", start_line=None, end_line=None)]),
            Turn(blocks=[call("write_file", path="c.ini", content=blanked)], expect=BLANKED),
            Turn(blocks=[call("edit_file", **blind)], expect="Not written"),
            Turn(blocks=[call("edit_file", **edit)], expect="Not written"),
            Turn(blocks=[call("write_file", path="new.py", content=f"MARK = '{BLANKED}'\n")]),
            Turn(blocks=[steps.run("cat c.ini", phase="testing")]),
            Turn(blocks=[finish("Done.", checks=["cat c.ini"])], expect=BLANKED),
        ]
    )
    progress = await story.end()
    assert progress.state is State.COMPLETED, progress.message
    assert (story.workspace / "c.ini").read_text() == config.replace("user = me", "user = you")
    assert BLANKED in (story.workspace / "new.py").read_text()


async def test_of_a_users_words_only_the_secrets_of_the_settings_are_blanked(house: House) -> None:
    """A user may give Claude a key to work with; the code typed in the wrong place stays here."""
    house.claude.hold("words")
    story = await house.start(
        [Turn(gate="words", blocks=[run("true")]), Turn(blocks=[finish("-")])]
    )
    await story.until(lambda _: bool(story.calls()))
    await house.tasks.tell(story.task_id, f"Use {FOREIGN_KEY}, and the code is {CODE}.")
    house.claude.release("words")
    await story.end()
    sent = json.dumps(story.calls()[-1].body)
    assert FOREIGN_KEY in sent
    assert CODE not in sent
