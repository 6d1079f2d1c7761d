"""The feed of announcements, read once for all who listen in this process."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from models.announcements import Announcement, FeedMemory, Heard, Page, ReadRequest
from models.contract import (
    ANNOUNCEMENTS_TYPE,
    FEED_SUMMARY,
    FeedQuery,
    FeedSignal,
    announcements_id,
)
from starter.follow import ANSWER_TIMEOUT, PASSING

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
"""Between two looks at the feed: what is asked must be heard within a second, and a look costs the
worker 2 ms, however many listen."""

AT_THE_END = 2**53
"""A cursor after everything there will ever be."""

News = list[Announcement]


class VoiceFeed:
    """The feed of one task queue. All that it holds is who listens now."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue
        self._feed = client.get_workflow_handle(announcements_id(task_queue))
        self._queues: set[asyncio.Queue[News | None]] = set()
        self._reading: asyncio.Task[None] | None = None
        self._is_reading = asyncio.Event()

    async def read(self, after: int, listener: str = "") -> Page | None:
        """Look at the feed once; None when no worker answers. Nothing announced yet is no trouble.

        Raises:
            RPCError: Temporal refuses, and would again.
        """
        request = ReadRequest(after=after, listener=listener)
        try:
            page: Page = await self._feed.query(
                FeedQuery.READ, request, result_type=Page, rpc_timeout=ANSWER_TIMEOUT
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return Page()
            if error.status in PASSING:
                return None
            raise
        except WorkflowQueryFailedError:
            return None  # asked before the workflow's first task was done
        return page

    async def place_of(self, listener: str) -> Page:
        """Where a listener is in the feed; waits for a worker to answer."""
        while True:
            if page := await self.read(AT_THE_END, listener):
                return page
            await asyncio.sleep(LOOK_SECONDS)

    async def heard(self, heard: Heard) -> None:
        """Remember where a listener is, also before anything was announced.

        Raises:
            RPCError: Temporal does not take it.
        """
        await self._client.start_workflow(
            ANNOUNCEMENTS_TYPE,
            FeedMemory(),
            id=self._feed.id,
            task_queue=self._task_queue,
            static_summary=FEED_SUMMARY,
            start_signal=FeedSignal.HEARD,
            start_signal_args=[heard],
        )

    async def missed(self, after: int) -> News:
        """All that there is after a cursor; waits for a worker to answer."""
        found: News = []
        while True:
            page = await self.read(after)
            if page is None:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            found += page.items
            if not page.more:
                return found
            after = page.items[-1].seq

    async def follow(self, after: int, tick_seconds: float) -> AsyncGenerator[News, None]:
        """Yield what is announced after a cursor, as it comes; [] after a time without news.

        Ends when the feed has begun anew, for which the cursor means nothing.
        """
        with self._joined() as queue:
            await self._is_reading.wait()
            news: News | None = await self.missed(after)
            while news is not None:
                fresh = [item for item in news if item.seq > after]
                if fresh or not news:
                    yield fresh
                    after = fresh[-1].seq if fresh else after
                try:
                    news = await asyncio.wait_for(queue.get(), tick_seconds)
                except TimeoutError:
                    news = []

    @contextmanager
    def _joined(self) -> "Iterator[asyncio.Queue[News | None]]":
        """Take part in the one reading; the first begins it, the last ends it."""
        queue: asyncio.Queue[News | None] = asyncio.Queue()
        self._queues.add(queue)
        if self._reading is None or self._reading.done():
            self._is_reading.clear()
            self._reading = asyncio.create_task(self._read_on())
        try:
            yield queue
        finally:
            self._queues.discard(queue)
            if not self._queues and self._reading:
                self._reading.cancel()
                self._reading = None

    async def _read_on(self) -> None:
        """Read until the feed begins anew, or cannot be read; who listens connects again.

        Cancelled when nobody listens: whoever joins at that moment has a reading of their own, so
        a cancelled one tells nobody.
        """
        try:
            await self._read_until_anew()
        except RPCError as error:
            log.warning("The feed of announcements cannot be read: %s", error.message)
        except Exception:  # nobody may go on listening to nothing
            log.exception("The feed of announcements cannot be read")
        self._is_reading.set()
        self._tell(None)

    async def _read_until_anew(self) -> None:
        after = (await self.place_of("")).last_seq
        self._is_reading.set()
        while True:
            page = await self.read(after)
            if page and page.last_seq < after:
                return
            if page and page.items:
                after = page.items[-1].seq
                self._tell(page.items)
            if not (page and page.more):
                await asyncio.sleep(LOOK_SECONDS)

    def _tell(self, news: News | None) -> None:
        for queue in self._queues:
            queue.put_nowait(news)
