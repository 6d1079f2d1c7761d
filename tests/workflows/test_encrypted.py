"""What Temporal keeps of a task is sealed, and who has the key still sees all of it."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from api.__main__ import listening
from api.__main__ import server as serving
from api.app import create_app
from api.parts import make_parts
from connection import plugin
from demo.claude import ScriptedClaude
from demo.scenarios.steps import finish, run
from demo.script import Conversation, Turn
from encryption import KEY_FILE, UnknownKey, encryption
from models import contract
from models.task import State
from settings import Settings
from starter.api_process import codec_endpoint
from starter.temporal_server import find_binary
from tests.house import House, Story, a_house
from tests.ports import free_port


def settings_at(home: Path) -> Settings:
    return Settings(_env_file=None, tars_home=home, api_port=free_port())


async def client_with_key(server: WorkflowEnvironment, home: Path) -> Client:
    target = server.client.service_client.config.target_host
    return await Client.connect(target, plugins=[plugin(encryption(settings_at(home)))])


@pytest.fixture
async def sealed_house(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> AsyncIterator[House]:
    client = await client_with_key(server, tmp_path)
    async with a_house(client, claude, tmp_path) as house:
        yield house


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Settings]:
    """The codec endpoint with the key of the house."""
    settings = settings_at(tmp_path)
    with listening(settings) as sock:
        running = serving(create_app(make_parts(settings)))
        thread = threading.Thread(target=running.run, args=([sock],))
        thread.start()
        yield settings
        running.should_exit = True
        thread.join()


def payloads(event: object) -> Iterator[dict[str, Any]]:
    """All payloads in a piece of a history's JSON."""
    if isinstance(event, dict):
        if "data" in event and "metadata" in event:
            yield event
        for inner in event.values():
            yield from payloads(inner)
    if isinstance(event, list):
        for inner in event:
            yield from payloads(inner)


async def history(story: Story, client: Client) -> WorkflowHistory:
    return await client.get_workflow_handle(story.task_id).fetch_history()


async def test_nothing_of_a_task_is_in_clear(
    sealed_house: House, server: WorkflowEnvironment
) -> None:
    story = await sealed_house.start("scenario=calculator")
    progress = await story.end()
    assert progress.state is State.COMPLETED
    assert progress.goal == story.goal
    events = json.loads((await history(story, server.client)).to_json())["events"]
    for event in events:
        for attributes in event.values():
            if isinstance(attributes, dict):
                attributes.pop("searchAttributes", None)
        # what the SDK's core notes about a local activity: its type, number and times
        event.get("markerRecordedEventAttributes", {}).get("details", {}).pop("data", None)
    seen = [payload["metadata"]["encoding"] for payload in payloads(events)]
    assert len(seen) > 50
    assert set(seen) == {"YmluYXJ5L2VuY3J5cHRlZA=="}  # binary/encrypted
    for words in ("calculator", "unittest", story.goal, str(story.workspace)):
        assert words not in json.dumps(events)


async def test_the_words_of_a_failure_are_sealed_and_can_be_read(
    sealed_house: House, server: WorkflowEnvironment
) -> None:
    why = "No compiler here."
    story = await sealed_house.start([Turn(blocks=[finish(why, status="not_possible")])])
    assert (await story.end()).state is State.FAILED
    assert why not in (await history(story, server.client)).to_json()
    with pytest.raises(Exception, match="Workflow execution failed") as failed:
        await story.handle.result()
    assert why in str(failed.value.__cause__)


async def listening_task(house: House, gate: str) -> Story:
    """A task that hears what it is told until `gate` is released."""

    def answer(talk: Conversation) -> Turn:
        return Turn(blocks=[finish(f"Heard: {talk.words}", checks=["true"])])

    house.claude.hold(gate)
    story = await house.start([Turn(gate=gate, blocks=[run("true")]), answer])
    await story.until(lambda _: bool(story.calls()))
    return story


async def test_a_client_without_keys_may_signal_in_clear(
    sealed_house: House, server: WorkflowEnvironment
) -> None:
    """A voice agent with any Temporal client."""
    story = await listening_task(sealed_house, "sealed")
    foreign = server.client.get_workflow_handle(story.task_id)
    await foreign.signal(contract.Signal.ADD_INSTRUCTION, {"text": "Use tabs, please."})
    sealed_house.claude.release("sealed")
    progress = await story.end()
    assert progress.result
    assert "Use tabs" in progress.result.summary


async def test_who_has_another_key_is_told_so(
    sealed_house: House, server: WorkflowEnvironment, tmp_path: Path
) -> None:
    story = await sealed_house.start("scenario=hello")
    await story.end()
    stranger = await client_with_key(server, tmp_path / "stranger")
    with pytest.raises(UnknownKey, match="is not here"):
        await stranger.get_workflow_handle(story.task_id).query(contract.Query.PROGRESS)


async def test_a_task_waits_until_its_worker_has_the_key(
    sealed_house: House,
    server: WorkflowEnvironment,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    home = tmp_path / "elsewhere"
    client = await client_with_key(server, home)
    elsewhere = House(client, sealed_house.settings, sealed_house.claude)
    story = await elsewhere.start("scenario=hello")
    async with asyncio.timeout(20):
        while "WORKFLOW_TASK_FAILED" not in (await history(story, server.client)).to_json():
            await asyncio.sleep(0.05)
    assert f"which is not here: add it to {KEY_FILE} in TARS_HOME" in caplog.text

    keys, theirs = tmp_path / KEY_FILE, home / KEY_FILE
    keys.write_text(keys.read_text() + theirs.read_text())
    theirs.write_text(theirs.read_text() + keys.read_text().splitlines()[0])
    assert (await story.handle.result()).state is State.COMPLETED


async def temporal(server: WorkflowEnvironment, *words: str) -> str:
    """What the `temporal` command line says."""
    process = await asyncio.create_subprocess_exec(
        *(str(find_binary()), *words),
        *("--address", server.client.service_client.config.target_host),
        *("--disable-config-file", "--color", "never"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def test_the_temporal_command_line_sees_with_the_codec_endpoint(
    sealed_house: House, server: WorkflowEnvironment, api: Settings
) -> None:
    story = await listening_task(sealed_house, "by-hand")
    task, codec = ("-w", story.task_id), ("--codec-endpoint", codec_endpoint(api))

    signal = ("workflow", "signal", *task, "--name", "add_instruction", "--input")
    await temporal(server, *signal, '{"text": "Be brief, please."}', *codec)
    await temporal(server, *signal, '{"text": "And kind."}')
    sealed_house.claude.release("by-hand")
    await story.end()

    show = ("workflow", "show", *task, "--detailed")
    seen = await temporal(server, *show, *codec)
    assert f"input[0].goal: {story.goal}" in seen
    assert "Be brief, please." in seen
    sealed = await temporal(server, *show)
    assert "Be brief" not in sealed
    assert "And kind." in sealed  # it was sent in clear
    query = ("workflow", "query", *task, "--type", contract.Query.PROGRESS.value)
    assert '"state":"completed"' in await temporal(server, *query, *codec)
    assert "completed" not in await temporal(server, *query)
