"""The five minutes of a question: when people are reminded, and Claude's prompt cache is kept."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from models.task import State
from models.updates import UpdateKind
from tests.asking import CODE, asked, of_kind, removal, the_code
from tests.house import House, Story, a_house
from tests.workflows.conftest import Pass

MINUTE = timedelta(minutes=1)
SLACK = timedelta(seconds=20)
"""Of real time that passes while a test runs."""


@pytest.fixture
async def guarded(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> AsyncIterator[House]:
    async with a_house(server.client, claude, tmp_path, confirmation_code=CODE) as house:
        yield house


def calls_to_keep_warm(story: Story) -> int:
    return sum(seen.max_tokens == 0 for seen in story.calls())


async def test_people_are_reminded_two_minutes_and_half_a_minute_before_the_end(
    guarded: House, let_pass: Pass
) -> None:
    story = await guarded.start(removal())
    waiting = await asked(story)
    await let_pass(story, 5 * MINUTE + SLACK)
    await story.until(lambda progress: progress.state is State.PARKED)
    await guarded.tasks.confirm(the_code())
    reminders = of_kind(await story.updates(), UpdateKind.CONFIRMATION_REMINDER)
    assert waiting.expires_at
    left = [waiting.expires_at - reminder.at for reminder in reminders]
    assert len(left) == 2
    assert abs(left[0] - 2 * MINUTE) < SLACK
    assert abs(left[1] - 0.5 * MINUTE) < SLACK
    assert {reminder.data["why"] for reminder in reminders} == {"time"}


async def test_the_prompt_cache_is_kept_once_in_a_long_wait(guarded: House, let_pass: Pass) -> None:
    story = await guarded.start(removal())
    await asked(story)
    before = await story.progress()
    await let_pass(story, 4 * MINUTE - SLACK)
    assert calls_to_keep_warm(story) == 0
    await let_pass(story, 2 * SLACK)
    await story.until(lambda _: calls_to_keep_warm(story) == 1)
    progress = await story.until(lambda progress: progress.cost_usd > before.cost_usd)
    assert progress.usage.cache_read_tokens > before.usage.cache_read_tokens
    assert progress.active_seconds == before.active_seconds
    await let_pass(story, 10 * MINUTE)
    await guarded.tasks.confirm(the_code())
    assert (await story.end()).state is State.COMPLETED
    assert calls_to_keep_warm(story) == 1


async def test_an_answer_in_time_needs_no_warm_cache(guarded: House, let_pass: Pass) -> None:
    story = await guarded.start(removal())
    await asked(story)
    await let_pass(story, 3 * MINUTE)
    await guarded.tasks.confirm(the_code())
    assert (await story.end()).state is State.COMPLETED
    assert calls_to_keep_warm(story) == 0
