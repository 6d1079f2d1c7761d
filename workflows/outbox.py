"""Tells people outside, channel by channel: in order, nothing lost, and never holding up the work.

Each channel has a courier of its own, which reads the task's stream and hands on what the channel
wants, one activity after the other. What an outage holds back goes along when the history starts
anew, and is left to a `Delivery` when the task ends.
"""

import asyncio
import base64
from collections.abc import Callable

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.contrib.workflow_streams import PollInput, PollResult
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.workflow import ParentClosePolicy

from models.contract import DELIVERY_TYPE, POLL_QUERY
from models.notices import Channel, DeliveryInput, Outgoing
from models.updates import TOPIC, Update
from workflows.courier import Courier
from workflows.memory import Memory
from workflows.notices import Notices


class Outbox:
    """The couriers of one task. Without channels it does nothing at all."""

    def __init__(self, memory: Memory, notices: Notices, goal: str) -> None:
        self._memory = memory
        self._notices = notices
        self._goal = goal
        self._couriers: list[Courier] = []
        self._runs: list[asyncio.Task[None]] = []

    def open(self, channels: list[Channel]) -> None:
        """Begin with the task's first update, on the channels that are set up."""
        if not self._memory.outgoing:
            self._memory.outgoing = [Outgoing(channel=channel) for channel in channels]
            self.go_on()

    def open_after(self, error: ActivityError) -> None:
        """Begin though the workspace could not be opened: its error names the channels."""
        cause = error.cause
        named = cause.details if isinstance(cause, ApplicationError) else ()
        self.open([Channel(name) for name in named])

    def go_on(self) -> None:
        """Let the couriers work, from where an earlier run of the task left them."""
        self._couriers = [self._courier(one) for one in self._memory.outgoing if not one.is_off]
        self._runs = [asyncio.create_task(courier.run()) for courier in self._couriers]

    def collect(self) -> None:
        """Take from the stream what is new there, before the stream lets go of old updates."""
        for courier in self._couriers:
            courier.collect()

    async def settle(self) -> None:
        """Bring the couriers to a stand; what is pending then stays in the task's memory.

        A delivery that is being tried at this moment is finished first, which takes as long as an
        attempt does; one that waits for its next attempt is not.
        """
        for courier in self._couriers:
            courier.stop()
        await workflow.wait_condition(lambda: all(run.done() for run in self._runs))
        self.collect()

    async def hand_over(self) -> None:
        """At the end of the task: leave the rest to workflows that outlive it."""
        await self.settle()
        for outgoing in self._memory.outgoing:
            if outgoing.pending and not outgoing.is_off:
                await self._delegate(outgoing)

    async def _delegate(self, outgoing: Outgoing) -> None:
        task_id = workflow.info().workflow_id
        # a task that was reset has a child of an earlier try at its end, hence more than its name
        name = f"{task_id}-{outgoing.channel}-{workflow.uuid4().hex[:6]}"
        await workflow.start_child_workflow(
            DELIVERY_TYPE,
            DeliveryInput(task_id=task_id, goal=self._goal, outgoing=outgoing),
            id=name,
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"What {task_id} leaves to be told on {outgoing.channel}",
        )

    def _courier(self, outgoing: Outgoing) -> Courier:
        def refused(sentence: str) -> None:
            self._notices.note(f"{sentence} Nothing more of this task is told there.")

        task_id = workflow.info().workflow_id
        return Courier(task_id, self._goal, outgoing, read=read_stream, refused=refused)


def read_stream(offset: int) -> tuple[list[Update], int]:
    """Read this workflow's own stream as its listeners do; also where to go on the next time."""
    poll: Callable[[PollInput], PollResult] | None = workflow.get_query_handler(POLL_QUERY)
    if poll is None:
        return [], offset
    result = poll(PollInput(topics=[TOPIC], from_offset=offset))
    decoded = [_decoded(item.data, item.offset) for item in result.items]
    return [update for update in decoded if update], result.next_offset


def _decoded(wire: str, offset: int) -> Update | None:
    """An item of the stream; None for one that a newer worker, or anybody else, has put there."""
    try:
        payload = Payload()
        payload.ParseFromString(base64.b64decode(wire))
        update = workflow.payload_converter().from_payload(payload, Update)
    except Exception:
        workflow.logger.warning("Something on the task's stream is no update and is not told")
        return None
    return update.model_copy(update={"seq": offset + 1})
