"""The feed of announcements: one gapless order, each told once, kept through new histories."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from connection import plugin, until_worker_listens
from models.announcements import (
    Announced,
    Announcement,
    FeedMemory,
    Heard,
    Page,
    ReadRequest,
    Standing,
    Urgency,
)
from models.contract import ANNOUNCEMENTS_TYPE, FeedQuery, FeedSignal
from models.updates import UpdateKind
from tests.workflows.record_feed import PLACE
from workflows.announcements import KEPT, PAGE, Announcements

Feed = WorkflowHandle[Any, None]
BEGAN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture
async def feed(server: WorkflowEnvironment) -> AsyncIterator[Feed]:
    queue = f"feed-{uuid.uuid4()}"
    async with Worker(server.client, task_queue=queue, workflows=[Announcements]):
        await until_worker_listens(server.client, queue)
        handle = await server.client.start_workflow(
            ANNOUNCEMENTS_TYPE, FeedMemory(), id=queue, task_queue=queue
        )
        yield handle
        await handle.terminate()


def said(task: str, *numbers: int) -> Announced:
    """What one task tells."""
    return Announced(
        items=[
            Announcement(
                at=BEGAN + timedelta(seconds=number),
                task_id=f"task-{task}",
                task_seq=number,
                kind=UpdateKind.NOTE,
                urgency=Urgency.WHEN_IDLE,
                speak=f"It is {number}",
                goal="Build a calculator",
            )
            for number in numbers
        ]
    )


async def announce(feed: Feed, task: str, *numbers: int) -> None:
    await feed.signal(FeedSignal.ANNOUNCE, said(task, *numbers))


async def read(feed: Feed, after: int = 0, listener: str = "") -> Page:
    page: Page = await feed.query(
        FeedQuery.READ, ReadRequest(after=after, listener=listener), result_type=Page
    )
    return page


async def everything(feed: Feed) -> list[Announcement]:
    found: list[Announcement] = []
    while True:
        page = await read(feed, found[-1].seq if found else 0)
        found += page.items
        if not page.more:
            return found


async def test_what_comes_again_is_dropped_and_the_order_has_no_gap(feed: Feed) -> None:
    await announce(feed, "a2a2", 1, 3)
    await announce(feed, "b2b2", 1)
    await announce(feed, "a2a2", 1, 3)
    await announce(feed, "a2a2", 3, 4)
    page = await read(feed)
    assert [(one.task_id[-4:], one.task_seq) for one in page.items] == [
        ("a2a2", 1),
        ("a2a2", 3),
        ("b2b2", 1),
        ("a2a2", 4),
    ]
    assert [one.seq for one in page.items] == [1, 2, 3, 4]
    assert [one.seq for one in (await read(feed, 3)).items] == [4]
    assert page.last_seq == 4


async def test_a_task_that_was_reset_is_heard_although_its_numbers_come_again(feed: Feed) -> None:
    await announce(feed, "a2a2", 1, 2, 3)
    anew = said("a2a2", 2)
    anew.items[0].at += timedelta(minutes=1)
    for _ in range(2):
        await feed.signal(FeedSignal.ANNOUNCE, anew)
    assert [one.task_seq for one in (await read(feed)).items] == [1, 2, 3, 2]


async def test_a_place_only_moves_on_and_never_beyond_the_end(feed: Feed) -> None:
    await announce(feed, "a2a2", 1, 2, 3)
    assert (await read(feed, 0, "anna")).place is None
    standings = {"task-a2a2": Standing(turn=2, cost_usd=0.1)}
    await feed.signal(FeedSignal.HEARD, Heard(listener="anna", seq=2, standings=standings))
    await feed.signal(FeedSignal.HEARD, Heard(listener="anna", seq=1))
    place = (await read(feed, 0, "anna")).place
    assert place
    assert (place.seq, place.standings) == (2, standings)
    await feed.signal(FeedSignal.HEARD, Heard(listener="anna", seq=99, standings={}))
    place = (await read(feed, 0, "anna")).place
    assert place
    assert (place.seq, place.standings) == (3, {})
    assert (await read(feed, 0, "bob")).place is None


async def test_the_feed_goes_on_in_new_histories(feed: Feed) -> None:
    """The server of these tests suggests one after 400 events."""
    first = (await feed.describe()).run_id
    sent = 0
    async with asyncio.timeout(60):
        while (await feed.describe()).run_id == first:
            # one by one: each is a task of the workflow, as announcements of many tasks are
            await announce(feed, "a2a2", sent + 1)
            await read(feed)
            sent += 1
    await announce(feed, "a2a2", sent, sent + 1)
    items = await everything(feed)
    assert [one.task_seq for one in items] == list(range(1, sent + 2))
    assert [one.seq for one in items] == list(range(1, sent + 2))


async def test_the_last_thousand_are_kept(feed: Feed) -> None:
    for start in range(1, KEPT + PAGE, PAGE):
        await announce(feed, "a2a2", *range(start, start + PAGE))
    items = await everything(feed)
    assert len(items) == KEPT
    assert [one.seq for one in items] == list(range(PAGE + 1, KEPT + PAGE + 1))


@pytest.mark.parametrize("name", ["first", "last"])
async def test_a_feed_begun_before_goes_on_with_the_code_of_today(name: str) -> None:
    recorded = (PLACE / f"{name}.json").read_text()
    replayer = Replayer(workflows=[Announcements], plugins=[plugin()])
    await replayer.replay_workflow(WorkflowHistory.from_json("announcements-recorded", recorded))
