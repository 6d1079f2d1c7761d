"""What is posted to a voice while a task runs: in order, through outages, or no more."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from demo.server import serve
from models.updates import Update, UpdateKind
from tests.asking import CODE, asked, of_kind, removal, the_code
from tests.house import House, Story, a_house
from tests.receiver import Receiver

SECRET = "a secret of the voice, which signs"

AHouse = Callable[[Receiver], Any]


@pytest.fixture
def a_posting_house(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> AHouse:
    @asynccontextmanager
    async def made(receiver: Receiver) -> AsyncIterator[House]:
        with serve(receiver.app) as control:
            settings = {
                "voice_webhook_url": f"{control.base_url}/heard",
                "voice_webhook_secret": SECRET,
                "confirmation_code": CODE,
            }
            async with a_house(server.client, claude, tmp_path, **settings) as house:
                yield house

    return made


async def through(house: House) -> tuple[Story, list[Update]]:
    story = await house.start(removal())
    await asked(story)
    await house.tasks.confirm(the_code(), story.task_id)
    return story, await story.updates()


def told(receiver: Receiver) -> list[tuple[str, int]]:
    """What arrived, by its id and its own number."""
    return [
        (seen.headers["webhook-id"], json.loads(seen.body)["data"]["task_seq"])
        for seen in receiver.received
    ]


async def ended(receiver: Receiver) -> None:
    async with asyncio.timeout(20):
        while b"task.completed" not in receiver.received[-1].body:
            await asyncio.sleep(0.02)


def spoken(updates: list[Update]) -> list[int]:
    """The numbers of the updates that a voice is told."""
    phases = UpdateKind.PHASE_CHANGED
    return [update.seq for update in updates if update.speak or update.kind is phases]


async def test_everything_to_be_heard_is_posted_once_and_in_order(a_posting_house: AHouse) -> None:
    receiver = Receiver()
    async with a_posting_house(receiver) as house:
        story, updates = await through(house)
        await ended(receiver)
    assert [seq for _, seq in told(receiver)] == spoken(updates)
    assert [name for name, _ in told(receiver)] == [
        f"{story.task_id}-{seq}" for seq in spoken(updates)
    ]


async def test_what_did_not_arrive_comes_again_by_the_same_name(a_posting_house: AHouse) -> None:
    receiver = Receiver()
    receiver.answers += [(503, {}), (200, {}), (500, {})]
    async with a_posting_house(receiver) as house:
        _, updates = await through(house)
        await ended(receiver)
    arrived = [seen for at, seen in enumerate(told(receiver)) if at not in {0, 2}]
    assert [seq for _, seq in arrived] == spoken(updates)
    assert told(receiver)[0] == told(receiver)[1]
    assert told(receiver)[2] in arrived


async def test_whoever_refuses_is_told_nothing_more_and_the_task_goes_on(
    a_posting_house: AHouse,
) -> None:
    receiver = Receiver()
    receiver.answers.append((404, {}))
    async with a_posting_house(receiver) as house:
        _, updates = await through(house)
    assert len(receiver.received) == 1
    notes = [update.chat for update in of_kind(updates, UpdateKind.NOTE)]
    assert any("The voice webhook answered 404." in note for note in notes)
    assert updates[-1].kind is UpdateKind.TASK_COMPLETED
