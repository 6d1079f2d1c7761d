"""Which attempt this is, so that the workspace can turn a late one away."""

from typing import Protocol

from temporalio import activity

from models.steps import Fence
from workspace.directory import Attempt


class Fenced(Protocol):
    """A request that carries its place in the order of steps."""

    @property
    def fence(self) -> Fence:
        """Order of the step within its task."""
        ...


def attempt_of(request: Fenced) -> Attempt:
    """The place of the running attempt in the order of all attempts on its workspace."""
    fence = request.fence
    return Attempt(fence.run_started_at, fence.step, activity.info().attempt)
