"""What the api bears: questions of how a task stands, and listeners to one task."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple

import httpx2
import psutil

from benchmarks.measure import Samples
from benchmarks.measurements import CONFIRMED
from benchmarks.ours import Ours
from benchmarks.side import wait_for_state
from models.updates import Update, UpdateKind

ASKING_SECONDS = 5.0
QUIET_SECONDS = 5.0
NOTES = 20
DEADLINE_SECONDS = 30.0


class Listened(NamedTuple):
    """What listeners to one task cost, in percent of a core, and when the last of them hears."""

    worker_percent: float
    api_percent: float
    heard_ms: Samples


@asynccontextmanager
async def waiting_task(side: Ours) -> AsyncIterator[str]:
    """A task that waits for the code until the end of the context."""
    task_id = await side.start(f"scenario={CONFIRMED} asked {time.time()}")
    await wait_for_state(side, task_id, "waiting_confirmation")
    yield task_id
    await side.confirm(task_id)
    await wait_for_state(side, task_id, "completed")


async def status_ms(side: Ours, task_id: str, clients: int) -> tuple[float, Samples]:
    """Ask how a task stands, `clients` at once; answers requests a second and their times."""
    taken: list[float] = []
    async with _http(side) as http:
        end = time.perf_counter() + ASKING_SECONDS

        async def ask() -> None:
            while (begun := time.perf_counter()) < end:
                (await http.get(f"/tasks/{task_id}")).raise_for_status()
                taken.append(1000 * (time.perf_counter() - begun))

        await asyncio.gather(*(ask() for _ in range(clients)))
    return len(taken) / ASKING_SECONDS, Samples(tuple(taken))


async def listened(side: Ours, task_id: str, listeners: int) -> Listened:
    """Let many listen to one task: first to nothing, then to notes, one after the other."""
    async with _http(side) as http:
        ears = [_Ear(http, task_id) for _ in range(listeners)]
        try:
            await asyncio.gather(*(ear.hears(UpdateKind.CONFIRMATION_REQUESTED) for ear in ears))
            percents = await _cpu_percent(side)
            notes = range(NOTES if ears else 0)
            heard = [await _note(http, task_id, ears, number) for number in notes]
        finally:
            for ear in ears:
                ear.listening.cancel()
            await asyncio.gather(*(ear.listening for ear in ears), return_exceptions=True)
    return Listened(*percents, Samples(tuple(heard)))


async def _note(http: httpx2.AsyncClient, task_id: str, ears: "list[_Ear]", number: int) -> float:
    """Make the task tell something; answers what the slowest ear took from when it did."""
    text = f"note {number} of {time.time()}"
    path = f"/tasks/{task_id}/instruction"
    (await http.post(path, json={"text": text})).raise_for_status()
    async with asyncio.timeout(DEADLINE_SECONDS):
        return max(await asyncio.gather(*(ear.hears(text) for ear in ears)))


async def _cpu_percent(side: Ours) -> tuple[float, float]:
    """What worker and api spend while nothing happens."""
    pids = side.worker_pids(), side.api_pids()
    groups = [[psutil.Process(pid) for pid in group] for group in pids]
    before = [_cpu_seconds(group) for group in groups]
    begun = time.perf_counter()
    await asyncio.sleep(QUIET_SECONDS)
    seconds = time.perf_counter() - begun
    after = [_cpu_seconds(group) for group in groups]
    worker, api = (100 * (b - a) / seconds for a, b in zip(before, after, strict=True))
    return worker, api


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes if process.is_running()]
    return sum(one.user + one.system for one in times)


def _http(side: Ours) -> httpx2.AsyncClient:
    limits = httpx2.Limits(max_connections=None)
    return httpx2.AsyncClient(
        base_url=side.api_url, headers=side.bearer, limits=limits, timeout=DEADLINE_SECONDS
    )


class _Ear:
    """One connection, and how long what it heard was on its way, in milliseconds."""

    def __init__(self, http: httpx2.AsyncClient, task_id: str) -> None:
        self._heard: dict[str, asyncio.Future[float]] = {}
        self.listening = asyncio.create_task(self._listen(http, task_id))

    def hears(self, what: str) -> "asyncio.Future[float]":
        """What kind of update, or the words of a note, took to here."""
        return self._heard.setdefault(what, asyncio.get_running_loop().create_future())

    async def _listen(self, http: httpx2.AsyncClient, task_id: str) -> None:
        async with http.stream("GET", f"/tasks/{task_id}/events") as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    update = Update.model_validate(json.loads(line.removeprefix("data: ")))
                    taken = 1000 * (datetime.now(UTC) - update.at).total_seconds()
                    for what in (update.kind, str(update.data.get("text"))):
                        if not self.hears(what).done():
                            self.hears(what).set_result(taken)
