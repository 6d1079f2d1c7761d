"""What happens while Claude is still answering: heartbeats, notes on the stream, cancellation."""

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.contrib.workflow_streams import WorkflowStream, WorkflowStreamClient
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.claude import ClaudeActivities
from activities.live import LiveUpdates
from demo.faults import Fault
from demo.scenarios.steps import run
from demo.script import Text, Thinking, Turn
from models.steps import Decision, ThinkRequest
from models.task import Phase
from models.updates import TOPIC, Update, UpdateKind
from policy.redaction import Redactor
from tests.activities.conftest import PULSE_SECONDS, Begin, Rehearsal

DEADLINE_SECONDS = 10.0
BLOCKS = [Thinking(thinking="A  first\nthought."), Text(text="Now I look."), run("ls")]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():
            await asyncio.sleep(0.005)


def outcomes(task: Rehearsal) -> list[str]:
    return [seen.outcome for seen in task.stage.requests(task.scenario)]


async def test_a_silent_stream_does_not_look_like_a_dead_worker(begin: Begin) -> None:
    task = begin(Turn(blocks=BLOCKS, faults=[Fault(kind="hang", after_events=1)]))
    thinking = asyncio.create_task(task.think())
    await until(lambda: task.heartbeats >= 5)
    assert outcomes(task) == ["playing"]
    thinking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await thinking


async def test_a_cancel_closes_the_connection_at_once(begin: Begin) -> None:
    task = begin(Turn(blocks=BLOCKS, gate="never"))
    before = task.checkpoint
    thinking = asyncio.create_task(task.think())
    await until(lambda: outcomes(task) == ["held"])
    task.environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await thinking
    await until(lambda: outcomes(task) == ["abandoned"])
    assert task.checkpoint == before


async def test_without_a_stream_notes_travel_in_the_decision(begin: Begin) -> None:
    slow = 5 * PULSE_SECONDS
    task = begin(Turn(blocks=[*BLOCKS[:2], Text(text="word " * 500)], stream_seconds=slow))
    decision = await task.think()
    assert decision.notes[:2] == ["A first thought.", "Now I look."]
    assert len(decision.notes[2]) == 600
    assert decision.notes[2].endswith("…")


@workflow.defn
class Host:
    """A workflow with a stream, in which one thought is thought."""

    @workflow.init
    def __init__(self, _request: ThinkRequest) -> None:
        self.stream = WorkflowStream()

    @workflow.run
    async def run(self, request: ThinkRequest) -> Decision:
        decision: Decision = await workflow.execute_activity(
            "think", request, start_to_close_timeout=timedelta(seconds=20), result_type=Decision
        )
        return decision


@pytest.fixture(scope="module")
async def temporal() -> AsyncIterator[Client]:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(Path(sys.executable).with_name("temporal")),
        data_converter=pydantic_data_converter,
    ) as environment:
        yield environment.client


async def test_old_notes_are_on_the_stream_and_the_rest_in_the_decision(
    begin: Begin, temporal: Client
) -> None:
    words = Text(text="word " * 500)
    task = begin(Turn(blocks=[*BLOCKS[:2], words, run("ls")], stream_seconds=1.0))
    queue = f"live-{uuid.uuid4()}"
    claude = ClaudeActivities(task.client, task.home, Redactor(), pulse_seconds=PULSE_SECONDS)
    async with Worker(
        temporal,
        task_queue=queue,
        workflows=[Host],
        activities=[claude.think],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        handle = await temporal.start_workflow(Host.run, task.request(), id=queue, task_queue=queue)
        decision = await handle.result()
        stream = WorkflowStreamClient.create(temporal, handle.id)
        told = [item.data async for item in stream.subscribe([TOPIC], result_type=Update)]
    notes = [update.chat for update in told] + decision.notes
    assert notes[:2] == ["A first thought.", "Now I look."]
    assert len(notes) == 3
    assert len(told) >= 2
    assert told[0].kind is UpdateKind.NOTE
    assert told[0].task_id == "task-abcd"
    assert told[0].data == {"text": "A first thought.", "by": "claude"}


async def test_a_workflow_that_is_gone_does_not_fail_the_activity(temporal: Client) -> None:
    async def publish_twice() -> list[bool]:
        live = LiveUpdates.of_this_activity("task-abcd", Phase.CODING, Redactor())
        update = live.update(UpdateKind.NOTE, "Anybody there?", {})
        return [await live.publish([update]), await live.publish([update])]

    assert await ActivityEnvironment(client=temporal).run(publish_twice) == [False, False]
