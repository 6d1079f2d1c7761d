"""Nobody answers: never consent, whatever the settings make of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from demo.script import Turn
from models.replies import ConfirmOutcome
from models.task import ParkedCause, State
from models.updates import UpdateKind
from tests.asking import (
    CODE,
    COMMAND,
    asked,
    commands_run,
    no,
    of_kind,
    removal,
    run,
    the_code,
    told,
)
from tests.house import House, Story, a_house

SHORT_SECONDS = 1.0

Houses = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def short(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> Houses:
    """A house that waits a second for the code."""

    @asynccontextmanager
    async def houses(**more: object) -> AsyncIterator[House]:
        given = {"confirmation_code": CODE, "confirmation_timeout_seconds": SHORT_SECONDS} | more
        async with a_house(server.client, claude, tmp_path, **given) as house:
            yield house

    return houses


async def parked(story: Story) -> None:
    progress = await story.until(lambda progress: progress.state is State.PARKED)
    assert progress.parked_cause is ParkedCause.UNCONFIRMED
    assert progress.waiting_for
    assert progress.waiting_for.kind == "confirmation"
    assert progress.waiting_for.command == COMMAND
    assert (story.workspace / "scratch.txt").exists()


async def test_a_late_code_wakes_the_parked_task(short: Houses) -> None:
    async with short() as house:
        story = await house.start(removal())
        await parked(story)
        wrong = await house.tasks.confirm(the_code(code="nonsense"))
        assert (wrong.outcome, wrong.tries_left) == (ConfirmOutcome.WRONG_CODE, 2)
        assert (await story.progress()).state is State.PARKED
        reply = await house.tasks.confirm(the_code())
        assert reply.outcome is ConfirmOutcome.ACCEPTED
        assert (await story.end()).state is State.COMPLETED
        assert not (story.workspace / "scratch.txt").exists()
        updates = await story.updates()
    kinds = [update.kind for update in updates]
    reminders = of_kind(updates, UpdateKind.CONFIRMATION_REMINDER)
    assert len(reminders) == 3, "at 60 and 90 % of the time, and for the wrong code"
    assert kinds.index(UpdateKind.TASK_PARKED) > kinds.index(UpdateKind.CONFIRMATION_REMINDER)
    assert "./tars confirm CODE" in of_kind(updates, UpdateKind.TASK_PARKED)[0].data["wakes"]


async def test_a_late_no_wakes_it_as_well(short: Houses) -> None:
    async with short() as house:
        story = await house.start(removal())
        await parked(story)
        await house.tasks.confirm(no())
        assert (await story.end()).state is State.COMPLETED
        assert (story.workspace / "scratch.txt").exists()


async def test_resuming_without_a_code_asks_once_more(short: Houses) -> None:
    async with short() as house:
        story = await house.start(removal())
        await parked(story)
        await house.tasks.resume(story.task_id)
        await story.until(lambda progress: progress.state is State.WAITING_CONFIRMATION)
        await house.tasks.confirm(the_code())
        assert (await story.end()).state is State.COMPLETED
        updates = await story.updates()
        assert len(of_kind(updates, UpdateKind.CONFIRMATION_REQUESTED)) == 2


async def test_nobody_wakes_it_and_it_ends(short: Houses) -> None:
    async with short() as house:
        story = await house.start(removal(), parked_hours=1 / 3600)
        progress = await story.end()
        assert progress.state is State.TIMED_OUT
        assert (story.workspace / "scratch.txt").exists()


async def test_denied_by_silence(short: Houses) -> None:
    async with short(confirmation_on_timeout="deny") as house:
        story = await house.start(removal(COMMAND, COMMAND))
        waiting = await asked(story)
        progress = await story.end()
        assert progress.state is State.COMPLETED
        assert progress.result
        assert "nobody consented to it in time" in progress.result.summary
        assert (story.workspace / "scratch.txt").exists()
        updates = await story.updates()
        assert len(of_kind(updates, UpdateKind.CONFIRMATION_REQUESTED)) == 1
        resolved = of_kind(updates, UpdateKind.CONFIRMATION_RESOLVED)[0]
        assert resolved.data["outcome"] == "unconfirmed"
        assert resolved.data["word"] == waiting.word
        assert COMMAND not in commands_run(updates)


async def test_a_late_answer_is_told_that_it_is_late(short: Houses) -> None:
    async with short(confirmation_on_timeout="deny") as house:
        house.claude.hold("after")
        made = Turn(blocks=[run("echo scratch > scratch.txt")])
        last = Turn(gate="after", blocks=[run("true")])
        story = await house.start([made, Turn(blocks=[run(COMMAND)]), last, told])
        waiting = await asked(story)
        await story.until(lambda _: len(story.calls()) == 3)
        for answer in (the_code(), the_code(word=waiting.word), no()):
            reply = await house.tasks.confirm(answer, story.task_id)
            assert reply.outcome is ConfirmOutcome.EXPIRED
            assert "too late" in reply.message
        house.claude.release("after")
        await story.end()
        assert COMMAND not in commands_run(await story.updates())


async def test_failed_by_silence(short: Houses) -> None:
    async with short(confirmation_on_timeout="fail") as house:
        story = await house.start(removal())
        progress = await story.end()
        assert progress.state is State.FAILED
        assert progress.result
        assert "Nobody gave the code within 1 second" in progress.result.summary
        assert (story.workspace / "scratch.txt").exists()
