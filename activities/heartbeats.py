"""Signs of life of a running activity."""

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import AsyncIterator, Iterator

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


@contextlib.contextmanager
def heartbeats_of_thread(interval_seconds: float) -> Iterator[None]:
    """Heartbeat while the body runs, for an activity that is no coroutine."""
    done = threading.Event()
    context = contextvars.copy_context()
    beating = threading.Thread(
        target=context.run, args=(_beat_until, done, interval_seconds), name="heartbeats"
    )
    beating.start()
    try:
        yield
    finally:
        done.set()
        beating.join()


def _beat_until(done: threading.Event, interval_seconds: float) -> None:
    while not done.wait(interval_seconds):
        activity.heartbeat()


async def _beat(interval_seconds: float) -> None:
    while True:
        await asyncio.sleep(interval_seconds)
        activity.heartbeat()
