"""CodingTask from start to end, on a real server with a real worker and real files."""

import asyncio
import itertools
import secrets
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from temporalio.client import WorkflowExecutionStatus

from demo.faults import rate_limited
from demo.scenarios.steps import finish, run
from demo.script import Conversation, Turn, call
from models.replies import Extension
from models.task import ParkedCause, Phase, State
from models.updates import Update, UpdateKind
from starter.problems import Refused, TaskClosed, UnknownTask
from tests.house import House


def kinds(updates: Sequence[Update]) -> list[UpdateKind]:
    return [update.kind for update in updates]


def done(check: str) -> Turn:
    return Turn(blocks=[finish("Done.", checks=[check])])


async def test_a_goal_becomes_software(house: House) -> None:
    story = await house.start("scenario=calculator")
    progress = await story.end()
    assert progress.state is State.COMPLETED
    assert progress.phase is Phase.COMPLETE
    assert progress.result
    assert progress.result.files == str(story.workspace)
    assert progress.result.diff.added > 20
    assert progress.cost_usd > 0
    checked = subprocess.run(
        ["python3", "-m", "unittest"], cwd=story.workspace, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


async def test_updates_are_gapless_and_tell_the_whole_story(house: House) -> None:
    story = await house.start("scenario=calculator")
    updates = await story.updates()
    assert [update.seq for update in updates] == list(range(1, len(updates) + 1))
    seen = kinds(updates)
    assert seen[0] is UpdateKind.TASK_STARTED
    assert seen[-1] is UpdateKind.TASK_COMPLETED
    assert {
        UpdateKind.PHASE_CHANGED,
        UpdateKind.NOTE,
        UpdateKind.COMMAND_STARTED,
        UpdateKind.COMMAND_OUTPUT,
        UpdateKind.COMMAND_FINISHED,
        UpdateKind.FILE_EDITED,
    } <= set(seen)
    resumed = [update async for update in story.tasks.follow(story.task_id, after_seq=5)]
    told = [(one.seq, one.kind, one.chat, one.data) for one in resumed]  # times may be a replay's
    assert told == [(one.seq, one.kind, one.chat, one.data) for one in updates[5:]]


async def test_the_answer_to_start_can_be_listed_and_found(house: House) -> None:
    story = await house.start("scenario=hello")
    await story.end()
    rows = await house.tasks.list_tasks()
    row = next(row for row in rows if row.task_id == story.task_id)
    assert row.goal == story.goal
    assert await house.tasks.find(f"#{story.task_id[5:]}") == story.task_id
    with pytest.raises(UnknownTask, match="no task"):
        await house.tasks.progress("task-zzzz")


async def test_an_unchecked_finish_is_refused_once(house: House) -> None:
    story = await house.start(
        [
            Turn(blocks=[call("write_file", path="a.txt", content="a\n"), finish("Done.")]),
            Turn(blocks=[run("cat a.txt", phase="testing")], expect="run"),
            Turn(blocks=[finish("Done and checked.", checks=["cat a.txt"])]),
        ]
    )
    progress = await story.end()
    assert progress.state is State.COMPLETED
    assert progress.turn == 3


async def test_a_goal_that_cannot_be_reached_fails_with_claudes_words(house: House) -> None:
    story = await house.start([Turn(blocks=[finish("No compiler here.", status="not_possible")])])
    progress = await story.end()
    assert progress.state is State.FAILED
    assert progress.result
    assert "No compiler here." in progress.result.summary
    description = await story.handle.describe()
    assert description.status is WorkflowExecutionStatus.FAILED


async def test_a_refusal_of_the_model_ends_the_task_with_a_sentence(house: House) -> None:
    progress = await (await house.start("scenario=refusal")).end()
    assert progress.state is State.FAILED
    assert progress.result
    assert "declined" in progress.result.summary


async def test_nobody_is_listening_for_questions_yet(house: House) -> None:
    progress = await (await house.start("scenario=question")).end()
    assert progress.result
    assert "Nobody is listening" in progress.result.summary


async def test_an_instruction_reaches_claude_at_its_next_turn(house: House) -> None:
    def answer(talk: Conversation) -> Turn:
        return Turn(blocks=[finish(f"Heard: {talk.words}", checks=["true"])])

    house.claude.hold("spoken")
    story = await house.start([Turn(gate="spoken", blocks=[run("true")]), answer])
    await story.until(lambda _: bool(story.calls()))
    await house.tasks.tell(story.task_id, "Use tabs, please.")
    house.claude.release("spoken")
    progress = await story.end()
    assert progress.result
    assert "Use tabs, please." in progress.result.summary


async def test_words_that_arrive_while_claude_finishes_keep_the_task_going(house: House) -> None:
    house.claude.hold("late")
    story = await house.start(
        [
            Turn(gate="late", blocks=[finish("Done.", checks=["true"])]),
            Turn(blocks=[finish("Done, with a README.", checks=["true"])]),
        ]
    )
    await story.until(lambda _: bool(story.calls()))
    await house.tasks.tell(story.task_id, "Also write a README.")
    house.claude.release("late")
    progress = await story.end()
    assert progress.result
    assert progress.result.summary == "Done, with a README."


async def test_pause_holds_before_the_next_step_and_resume_goes_on(house: House) -> None:
    house.claude.hold("thinking")
    story = await house.start([Turn(gate="thinking", blocks=[run("echo late")]), done("echo late")])
    await story.until(lambda _: bool(story.calls()))
    await house.tasks.pause(story.task_id)
    house.claude.release("thinking")
    await story.until(lambda progress: progress.state is State.PAUSED)
    assert len(story.calls()) == 1
    await house.tasks.resume(story.task_id)
    assert (await story.end()).state is State.COMPLETED
    assert {UpdateKind.TASK_PAUSED, UpdateKind.TASK_RESUMED} <= set(kinds(await story.updates()))


def sleepers(mark: str) -> list[int]:
    """Processes of this machine that sleep for `mark` seconds, walls or not."""
    found = psutil.process_iter(["cmdline"])
    return [one.pid for one in found if one.info["cmdline"] == ["sleep", mark]]


async def test_cancel_keeps_the_work_and_ends_the_whole_process_tree(house: House) -> None:
    mark = f"9876.{secrets.randbelow(10**9)}"
    script = (
        f"echo kept > kept.txt; trap '' TERM; setsid sleep {mark} & setsid -f sleep {mark}; wait"
    )
    story = await house.start([Turn(blocks=[run(script)])])
    await story.until(lambda _: len(sleepers(mark)) == 2)
    await house.tasks.cancel(story.task_id)
    progress = await story.end()
    assert not sleepers(mark)
    assert progress.state is State.CANCELLED
    assert (story.workspace / "kept.txt").exists()
    description = await story.handle.describe()
    assert description.status is WorkflowExecutionStatus.CANCELED
    with pytest.raises(TaskClosed):
        await house.tasks.cancel(story.task_id)


async def test_no_cancel_is_lost_whenever_it_comes(house: House) -> None:
    """Also one that comes while a step is ending, whose success would swallow it."""
    stories = [await house.start("scenario=long turns=200", max_turns=300) for _ in range(6)]
    for wanted_turn, story in enumerate(stories, start=1):
        while (await story.progress()).turn < wanted_turn:
            await asyncio.sleep(0.01)
        await house.tasks.cancel(story.task_id)
    for story in stories:
        assert (await story.end()).state is State.CANCELLED
        assert (await story.progress()).turn < 200


async def test_cancel_while_claude_thinks(house: House) -> None:
    house.claude.hold("never")
    story = await house.start([Turn(gate="never", blocks=[run("true")])])
    await story.until(lambda _: bool(story.calls()))
    await house.tasks.cancel(story.task_id)
    assert (await story.end()).state is State.CANCELLED
    house.claude.release("never")


async def test_the_turn_limit_parks_and_an_extension_goes_on(house: House) -> None:
    story = await house.start("scenario=long turns=3", max_turns=2)
    progress = await story.until(lambda progress: progress.state is State.PARKED)
    assert progress.parked_cause is ParkedCause.TURN_LIMIT
    assert progress.waiting_for
    assert "extend" in progress.waiting_for.reason
    with pytest.raises(Refused, match="how many"):
        await house.tasks.extend(story.task_id, Extension())
    extended = await house.tasks.extend(story.task_id, Extension(turns=5))
    assert extended.max_turns == 7
    assert (await story.end()).state is State.COMPLETED


async def test_the_budget_parks_before_the_next_model_call(house: House) -> None:
    story = await house.start("scenario=long turns=3", max_cost_usd=0.000001)
    progress = await story.until(lambda progress: progress.state is State.PARKED)
    assert progress.parked_cause is ParkedCause.BUDGET
    assert len(story.calls()) == 1
    await house.tasks.extend(story.task_id, Extension(dollars=1))
    assert (await story.end()).state is State.COMPLETED


async def test_the_time_limit_ends_the_command_and_parks(house: House) -> None:
    story = await house.start(
        [Turn(blocks=[run("sleep 60")]), done("sleep 60")], max_active_seconds=2
    )
    progress = await story.until(lambda progress: progress.state is State.PARKED)
    assert progress.parked_cause is ParkedCause.TIME_LIMIT
    assert progress.active_seconds < 5
    await house.tasks.extend(story.task_id, Extension(minutes=1))
    assert (await story.end()).state is State.COMPLETED


async def test_a_long_quota_window_parks_until_resumed(house: House) -> None:
    story = await house.start(
        [
            Turn(
                faults=[rate_limited(3600)],
                blocks=[finish("Done.", status="not_possible")],
            )
        ]
    )
    progress = await story.until(lambda progress: progress.state is State.PARKED)
    assert progress.parked_cause is ParkedCause.PROVIDER
    assert progress.waiting_for
    assert progress.waiting_for.expires_at
    await house.tasks.resume(story.task_id)
    await story.end()
    assert len(story.calls()) == 2


async def test_the_history_starts_anew_and_nothing_is_lost(house: House) -> None:
    story = await house.start("scenario=long turns=60 bytes=5000", max_turns=100)
    first_run = (await story.handle.describe()).run_id
    updates = await story.updates(deadline_seconds=100)
    assert (await story.handle.describe()).run_id != first_run
    steps = [update.seq for update in updates]
    assert all(late - early == 1 for early, late in itertools.pairwise(steps))
    started = [update for update in updates if update.kind is UpdateKind.COMMAND_STARTED]
    assert len(started) == 60
    assert len(story.calls()) == 61


async def test_a_project_gets_a_branch_and_its_tree_is_left_alone(
    house: House, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    git = ["git", "-C", str(project), "-c", "user.name=U", "-c", "user.email=u@example.com"]
    subprocess.run(["git", "init", "-q", "-b", "main", str(project)], check=True)
    (project / "a.txt").write_text("one\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)
    (project / "mine.txt").write_text("not committed\n")
    story = await house.start(
        [
            Turn(blocks=[call("edit_file", path="a.txt", old_text="one", new_text="two")]),
            Turn(blocks=[run("cat a.txt", phase="testing")]),
            Turn(blocks=[finish("Edited.", checks=["cat a.txt"])]),
        ],
        project=project,
    )
    progress = await story.end()
    assert progress.result
    assert progress.result.branch == f"tars/{story.task_id[5:]}"
    shown = subprocess.run(
        [*git, "show", f"{progress.result.branch}:a.txt"], capture_output=True, check=True
    )
    assert shown.stdout == b"two\n"
    assert (project / "a.txt").read_text() == "one\n"
    assert (project / "mine.txt").exists()


async def test_a_project_that_is_no_repository_fails_with_a_sentence(
    house: House, tmp_path: Path
) -> None:
    progress = await (await house.start("scenario=hello", project=tmp_path)).end()
    assert progress.state is State.FAILED
    assert progress.result
    assert str(tmp_path) in progress.result.summary


async def test_diff_and_log_are_shown_while_it_runs_and_after(house: House) -> None:
    story = await house.start("scenario=parallel")
    await story.end()
    diff = await house.tasks.diff(story.task_id)
    assert "one.txt" in diff.patch
    assert diff.stat.files == 2
    log = await house.tasks.log(story.task_id)
    assert any("I write two files" in entry.text for entry in log.entries)
