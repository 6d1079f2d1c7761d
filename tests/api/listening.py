"""A voice that listens: it reads the stream in the background and keeps what it heard."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import httpx2

Event = dict[str, Any]

DEADLINE_SECONDS = 20.0


class Reached(Protocol):
    """Whatever has a client of the api."""

    @property
    def http(self) -> httpx2.AsyncClient: ...


class Ear:
    """What was heard on one connection."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._news = asyncio.Event()

    def take(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def until(self, fits: Callable[[Event], bool]) -> Event:
        """Wait for an event that fits."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                self._news.clear()
                for event in self.events:
                    if fits(event):
                        return event
                await self._news.wait()

    async def kind(self, kind: str, task_id: str = "") -> Event:
        """Wait for an announcement of this kind."""
        return await self.until(
            lambda event: (
                event["data"].get("kind") == kind and event["data"]["task_id"].startswith(task_id)
            )
        )

    @property
    def ids(self) -> list[int]:
        """The numbers of the announcements."""
        return [int(event["id"]) for event in self.events if event["event"] == "announcement"]


@asynccontextmanager
async def an_ear(
    voice: Reached, query: str = "", headers: dict[str, str] | None = None
) -> AsyncIterator[Ear]:
    """Listen for as long as the context lasts; returns once connected."""
    ear = Ear()
    async with voice.http.stream("GET", f"/voice/events{query}", headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        reading = asyncio.create_task(_read(answer.aiter_lines(), ear))
        try:
            yield ear
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading


async def _read(lines: AsyncIterator[str], ear: Ear) -> None:
    event: Event = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line and not line.startswith(":"):
            event[name] = json.loads(value) if name == "data" else value
        elif event:
            ear.take(event)
            event = {}
