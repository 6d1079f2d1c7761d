"""Signs of life of a running activity."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from temporalio import activity


@contextlib.asynccontextmanager
async def heartbeats(interval_seconds: float) -> AsyncIterator[None]:
    """Heartbeat on a timer while the body runs.

    On a timer, for the SDK swallows the provider's pings and a silent stream has no events.
    """
    beating = asyncio.create_task(_beat(interval_seconds))
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait({beating})


async def _beat(interval_seconds: float) -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(interval_seconds)
