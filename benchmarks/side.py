"""What both sides of the comparison can do, so that one code measures both."""

import asyncio
import time
from pathlib import Path
from typing import Protocol

CODE = "6283"
"""The confirmation code that both sides accept; it is the seed's example."""

POLL_SECONDS = 0.02


class Side(Protocol):
    """A running system of workers, ready to take tasks."""

    @property
    def name(self) -> str:
        """What the report calls it."""

    @property
    def takes_codes(self) -> bool:
        """Whether a task can wait for a code."""

    async def start(self, goal: str) -> str:
        """Start a task; the id is the answer the user waits for."""

    async def state(self, task_id: str) -> str:
        """Give the state of a task, in the words of `models.task.State`."""

    async def confirm(self, task_id: str) -> None:
        """Give CODE to a task that waits for it."""

    def workspace(self, task_id: str) -> Path:
        """Directory in which the commands of a task run."""

    def worker_pids(self) -> list[int]:
        """Processes that work on tasks; brokers and servers are not counted."""


class TooLate(Exception):
    """A side did not get where it should within the deadline."""


async def wait_for_state(
    side: Side,
    task_id: str,
    state: str,
    deadline_seconds: float = 60,
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Wait until a task is in a state. Raises TooLate.

    Who waits for many asks less often, or the asking is what is measured.
    """
    give_up = time.monotonic() + deadline_seconds
    while (now := await side.state(task_id)) != state:
        if time.monotonic() > give_up:
            raise TooLate(f"{side.name}: {task_id} is {now} and not {state}.")
        await asyncio.sleep(poll_seconds)
