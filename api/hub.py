"""Many listeners, one reader: each task's events are read once for all who listen to it here.

The hub keeps no state that matters. Every listener has a cursor of its own, and whatever the hub no
longer has, the task still tells.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from itertools import takewhile
from typing import Protocol

from models.updates import Update
from starter.problems import TaskProblem

log = logging.getLogger("api.hub")

WINDOW_UPDATES = 1_000
"""Kept of a task while somebody listens; at most a few megabytes."""


class Source(Protocol):
    """Whoever can be followed: `starter.Tasks`."""

    def follow(self, task_id: str, after_seq: int = 0) -> AsyncGenerator[Update, None]:
        """Yield a task's updates after `after_seq` until its last one."""


class Feed:
    """What one reader has read of a task: everything after `begins_after`, up to now.

    `news` is set, and replaced, when there is more or when nothing more will come (`is_over`).
    """

    def __init__(self, begins_after: int) -> None:
        self.begins_after = begins_after
        self.is_over = False
        self.news = asyncio.Event()
        self.listeners = 0
        self._window: deque[Update] = deque(maxlen=WINDOW_UPDATES)

    async def fill(self, updates: AsyncIterator[Update]) -> None:
        """Read until the task's last update, or until it cannot be read: listeners come back."""
        try:
            async for update in updates:
                if len(self._window) == WINDOW_UPDATES:
                    self.begins_after = self._window[0].seq
                self._window.append(update)
                self._tell()
        except TaskProblem as problem:
            log.warning("A task can no longer be listened to: %s", problem)
        finally:
            self.is_over = True
            self._tell()

    def after(self, seq: int) -> list[Update]:
        """What there is after `seq`."""
        newest_first = takewhile(lambda update: update.seq > seq, reversed(self._window))
        return list(newest_first)[::-1]

    def _tell(self) -> None:
        self.news.set()
        self.news = asyncio.Event()


class Hub:
    """The feeds of the tasks that somebody listens to."""

    def __init__(self) -> None:
        self._feeds: dict[str, Feed] = {}
        self._readers: dict[str, asyncio.Task[None]] = {}

    @property
    def reading(self) -> int:
        """How many tasks are read now."""
        return len(self._readers)

    def listeners(self, task_id: str) -> int:
        """How many listen to a task now."""
        feed = self._feeds.get(task_id)
        return feed.listeners if feed else 0

    async def listen(self, tasks: Source, task_id: str, after: int) -> AsyncGenerator[Update, None]:
        """Yield a task's updates after `after` until its last one, or until reading fails."""
        with self._feed(tasks, task_id, after) as feed:
            while True:
                if after < feed.begins_after:
                    async with aclosing(_until(tasks, task_id, after, feed)) as earlier:
                        async for update in earlier:
                            yield update
                            after = update.seq
                news, fresh = feed.news, feed.after(after)
                for update in fresh:
                    yield update
                    after = update.seq
                if fresh:
                    continue
                if feed.is_over:
                    return
                await news.wait()

    @contextmanager
    def _feed(self, tasks: Source, task_id: str, after: int) -> Iterator[Feed]:
        feed = self._feeds.get(task_id)
        if feed is None or feed.is_over:
            feed = self._feeds[task_id] = Feed(after)
            reading = feed.fill(tasks.follow(task_id, after))
            self._readers[task_id] = asyncio.create_task(reading)
        feed.listeners += 1
        try:
            yield feed
        finally:
            feed.listeners -= 1
            if not feed.listeners and self._feeds.get(task_id) is feed:
                del self._feeds[task_id]
                self._readers.pop(task_id).cancel()


async def _until(
    tasks: Source, task_id: str, after: int, feed: Feed
) -> AsyncGenerator[Update, None]:
    """What the feed has not read, or has dropped: read for one listener alone."""
    async with aclosing(tasks.follow(task_id, after)) as updates:
        async for update in updates:
            yield update
            if update.seq >= feed.begins_after:
                return
