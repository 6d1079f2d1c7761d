"""An answer that names nothing decides only what it can have been meant for."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from models.contract import WORKFLOW_TYPE, Signal
from models.replies import ConfirmOutcome
from models.task import State, TaskInput, Waiting
from models.updates import UpdateKind
from starter.naming import new_task_id, short_id
from starter.problems import NoWorker, SeveralWait
from tests.asking import CODE, COMMAND, asked, commands_run, no, of_kind, removal, the_code
from tests.house import House, a_house


@pytest.fixture
async def guarded(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> AsyncIterator[House]:
    async with a_house(server.client, claude, tmp_path, confirmation_code=CODE) as house:
        yield house


async def silent_task(house: House) -> str:
    """A task that cannot say whether it waits."""
    task_id = new_task_id(4)
    await house.client.start_workflow(
        WORKFLOW_TYPE,
        TaskInput(goal="stay silent", limits=house.settings.limits),
        id=task_id,
        task_queue=house.settings.task_queue,
        start_delay=timedelta(hours=1),
    )
    async for _ in house.client.list_workflows(f"WorkflowId = '{task_id}'"):
        return task_id
    return await silent_task(house)  # the list lags behind


async def test_a_bare_code_is_not_for_another_task_than_the_one_that_is_silent(
    guarded: House,
) -> None:
    silent, story = await silent_task(guarded), await guarded.start(removal())
    word = (await asked(story)).word
    for unheard in ("", "unheard"):
        with pytest.raises(NoWorker) as problem:
            await guarded.tasks.confirm(the_code(word=unheard))
        assert short_id(silent) in str(problem.value)
    assert [task.task_id for task in await guarded.tasks.waiting()] == [story.task_id]
    reply = await guarded.tasks.confirm(the_code(word=word))
    assert reply.outcome is ConfirmOutcome.ACCEPTED
    assert (await story.end()).state is State.COMPLETED
    await guarded.client.get_workflow_handle(silent).terminate()


def before(waiting: Waiting) -> datetime:
    """A moment before the question."""
    assert waiting.asked_at
    return waiting.asked_at - timedelta(milliseconds=1)


async def test_what_was_said_before_the_question_does_not_decide_it(guarded: House) -> None:
    story = await guarded.start(removal())
    waiting = await asked(story)
    early = {"said_at": before(waiting)}
    answers = [the_code(**early), the_code(word=waiting.word, **early), the_code(code="1", **early)]
    for answer in [*answers, no().model_copy(update=early)]:
        for task_id in (None, story.task_id):
            reply = await guarded.tasks.confirm(answer, task_id)
            assert reply.outcome is ConfirmOutcome.TOO_EARLY
            assert reply.message.startswith("That was said before this was asked; ")
    await story.handle.signal(Signal.SUBMIT_CONFIRMATION, answers[0])
    assert (await asked(story)).tries_left == 3, "none costs a try"
    in_time = the_code(said_at=waiting.asked_at)
    assert (await guarded.tasks.confirm(in_time)).outcome is ConfirmOutcome.ACCEPTED
    assert (await story.end()).state is State.COMPLETED
    notes = of_kind(await story.updates(), UpdateKind.NOTE)
    assert any("said before this was asked" in note.chat for note in notes)


async def test_a_code_that_was_long_on_its_way_is_for_what_was_asked_then(guarded: House) -> None:
    story = await guarded.start(removal(COMMAND, "rm -f other.txt"))
    first = await asked(story)
    await guarded.tasks.confirm(no(), story.task_id)
    second = await asked(story, again=first.request_id)
    late = the_code(said_at=before(second))
    reply = await guarded.tasks.confirm(late)
    assert (reply.outcome, reply.word) == (ConfirmOutcome.ALREADY_ANSWERED, first.word)
    assert (await asked(story)).request_id == second.request_id
    by_id = late.model_copy(update={"request_id": second.request_id})
    assert (await guarded.tasks.confirm(by_id)).outcome is ConfirmOutcome.ACCEPTED
    await story.end()
    assert COMMAND not in commands_run(await story.updates())


async def test_among_several_it_is_for_the_one_that_waited_by_then(guarded: House) -> None:
    first = await guarded.start(removal())
    waiting = await asked(first)
    second = await guarded.start(removal())
    later = await asked(second)
    with pytest.raises(SeveralWait):
        await guarded.tasks.confirm(the_code(said_at=before(waiting)))
    reply = await guarded.tasks.confirm(the_code(said_at=before(later)))
    assert (reply.outcome, reply.word) == (ConfirmOutcome.ACCEPTED, waiting.word)
    await guarded.tasks.confirm(the_code(), second.task_id)
    for story in (first, second):
        await story.end()
