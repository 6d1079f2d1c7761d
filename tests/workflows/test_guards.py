"""What keeps the story honest: the sandbox, the names others rely on, nonsense from outside."""

import uuid

import pytest
from temporalio import workflow
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from models import contract
from tests.house import House
from tests.workflows.clock import Clock
from workflows.coding_task import CodingTask


async def test_the_sandbox_guard_lives(server: WorkflowEnvironment) -> None:
    """A workflow that looks at the clock must not get through.

    If this fails, somebody passed `workflows` through the sandbox (connection.py), and replays
    will differ from what happened.
    """
    queue = str(uuid.uuid4())
    async with Worker(server.client, task_queue=queue, workflows=[Clock]):
        handle = await server.client.start_workflow(Clock.run, id=queue, task_queue=queue)
        events: list[HistoryEvent] = []
        while not any(event.HasField("workflow_task_failed_event_attributes") for event in events):
            events = [event async for event in handle.fetch_history_events()]
        await handle.terminate()
    failures = [
        event.workflow_task_failed_event_attributes.failure.message
        for event in events
        if event.HasField("workflow_task_failed_event_attributes")
    ]
    assert "datetime.now" in failures[0]


def test_the_contract_names_what_the_workflow_has() -> None:
    defined = workflow._Definition.must_from_class(CodingTask)
    assert defined.name == contract.WORKFLOW_TYPE
    assert set(defined.signals) == set(contract.Signal)
    assert set(defined.updates) == set(contract.UpdateName)
    assert set(defined.queries) == set(contract.Query)


@pytest.mark.parametrize("nonsense", [{}, {"goal": ""}, {"goal": "x"}, "words"])
async def test_a_nonsensical_start_fails_at_once(house: House, nonsense: object) -> None:
    """Any Temporal client may start a task; a bad one must end, not be retried for ever."""
    handle = await house.client.start_workflow(
        contract.WORKFLOW_TYPE,
        nonsense,
        id=f"task-{uuid.uuid4().hex[:8]}",
        task_queue=house.settings.task_queue,
    )
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert (await handle.describe()).status is WorkflowExecutionStatus.FAILED


async def test_nonsense_signals_are_dropped(house: House) -> None:
    house.claude.hold("hello/1")
    story = await house.start("scenario=hello")
    await story.until(lambda progress: progress.turn == 2)
    for arguments in ([], [{"text": ""}], ["words"], [{"text": "x", "more": 1}]):
        await story.handle.signal(contract.Signal.ADD_INSTRUCTION, args=arguments)
    await story.handle.signal("no_such_signal")
    house.claude.release("hello/1")
    progress = await story.end()
    assert progress.result
