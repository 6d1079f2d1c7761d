"""Who listens to a feed that cannot be read any more is not left to listen to nothing."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from connection import until_worker_listens
from models.announcements import ReadRequest
from models.contract import ANNOUNCEMENTS_TYPE, FeedQuery, FeedSignal, announcements_id
from starter.voice_feed import VoiceFeed

Strange = WorkflowHandle[Any, None]


@workflow.defn(name=ANNOUNCEMENTS_TYPE, sandboxed=False)
class StrangeFeed:
    """A feed whose pages become such as this code cannot read, or can again, at each signal."""

    def __init__(self) -> None:
        self._page: dict[str, object] = {}
        self._other: dict[str, object] = {"items": "none"}

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.signal(name=FeedSignal.ANNOUNCE)
    def change(self) -> None:
        self._page, self._other = self._other, self._page

    @workflow.query(name=FeedQuery.READ)
    def read(self, _request: ReadRequest) -> dict[str, object]:
        return self._page


@pytest.fixture
async def strange(server: WorkflowEnvironment) -> AsyncIterator[tuple[Strange, VoiceFeed]]:
    queue = f"strange-{uuid.uuid4()}"
    async with Worker(server.client, task_queue=queue, workflows=[StrangeFeed]):
        await until_worker_listens(server.client, queue)
        handle: Strange = await server.client.start_workflow(
            ANNOUNCEMENTS_TYPE, id=announcements_id(queue), task_queue=queue
        )
        yield handle, VoiceFeed(server.client, queue)
        await handle.terminate()


async def test_listening_ends_when_the_feed_cannot_be_read(
    strange: tuple[Strange, VoiceFeed], caplog: pytest.LogCaptureFixture
) -> None:
    handle, feed = strange
    news = feed.follow(0, 0.05)
    assert await anext(news) == []
    await handle.signal(FeedSignal.ANNOUNCE)
    async with asyncio.timeout(10):
        assert not [item async for items in news for item in items]
    assert "The feed of announcements cannot be read" in caplog.text

    with pytest.raises(Exception, match="items"):  # told at once, not kept waiting for a reader
        async with asyncio.timeout(10):
            await anext(feed.follow(0, 0.05))

    await handle.signal(FeedSignal.ANNOUNCE)
    again = feed.follow(0, 0.05)
    async with asyncio.timeout(10):
        assert [await anext(again) for _ in range(3)] == [[]] * 3
    await again.aclose()
