"""Delivery: after a task has ended, its last words reach a channel, whenever that is back."""

from temporalio import workflow

from models.contract import DELIVERY_TYPE
from models.notices import DeliveryInput
from workflows.courier import Courier


@workflow.defn(name=DELIVERY_TYPE)
class Delivery:
    """What one task leaves to be told on one channel."""

    @workflow.run
    async def run(self, left: DeliveryInput) -> None:
        """Tell it in order; fails when the channel takes nothing any more."""
        courier = Courier(
            left.task_id,
            left.goal,
            left.outgoing,
            read=lambda offset: ([], offset),
            refused=lambda _sentence: None,
        )
        await courier.run_down()
