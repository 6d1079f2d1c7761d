"""An answer that names nothing decides only what it can have been meant for."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from models.contract import WORKFLOW_TYPE
from models.replies import ConfirmOutcome
from models.task import State, TaskInput
from starter.naming import new_task_id, short_id
from starter.problems import NoWorker
from tests.asking import CODE, asked, removal, the_code
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
