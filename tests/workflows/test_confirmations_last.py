"""A question outlives the worker that asked it, and an approval buys one state of things only."""

import logging
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from models.contract import Signal
from models.replies import ConfirmOutcome
from models.task import State
from models.updates import UpdateKind
from tests.asking import CODE, COMMAND, asked, of_kind, removal, the_code
from tests.house import House, Story, a_house

Houses = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def houses(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> Houses:
    """Workers that take over from one another: the same queue, the same directory."""
    queue = f"test-{uuid.uuid4()}"

    @asynccontextmanager
    async def next_house(**more: object) -> AsyncIterator[House]:
        given = {"confirmation_code": CODE, "task_queue": queue} | more
        async with a_house(server.client, claude, tmp_path, **given) as house:
            yield house

    return next_house


def in_house(house: House, story: Story) -> Story:
    return Story(house, story.task_id, story.goal)


async def test_a_question_outlives_its_worker(houses: Houses) -> None:
    async with houses() as first:
        story = await first.start(removal())
        waiting = await asked(story)
    async with houses() as second:
        story = in_house(second, story)
        assert await asked(story) == waiting
        reply = await second.tasks.confirm(the_code(word=waiting.word))
        assert reply.outcome is ConfirmOutcome.ACCEPTED
        assert (await story.end()).state is State.COMPLETED
    assert not (story.workspace / "scratch.txt").exists()


async def test_a_signal_waits_for_the_next_worker(houses: Houses) -> None:
    async with houses() as first:
        story = await first.start(removal())
        await asked(story)
    await story.handle.signal(Signal.SUBMIT_CONFIRMATION, {"code": CODE})
    async with houses() as second:
        assert (await in_house(second, story).end()).state is State.COMPLETED
    assert not (story.workspace / "scratch.txt").exists()


async def test_what_was_approved_in_other_circumstances_is_asked_again(houses: Houses) -> None:
    """The second worker judges by other rules, so the first approval is not for what it sees."""
    command = "rm *"
    async with houses() as first:
        story = await first.start(removal(command))
        waiting = await asked(story)
    async with houses(confirm="workspace-aware") as second:
        story = in_house(second, story)
        await second.tasks.confirm(the_code())
        again = await asked(story, again=waiting.request_id)
        assert again.word != waiting.word
        assert (story.workspace / "scratch.txt").exists()
        await second.tasks.confirm(the_code())
        assert (await story.end()).state is State.COMPLETED
        updates = await story.updates()
    assert not (story.workspace / "scratch.txt").exists()
    assert len(of_kind(updates, UpdateKind.CONFIRMATION_REQUESTED)) == 2
    outcomes = [one.data["outcome"] for one in of_kind(updates, UpdateKind.COMMAND_FINISHED)]
    assert outcomes == ["done", "needs_code", "done"]


async def test_the_code_is_nowhere(
    houses: Houses, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in what is told, not in what Claude reads, not in files, not in logs.

    In the history it is only in what people sent; that is encrypted (tests/test_encryption.py).
    """
    caplog.set_level(logging.DEBUG)
    wrong = "zx81-nearly"
    async with houses() as house:
        story = await house.start(removal())
        await asked(story)
        await house.tasks.confirm(the_code(code=wrong))
        await story.handle.signal(Signal.SUBMIT_CONFIRMATION, {"code": CODE, "approve": "what?"})
        await story.handle.signal(Signal.SUBMIT_CONFIRMATION, {"code": CODE})
        assert (await story.end()).state is State.COMPLETED
        told = "".join(update.model_dump_json() for update in await story.updates())
        progress = (await story.progress()).model_dump_json()
        log = (await house.tasks.log(story.task_id)).model_dump_json()
        requests = str([seen.body for seen in story.calls()])
    assert COMMAND in told
    for text in (told, progress, log, requests, caplog.text, str(house.settings)):
        assert CODE not in text
        assert wrong not in text
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert CODE.encode() not in path.read_bytes(), path
