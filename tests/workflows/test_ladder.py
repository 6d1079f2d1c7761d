"""The ladder for a question: asked at once, called on the phone after a while, warned, ended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from demo.scenarios.steps import finish
from demo.script import Turn
from demo.server import serve
from models.updates import UpdateKind
from tests.asking import CODE, asked, no, of_kind, removal, run, the_code
from tests.house import House, a_house
from tests.receiver import HalfDeaf, Twilio

REACHED: dict[str, Any] = {
    "confirmation_code": CODE,
    "confirmation_timeout_seconds": 60,
    "twilio_account_sid": "AC0",
    "twilio_auth_token": "token-of-twilio",
    "twilio_from": "+15550100",
    "call_to": "+15550199",
}
DONE = [Turn(blocks=[run("true")]), Turn(blocks=[finish("Wrote it.", checks=["true"])])]

AHouse = Callable[..., Any]


@pytest.fixture
def a_reached_house(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> AHouse:
    @asynccontextmanager
    async def made(twilio: Twilio, **more: Any) -> AsyncIterator[House]:
        with serve(twilio.app) as control:
            given = REACHED | {"twilio_base_url": control.base_url} | more
            async with a_house(server.client, claude, tmp_path, **given) as house:
                yield house

    return made


async def until(fits: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not fits():
            await asyncio.sleep(0.02)


async def test_after_a_while_the_phone_rings_once(a_reached_house: AHouse) -> None:
    twilio = Twilio()
    async with a_reached_house(twilio, call_after_seconds=0.5) as house:
        story = await house.start(removal())
        waiting = await asked(story)
        await until(lambda: twilio.calls)
        assert f"It needs your code for {waiting.word}, to {waiting.reason}." in twilio.said[0]
        assert "rm" not in twilio.said[0]
        await house.tasks.confirm(the_code(), story.task_id)
        updates = await story.updates()
    (reminder,) = of_kind(updates, UpdateKind.CONFIRMATION_REMINDER)
    assert reminder.data["why"] == "call"
    assert len(twilio.calls) == 1


async def test_a_call_that_twilio_took_and_denied_is_not_made_again(
    a_reached_house: AHouse,
) -> None:
    twilio = HalfDeaf()
    async with a_reached_house(twilio, call_after_seconds=0.5) as house:
        story = await house.start(removal())
        await until(lambda: len(twilio.received) == 2)
        assert [seen.method for seen in twilio.received] == ["POST", "GET"]
        await house.tasks.confirm(no(), story.task_id)
        await story.end()
    assert len(twilio.calls) == 1


async def test_who_has_answered_meanwhile_is_not_called(a_reached_house: AHouse) -> None:
    twilio = Twilio()
    twilio.answers.append((503, {}))
    async with a_reached_house(twilio, call_after_seconds=0.5) as house:
        story = await house.start(removal())
        await until(lambda: twilio.received)
        await house.tasks.confirm(no(), story.task_id)
        await story.end()
        quick = await house.start(removal())
        await asked(quick)
        await house.tasks.confirm(no(), quick.task_id)
        await quick.end()
        await delivered(house, story.task_id)
    assert twilio.calls == []


async def test_a_phone_that_cannot_be_used_is_noted_and_the_task_goes_on(
    a_reached_house: AHouse,
) -> None:
    twilio = Twilio()
    twilio.answers.append((401, {}))
    async with a_reached_house(twilio, call_after_seconds=0.5) as house:
        story = await house.start(removal())
        await until(lambda: twilio.received)
        await house.tasks.confirm(the_code(), story.task_id)
        notes = [one.chat for one in of_kind(await story.updates(), UpdateKind.NOTE)]
    assert any("Twilio answered 401" in note for note in notes)
    assert not any("token-of-twilio" in note for note in notes)


async def test_at_the_end_whoever_wants_it_is_called(a_reached_house: AHouse) -> None:
    twilio = Twilio()
    async with a_reached_house(twilio, call_on_completion=True, call_after_seconds=0) as house:
        story = await house.start(DONE)
        await story.end()
        await until(lambda: twilio.calls)
        assert "Wrote it." in twilio.said[0]
        cancelled = await house.start(removal())
        await asked(cancelled)
        await house.tasks.cancel(cancelled.task_id)
        await cancelled.end()
        await delivered(house, cancelled.task_id)
    assert len(twilio.calls) == 1


async def test_without_that_wish_nobody_is_called_at_the_end(a_reached_house: AHouse) -> None:
    twilio = Twilio()
    async with a_reached_house(twilio) as house:
        story = await house.start(DONE)
        await story.end()
        await delivered(house, story.task_id)
    assert twilio.received == []


async def test_the_stages_are_settings(a_reached_house: AHouse) -> None:
    more = {"confirmation_timeout_seconds": 2, "confirmation_reminders": "0.7, .2"}
    async with a_reached_house(Twilio(), call_after_seconds=1, **more) as house:
        story = await house.start(removal(), parked_hours=1)
        await story.until(lambda progress: progress.state == "parked")
        await house.tasks.cancel(story.task_id)
        updates = await story.updates()
    reminders = of_kind(updates, UpdateKind.CONFIRMATION_REMINDER)
    assert [one.data["why"] for one in reminders] == ["time", "call", "time"]


async def delivered(house: House, task_id: str) -> None:
    """Wait until what the task left to be told on the phone was dealt with."""
    query = "WorkflowType = 'Delivery' AND ExecutionStatus = 'Completed' AND "
    query += f"WorkflowId STARTS_WITH '{task_id}-phone'"
    async with asyncio.timeout(20):
        while not [one async for one in house.client.list_workflows(query)]:
            await asyncio.sleep(0.05)
