"""The hub alone, fed by a task that tells much: nobody misses anything or hears it twice."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import pytest

from api.hub import WINDOW_UPDATES, Hub
from models.task import Phase
from models.updates import Update, UpdateKind
from starter.problems import UnknownTask

MUCH = 3 * WINDOW_UPDATES
NOW = datetime(2026, 9, 1, tzinfo=UTC)


class Teller:
    """A task that has told `told` updates so far; counts those who read it."""

    def __init__(self, told: int) -> None:
        self.told = told
        self.readers = 0
        self.most_readers = 0
        self.more = asyncio.Condition()

    async def tell(self, number: int) -> None:
        async with self.more:
            self.told += number
            self.more.notify_all()

    async def follow(self, task_id: str, after_seq: int = 0) -> AsyncGenerator[Update, None]:
        assert task_id == "task-a7f3"
        self.readers += 1
        self.most_readers = max(self.most_readers, self.readers)
        try:
            for seq in range(after_seq + 1, MUCH + 1):
                async with self.more:
                    while self.told < seq:
                        await self.more.wait()
                yield update(seq)
        finally:
            self.readers -= 1


class Gone:
    """A task that cannot be read any more."""

    async def follow(self, task_id: str, after_seq: int = 0) -> AsyncGenerator[Update, None]:
        yield update(after_seq + 1)
        raise UnknownTask(f"There is no such task as {task_id} any more.")


def update(seq: int) -> Update:
    kind = UpdateKind.TASK_COMPLETED if seq == MUCH else UpdateKind.NOTE
    return Update(seq=seq, at=NOW, task_id="task-a7f3", kind=kind, phase=Phase.CODING, chat="")


async def heard(hub: Hub, teller: Teller, after: int) -> list[int]:
    return [one.seq async for one in hub.listen(teller, "task-a7f3", after)]


async def test_all_hear_all_from_wherever_they_begin() -> None:
    hub, teller = Hub(), Teller(MUCH - 10)
    begin = (0, 5, WINDOW_UPDATES, MUCH - 15, MUCH - 5)
    listening = [asyncio.create_task(heard(hub, teller, after)) for after in begin]
    await asyncio.sleep(0)
    await teller.tell(10)
    for after, told in zip(begin, await asyncio.gather(*listening), strict=True):
        assert told == list(range(after + 1, MUCH + 1))
    assert (hub.reading, teller.readers) == (0, 0)


async def test_who_falls_behind_reads_alone_and_joins_again() -> None:
    hub, teller = Hub(), Teller(1)
    slow = hub.listen(teller, "task-a7f3", 0)
    seqs = [(await anext(slow)).seq]
    fast = asyncio.create_task(heard(hub, teller, 0))
    await teller.tell(MUCH - 1)
    assert await fast == list(range(1, MUCH + 1))
    assert teller.most_readers == 1
    seqs += [one.seq async for one in slow]
    assert seqs == list(range(1, MUCH + 1))
    assert (hub.reading, teller.readers) == (0, 0)


async def test_the_last_who_leaves_ends_the_reading() -> None:
    hub, teller = Hub(), Teller(20)
    first, second = (hub.listen(teller, "task-a7f3", 0) for _ in range(2))
    assert (await anext(first)).seq == (await anext(second)).seq == 1
    await first.aclose()
    assert (hub.reading, hub.listeners("task-a7f3")) == (1, 1)
    await second.aclose()
    await asyncio.sleep(0)
    assert (hub.reading, teller.readers) == (0, 0)


async def test_a_reader_that_fails_ends_the_streams(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    told = [one.seq async for one in hub.listen(Gone(), "task-a7f3", 0)]
    assert told == [1]
    assert "no such task" in caplog.text
    again = [one.seq async for one in hub.listen(Gone(), "task-a7f3", 0)]
    assert again == [1]
