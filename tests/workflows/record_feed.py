"""Plays the feed of announcements and keeps its histories: `python -m tests.workflows.record_feed`.

For test_announcements.py. The feed outlives every worker and every release, so a history of it is
recorded once, and its code must replay that for ever; see record_histories.py.
"""

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path

from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from connection import plugin
from models.announcements import Announced, Announcement, FeedMemory, Heard, Standing, Urgency
from models.contract import ANNOUNCEMENTS_TYPE, FeedSignal
from models.updates import UpdateKind
from starter.temporal_server import find_binary
from tests.workflows.record_histories import SHORT_HISTORIES, written
from workflows.announcements import Announcements

PLACE = Path(__file__).with_name("histories_of_the_feed")


async def main() -> None:
    """Announce and listen until the feed goes on in a new history; keep both."""
    PLACE.mkdir(exist_ok=True)
    server = await WorkflowEnvironment.start_local(
        plugins=[plugin()],
        identity="recording",
        dev_server_existing_path=str(find_binary()),
        dev_server_extra_args=["--dynamic-config-value", SHORT_HISTORIES],
        dev_server_log_level="error",
    )
    queue = f"feed-{uuid.uuid4()}"
    async with server, Worker(server.client, task_queue=queue, workflows=[Announcements]):
        feed = await server.client.start_workflow(
            ANNOUNCEMENTS_TYPE, FeedMemory(), id="announcements-recorded", task_queue=queue
        )
        first = (await feed.describe()).run_id
        number = 0
        while (await feed.describe()).run_id == first:
            number += 1
            await feed.signal(FeedSignal.ANNOUNCE, Announced(items=[said(number)]))
            await feed.signal(FeedSignal.HEARD, heard(number))
        await feed.signal(FeedSignal.ANNOUNCE, Announced(items=[said(number), said(number + 1)]))
        await feed.query("read", {"after": 0})
        for name, run_id in (("first", first), ("last", None)):
            handle = server.client.get_workflow_handle(feed.id, run_id=run_id)
            (PLACE / f"{name}.json").write_text(written(await handle.fetch_history()))


def said(number: int) -> Announcement:
    """Something to hear."""
    return Announcement(
        at=datetime.now(UTC),
        task_id="task-a7f3",
        task_seq=number,
        kind=UpdateKind.TASK_PAUSED,
        urgency=Urgency.WHEN_IDLE,
        speak="The task is paused.",
        goal="Build a calculator",
    )


def heard(number: int) -> Heard:
    """Somebody who has heard it."""
    standings = {"task-a7f3": Standing(turn=number, cost_usd=0.01)}
    return Heard(listener="anna", seq=number, standings=standings)


if __name__ == "__main__":
    asyncio.run(main())
