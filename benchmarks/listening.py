"""From a question in a task to those who listen to the api: the numbers of the voice."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2

from benchmarks.measure import Samples
from benchmarks.measurements import CONFIRMED
from benchmarks.ours import Ours
from benchmarks.side import wait_for_state
from models.announcements import Announcement
from models.updates import UpdateKind

DEADLINE_SECONDS = 30.0


async def question_to_voice_ms(side: Ours, samples: int, listeners: int) -> Samples:
    """From the moment the story asks for the code to the last of the listeners who hears it.

    The moment is the one that the story writes on its question: when its step began.
    """
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(
        base_url=side.api_url, headers=side.bearer, limits=limits, timeout=None
    ) as http:
        ears = [_Ear(http) for _ in range(listeners)]
        await asyncio.gather(*(ear.connected.wait() for ear in ears))
        try:
            return Samples(tuple([await _asked(side, ears) for _ in range(samples)]))
        finally:
            for ear in ears:
                ear.listening.cancel()
            await asyncio.wait([ear.listening for ear in ears])


async def _asked(side: Ours, ears: "list[_Ear]") -> float:
    """Play one task that asks, and return what the slowest ear took."""
    task_id = await side.start(f"scenario={CONFIRMED} heard {time.time()}")
    async with asyncio.timeout(DEADLINE_SECONDS):
        taken = await asyncio.gather(*(ear.delay_ms(task_id) for ear in ears))
    await side.confirm(task_id)
    await wait_for_state(side, task_id, "completed")
    return max(taken)


class _Ear:
    """One connection, and when it heard of what."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.connected = asyncio.Event()
        self._heard: dict[str, asyncio.Future[float]] = {}
        self.listening = asyncio.create_task(self._listen(http))

    async def delay_ms(self, task_id: str) -> float:
        """How long a task's question took to here."""
        return await self._question(task_id)

    def _question(self, task_id: str) -> "asyncio.Future[float]":
        return self._heard.setdefault(task_id, asyncio.get_running_loop().create_future())

    async def _listen(self, http: httpx2.AsyncClient) -> None:
        async with http.stream("GET", "/voice/events") as answer:
            answer.raise_for_status()
            self.connected.set()
            async for item in _announcements(answer.aiter_lines()):
                question = self._question(item.task_id)
                if item.kind is UpdateKind.CONFIRMATION_REQUESTED and not question.done():
                    question.set_result(1000 * (datetime.now(UTC) - item.at).total_seconds())


async def _announcements(lines: AsyncIterator[str]) -> AsyncIterator[Announcement]:
    async for line in lines:
        name, _, value = line.partition(": ")
        if name == "data" and "task_seq" in (data := json.loads(value)):
            yield Announcement.model_validate(data)
