"""Hours and days: the real server lets them pass in no time, for one task at a time.

Temporal's older time-skipping server (temporal-test-server) does not know calls that the house
makes (DescribeTaskQueue), so this is the newer way, on the dev server.
"""

from datetime import datetime, timedelta
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from demo.faults import rate_limited, refused
from demo.scenarios.steps import finish, run
from demo.script import Scenario, Turn
from models.replies import Extension
from models.task import ParkedCause, Progress, State
from models.updates import UpdateKind
from tests.house import House, a_house
from tests.workflows.conftest import Pass

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SLACK = timedelta(seconds=30)
"""Of real time that passes while a test runs."""

THINK_ATTEMPTS = 8
"""As in workflows/patience.py."""


def parked(progress: Progress) -> bool:
    return progress.state is State.PARKED


def is_near(moment: datetime, expected: datetime) -> bool:
    return abs(moment - expected) < SLACK


def troubled(*faults: object) -> Scenario:
    """Claude cannot be reached at first; then one command, and the end."""
    return [
        Turn(faults=list(faults), blocks=[run("echo hello", phase="testing")]),
        Turn(blocks=[finish("Done.", checks=["echo hello"])]),
    ]


async def test_a_parked_task_that_nobody_wakes_ends_after_a_day(
    house: House, let_pass: Pass
) -> None:
    story = await house.start("scenario=long turns=3", max_turns=2)
    before = await story.until(parked)
    assert before.waiting_for
    assert before.waiting_for.expires_at
    assert is_near(before.waiting_for.expires_at, before.updated_at + DAY)
    await let_pass(story, DAY - 2 * MINUTE)
    assert (await story.progress()).state is State.PARKED
    await let_pass(story, 3 * MINUTE)
    progress = await story.end()
    assert progress.state is State.TIMED_OUT
    assert progress.result
    assert "24 hours" in progress.result.summary
    assert progress.result.files == str(story.workspace)
    assert (await story.updates())[-1].kind is UpdateKind.TASK_TIMED_OUT


async def test_more_room_in_the_last_minute_begins_another_day(
    house: House, let_pass: Pass
) -> None:
    story = await house.start("scenario=long turns=4", max_turns=2)
    await story.until(parked)
    await let_pass(story, DAY - MINUTE)
    await house.tasks.extend(story.task_id, Extension(turns=1))
    again = await story.until(lambda progress: parked(progress) and progress.turn == 3)
    await let_pass(story, 23 * HOUR)
    assert (await story.progress()).state is State.PARKED
    await house.tasks.extend(story.task_id, Extension(turns=5))
    progress = await story.end()
    assert progress.state is State.COMPLETED
    assert again.updated_at - progress.started_at > 23 * HOUR


async def test_a_used_up_quota_is_waited_for_and_the_task_goes_on(
    house: House, let_pass: Pass
) -> None:
    story = await house.start(troubled(rate_limited(5 * 3600)))
    before = await story.until(parked)
    assert before.parked_cause is ParkedCause.PROVIDER
    assert before.waiting_for
    assert before.waiting_for.expires_at
    assert is_near(before.waiting_for.expires_at, before.updated_at + 5 * HOUR)
    await let_pass(story, 4.9 * HOUR)
    assert len(story.calls()) == 1
    await let_pass(story, 0.2 * HOUR)
    progress = await story.end()
    assert progress.state is State.COMPLETED
    assert progress.parked_cause is None
    assert progress.active_seconds < SLACK.total_seconds()
    assert len(story.calls()) == 3


async def test_a_quota_longer_than_a_day_is_waited_for_as_well(
    house: House, let_pass: Pass
) -> None:
    story = await house.start(troubled(rate_limited(3 * 24 * 3600)))
    await story.until(parked)
    await let_pass(story, 3 * DAY + MINUTE)
    assert (await story.end()).state is State.COMPLETED


async def test_an_overloaded_provider_is_asked_again_in_a_quarter_of_an_hour(
    house: House, let_pass: Pass
) -> None:
    story = await house.start(troubled(refused(529, "Overloaded", times=THINK_ATTEMPTS)))
    await let_pass(story, 10 * MINUTE)
    before = await story.until(parked)
    assert len(story.calls()) == THINK_ATTEMPTS
    assert before.waiting_for
    assert "overloaded" in before.waiting_for.reason
    await let_pass(story, 15 * MINUTE)
    progress = await story.end()
    assert progress.state is State.COMPLETED
    assert len(story.calls()) == THINK_ATTEMPTS + 2
    kinds = [update.kind for update in await story.updates()]
    assert kinds.count(UpdateKind.TASK_PARKED) == kinds.count(UpdateKind.TASK_RESUMED) == 1


async def test_a_provider_that_stays_away_ends_the_task_in_the_end(
    house: House, let_pass: Pass
) -> None:
    story = await house.start(troubled(refused(529, "Overloaded", times=999)), parked_hours=0.2)
    await let_pass(story, HOUR)
    progress = await story.end()
    assert progress.state is State.TIMED_OUT
    assert progress.result
    assert "overloaded" in progress.result.summary


async def test_a_long_pause_is_no_active_time(house: House, let_pass: Pass) -> None:
    house.claude.hold("weekend")
    story = await house.start(
        [
            Turn(gate="weekend", blocks=[run("echo hello", phase="testing")]),
            Turn(blocks=[finish("Done.", checks=["echo hello"])]),
        ],
        max_active_seconds=120,
    )
    await story.until(lambda _: bool(story.calls()))
    await house.tasks.pause(story.task_id)
    house.claude.release("weekend")
    await story.until(lambda progress: progress.state is State.PAUSED)
    await let_pass(story, 3 * DAY)
    assert (await story.progress()).state is State.PAUSED
    await house.tasks.resume(story.task_id)
    progress = await story.end()
    assert progress.state is State.COMPLETED
    assert progress.updated_at - progress.started_at > 3 * DAY
    assert progress.active_seconds < SLACK.total_seconds()


async def test_a_code_that_nobody_gives_parks_the_task_and_then_ends_it(
    server: WorkflowEnvironment,
    claude: tuple[ScriptedClaude, str],
    tmp_path: Path,
    let_pass: Pass,
) -> None:
    async with a_house(server.client, claude, tmp_path, confirmation_code="open sesame") as house:
        story = await house.start("scenario=destructive")
        await story.until(lambda progress: progress.state is State.WAITING_CONFIRMATION)
        await let_pass(story, 6 * MINUTE)
        progress = await story.until(parked)
        assert progress.parked_cause is ParkedCause.UNCONFIRMED
        await let_pass(story, DAY)
        progress = await story.end()
        assert progress.state is State.TIMED_OUT
        assert (story.workspace / "build" / "old.o").exists()
        kinds = [update.kind for update in await story.updates()]
        assert kinds.count(UpdateKind.CONFIRMATION_REMINDER) == 2
