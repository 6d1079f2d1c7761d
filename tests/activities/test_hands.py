"""Hands act once: however often an attempt dies, and whoever else is at it."""

import asyncio
import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from temporalio.exceptions import ApplicationError

from models.problems import Problem
from models.steps import Observation, Outcome
from models.tools import Tool
from tests.activities.hands import STEP, TASK_ID, Hands, Nursery
from tests.commands import until
from workspace.processes import Command, Lost

Calls: TypeAlias = dict[str, tuple[Tool, dict[str, Any]]]
Traces: TypeAlias = tuple[object, ...]

EDIT = {"path": "a.txt", "old_text": "one", "new_text": "one one"}
WRITE = {"path": "new/b.txt", "content": "b\n"}


def command(line: str) -> tuple[Tool, dict[str, Any]]:
    given = {"command": line, "reason": "test", "phase": "testing", "timeout_s": None}
    return Tool.RUN_COMMAND, given


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    with closing(Hands(tmp_path / "home")) as hands:
        yield hands


async def undisturbed(tmp_path: Path, call_id: str, calls: Calls, **files: str) -> Traces:
    """What the same call leaves when nothing dies."""
    with closing(Hands(tmp_path / "undisturbed")) as hands:
        hands.begin(calls, **files)
        return traces(hands, await hands.carry_out(call_id), call_id)


def traces(hands: Hands, seen: Observation, call_id: str) -> Traces:
    """All that a hand leaves, but for times and names of commits."""
    told = seen.model_dump(exclude={"checkpoint", "duration_seconds", "preview"})
    result = hands.result(seen, call_id)
    content = re.sub(r"after [\d.]+ s", "", result.content)
    files = {file.name: file.read_text() for file in hands.workspace.iterdir()}
    kept = {name: hands.kept(seen, name) for name in files}
    return told, content, result.is_error, files, kept


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


FILE_HAND_PLACES = [
    ("directory.py:hold", "call"),
    ("files.py:edit_file", "call"),
    ("files.py:edit_file", "return"),
    ("checkpoints.py:commit", "call"),
    ("checkpoints.py:commit", "return"),
    ("activities/workspace.py:_use", "return"),
]


@pytest.mark.parametrize(("place", "event"), FILE_HAND_PLACES)
async def test_an_edit_whose_attempt_died_is_made_once(
    hands: Hands, nursery: Nursery, tmp_path: Path, place: str, event: str
) -> None:
    """The text that is replaced stands in what replaces it, so a second edit would show."""
    calls, files = {"edit": (Tool.EDIT_FILE, EDIT)}, {"a.txt": "one\n"}
    hands.begin(calls, **files)
    await nursery.die(hands, "edit", place, event)
    seen = await hands.carry_out("edit", attempt=2)
    assert seen.outcome is Outcome.DONE
    assert hands.kept(seen, "a.txt") == "one one\n"
    assert traces(hands, seen, "edit") == await undisturbed(tmp_path, "edit", calls, **files)


async def test_a_write_whose_attempt_died_leaves_nothing_else(
    hands: Hands, nursery: Nursery
) -> None:
    hands.begin({"write": (Tool.WRITE_FILE, WRITE)})
    await nursery.die(hands, "write", "replacing.py:replace_file", "return")
    assert (hands.workspace / "new" / "b.txt").exists()
    seen = await hands.carry_out("write", attempt=2)
    assert hands.result(seen, "write").content.startswith("Created new/b.txt")
    assert hands.kept(seen, "new/b.txt") == "b\n"


COMMAND_PLACES = [
    ("commands.py:_read", "return"),
    ("commands.py:_bring_to_checkpoint", "return"),
    ("processes.py:_prepare", "return"),
    ("fork_client.py:_send", "return"),
    ("commands.py:_conclude", "call"),
    ("checkpoints.py:commit", "return"),
    ("commands.py:_conclude", "return"),
]


@pytest.mark.parametrize(("place", "event"), COMMAND_PLACES)
async def test_a_command_whose_attempt_died_runs_once(
    hands: Hands, nursery: Nursery, tmp_path: Path, place: str, event: str
) -> None:
    calls = {"run": command("echo ran >> ran.txt; seq 3; exit 4")}
    hands.begin(calls)
    await nursery.die(hands, "run", place, event)
    seen = await hands.carry_out("run", attempt=2)
    assert (seen.outcome, seen.exit_code) == (Outcome.DONE, 4)
    assert hands.kept(seen, "ran.txt") == "ran\n"
    assert traces(hands, seen, "run") == await undisturbed(tmp_path, "run", calls)


async def test_a_later_attempt_takes_up_the_running_command(hands: Hands, nursery: Nursery) -> None:
    line = "echo ran >> ran.txt; until [ -e go ]; do sleep 0.02; done; echo gone"
    hands.begin({"run": command(line)})
    await nursery.die(hands, "run", "live_output.py:__init__", "return")
    await until((hands.workspace / "ran.txt").exists)
    taking_up = asyncio.create_task(hands.carry_out("run", attempt=2))
    (hands.workspace / "go").touch()
    seen = await taking_up
    assert (seen.outcome, seen.exit_code) == (Outcome.DONE, 0)
    assert (hands.workspace / "ran.txt").read_text() == "ran\n"
    assert hands.result(seen, "run").content.endswith("gone\n")


async def test_a_command_nobody_watched_over_is_told_as_unknown_and_not_run_again(
    hands: Hands, nursery: Nursery
) -> None:
    hands.begin({"run": command("echo ran >> ran.txt; sleep 60")})
    await nursery.die(hands, "run", "live_output.py:__init__", "return")
    await until((hands.workspace / "ran.txt").exists)
    (status,) = hands.directory.commands.glob("*/status")
    os.kill(json.loads(status.read_text())["pid"], signal.SIGKILL)
    await until(lambda: isinstance(Command(status.parent).state(), Lost))
    seen = await hands.carry_out("run", attempt=2)
    assert (seen.outcome, seen.exit_code) == (Outcome.UNKNOWN, None)
    result = hands.result(seen, "run")
    assert result.is_error
    assert "not run again" in result.content
    assert hands.kept(seen, "ran.txt") == "ran\n"


async def test_two_attempts_of_an_edit_at_once_make_it_once(hands: Hands) -> None:
    hands.begin({"edit": (Tool.EDIT_FILE, EDIT)}, **{"a.txt": "one\n"})
    first, second = await asyncio.gather(
        *(hands.carry_out("edit", attempt=attempt) for attempt in (1, 2)), return_exceptions=True
    )
    assert not isinstance(second, BaseException)
    assert second.outcome is Outcome.DONE
    assert hands.kept(second, "a.txt") == "one one\n"
    assert (hands.workspace / "a.txt").read_text() == "one one\n"
    assert is_done_or_stale(first)


async def test_two_attempts_of_a_command_at_once_run_it_once(hands: Hands) -> None:
    hands.begin({"run": command("echo ran >> ran.txt; sleep 0.3; echo end")})
    first, second = await asyncio.gather(
        *(hands.carry_out("run", attempt=attempt) for attempt in (1, 2)), return_exceptions=True
    )
    assert not isinstance(second, BaseException)
    assert (second.outcome, second.exit_code) == (Outcome.DONE, 0)
    assert (hands.workspace / "ran.txt").read_text() == "ran\n"
    assert is_done_or_stale(first)


async def test_a_late_attempt_is_turned_away_and_changes_nothing(hands: Hands) -> None:
    calls = {"edit": (Tool.EDIT_FILE, EDIT), "run": command("echo late >> a.txt")}
    hands.begin(calls, **{"a.txt": "one\n"})
    await hands.carry_out("edit", attempt=2)
    for late in ({"attempt": 1}, {"attempt": 7, "step": STEP - 1}):
        for call_id in calls:
            with pytest.raises(ApplicationError) as turned_away:
                await hands.carry_out(call_id, **late)
            assert turned_away.value.type == Problem.STALE_ATTEMPT
            assert TASK_ID in turned_away.value.message
    assert (hands.workspace / "a.txt").read_text() == "one one\n"


def is_done_or_stale(outcome: object) -> bool:
    if isinstance(outcome, ApplicationError):
        return outcome.type == Problem.STALE_ATTEMPT
    return getattr(outcome, "outcome", None) is Outcome.DONE
