"""What Claude says while it works, told while it is still answering."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from activities.decisions import shortened
from activities.live import LiveUpdates
from models.updates import Update, UpdateKind

NOTE_CHARACTERS = 600


@dataclass(frozen=True)
class _Note:
    text: str
    said_at: float


class Notes:
    """Collects the finished texts and thinking summaries of one answer, publishes the older.

    What is younger than `settle_seconds` when the answer ends is left for the Decision: that is
    soon enough, and one update less on the stream.
    """

    def __init__(self, live: LiveUpdates, settle_seconds: float) -> None:
        self._live = live
        self._settle_seconds = settle_seconds
        self._untold: list[_Note] = []
        self._publishing = asyncio.Lock()

    def add(self, text: str) -> None:
        """Take in one finished block; blank ones are left out."""
        tidy = " ".join(text.split())
        if tidy:
            self._untold.append(_Note(shortened(tidy, NOTE_CHARACTERS), time.monotonic()))

    def untold(self) -> list[str]:
        """Return what was not published, oldest first."""
        return [note.text for note in self._untold]

    @contextlib.asynccontextmanager
    async def told_live(self) -> AsyncIterator[None]:
        """Publish what has settled, again and again, while the body runs."""
        telling = asyncio.create_task(self._keep_telling())
        try:
            yield
        finally:
            async with self._publishing:  # a note on its way must not be told a second time
                telling.cancel()
            await asyncio.wait({telling})

    async def _keep_telling(self) -> None:
        while True:
            await asyncio.sleep(self._settle_seconds)
            async with self._publishing:
                await self._publish_settled()

    async def _publish_settled(self) -> None:
        settled_before = time.monotonic() - self._settle_seconds
        settled = [note.text for note in self._untold if note.said_at <= settled_before]
        if await self._live.publish([self._update(text) for text in settled]):
            self._untold = self._untold[len(settled) :]

    def _update(self, text: str) -> Update:
        return self._live.update(UpdateKind.NOTE, text, {"text": text, "by": "claude"})
