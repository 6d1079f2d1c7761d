"""One listener: caught up first, told everything as it comes, and remembered when they hang up."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Literal, NamedTuple

from temporalio.service import RPCError

from models.announcements import Announcement, CatchUp, Heard, Place, Standing, Urgency
from models.task import TaskId
from starter.problems import TaskProblem
from starter.tasks import Tasks
from starter.voice_catch_up import catch_up, now_waiting, standings, was_away
from starter.voice_feed import VoiceFeed

ARRIVED_SECONDS = 1.0
"""After sending; whoever is still connected then has got it. What was sent later is told again."""

_hanging_up: set["asyncio.Task[None]"] = set()
"""Kept here until done: the end of a connection would cancel what its own task still does."""


class VoiceEvent(NamedTuple):
    """What a listener is sent; `cursor` is where to go on after it."""

    name: Literal["announcement", "catch_up"]
    cursor: int
    data: Announcement | CatchUp


class Listening:
    """A connection of a listener, known by name or only by a cursor."""

    def __init__(
        self, feed: VoiceFeed, tasks: Tasks, listener: str | None, after: int | None
    ) -> None:
        self._feed = feed
        self._tasks = tasks
        self._listener = listener
        self._after = after
        self._arrived = 0
        self._sent: deque[tuple[float, int]] = deque()

    async def events(self) -> AsyncGenerator[VoiceEvent, None]:
        """Yield what was missed, then what comes, until the feed begins anew."""
        page = await self._feed.place_of(self._listener or "")
        after = self._begin(page.place, page.last_seq)
        try:
            async with aclosing(self._earlier(page.place, after)) as earlier:
                async for event in earlier:
                    yield event
                    after = event.cursor
            await self._remember({})
            async with aclosing(self._feed.follow(after, ARRIVED_SECONDS)) as news:
                async for items in news:
                    for item in items:
                        yield self._event(item)
                    if self._take_as_arrived():
                        await self._remember({})
        finally:
            leaving = asyncio.create_task(self._hang_up())
            _hanging_up.add(leaving)
            leaving.add_done_callback(_hanging_up.discard)

    def _begin(self, place: Place | None, last_seq: int) -> int:
        """Where to begin: at the cursor, else where the listener was, else now."""
        after = self._after
        if after is None:
            after = place.seq if place else last_seq
        self._arrived = after if after <= last_seq else 0  # the feed has begun anew
        return self._arrived

    async def _earlier(self, place: Place | None, after: int) -> AsyncGenerator[VoiceEvent, None]:
        """Tell of an absence in one sentence; what was missed is then for the model to know."""
        is_new = place is None and self._after is None
        missed = [] if is_new else await self._feed.missed(after)
        place = place or Place()
        if not (is_new or was_away(place, missed)):
            return
        try:
            counting = now_waiting(self._tasks) if is_new else None
            counted = await (counting or catch_up(self._tasks, place, missed))
        except (TaskProblem, RPCError):
            return  # what was missed is told as news, rather than not at all
        if counted:
            yield VoiceEvent("catch_up", after, counted)
        for item in missed:
            yield self._event(item.model_copy(update={"urgency": Urgency.SILENT}))

    def _event(self, item: Announcement) -> VoiceEvent:
        self._sent.append((time.monotonic(), item.seq))
        return VoiceEvent("announcement", item.seq, item)

    def _take_as_arrived(self) -> bool:
        """Count what was sent a while ago as heard; whether that is more than before."""
        before = self._arrived
        while self._sent and time.monotonic() - self._sent[0][0] >= ARRIVED_SECONDS:
            self._arrived = self._sent.popleft()[1]
        return self._arrived > before

    async def _hang_up(self) -> None:
        self._take_as_arrived()
        with suppress(TaskProblem, RPCError):
            await self._remember(await standings(self._tasks))

    async def _remember(self, counted: dict[TaskId, Standing]) -> None:
        """Keep the place of a listener with a name; where that fails, more is told next time."""
        if self._listener is None:
            return
        with suppress(RPCError):
            heard = Heard(listener=self._listener, seq=self._arrived, standings=counted)
            await self._feed.heard(heard)
