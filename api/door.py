"""The door to all tasks, opened when it is first needed: the api is up before Temporal is."""

import asyncio

from temporalio.client import Client
from temporalio.service import RetryConfig

from connection import connect
from settings import Settings
from starter.tasks import Tasks

CONNECT_SECONDS = 3
"""A caller waits no longer to hear that Temporal is away."""

RETRY = RetryConfig(max_interval_millis=1_000, max_elapsed_time_millis=1_000 * CONNECT_SECONDS)
"""The same once connected: a server that restarts is back by then, and callers may try again."""


class Door:
    """Connects once, for however many callers there are, and again after a failure."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening: asyncio.Task[Client] | None = None

    async def client(self) -> Client:
        """Return the connection to Temporal.

        Raises:
            TemporalUnreachable: nothing answers; the next call tries again.
            KeyProblem: the keys of the payloads cannot be used.
        """
        if self._opening is None or _has_failed(self._opening):
            self._opening = asyncio.create_task(connect(self._settings, CONNECT_SECONDS, RETRY))
        return await asyncio.shield(self._opening)  # others wait for it as well

    async def tasks(self) -> Tasks:
        """Return the door to all tasks; raises as `client` does."""
        return Tasks(await self.client(), self._settings.task_queue)


def _has_failed(opening: "asyncio.Task[Client]") -> bool:
    return opening.done() and (opening.cancelled() or opening.exception() is not None)
