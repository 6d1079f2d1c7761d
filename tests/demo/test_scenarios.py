"""The scenarios, played to their end by a client that really runs the commands."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from anthropic.types import Message

from demo.scenarios import all_scenarios
from demo.scenarios.calculator import SOAK_SECONDS
from demo.script import Conversation, Turn
from models.tools import TOOL_INPUTS, Tool
from tests.demo.conftest import Stage, ask, said, user

Hands = Callable[[str, dict[str, Any]], str]


def hands(workspace: Path) -> Hands:
    """The tools, done by hand in a directory. A failing answer begins with `error:`."""

    def act(name: str, given: dict[str, Any]) -> str:
        TOOL_INPUTS[Tool(name)].model_validate(given)
        if name == "run_command":
            line = given["command"].replace("python3", sys.executable)
            ran = subprocess.run(
                ["bash", "-c", line],
                cwd=workspace,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            return f"{ran.stdout}\nexit code {ran.returncode}"
        if name == "write_file":
            (workspace / given["path"]).write_text(given["content"])
        elif name == "edit_file":
            before = (workspace / given["path"]).read_text()
            assert before.count(given["old_text"]) == 1
            after = before.replace(given["old_text"], given["new_text"])
            (workspace / given["path"]).write_text(after)
        elif name == "list_files":
            return "\n".join(sorted(path.name for path in workspace.iterdir())) or "(no files)"
        return "done"

    return act


def command(line: str) -> dict[str, Any]:
    return {"command": line, "reason": "To test", "phase": "testing", "timeout_s": None}


async def play(stage: Stage, scenario: str, act: Hands, goal: str = "Go.") -> list[Message]:
    """Play a scenario until it finishes; answer Claude's turns."""
    client = stage.client(scenario)
    messages, turns = [user(goal)], list[Message]()
    while True:
        turns.append(await ask(client, messages))
        calls = [block for block in turns[-1].content if block.type == "tool_use"]
        if not calls or calls[-1].name == "finish_task":
            return turns
        answers = [(call.id, act(call.name, dict(call.input))) for call in calls]
        content = [
            {
                "type": "tool_result",
                "tool_use_id": call,
                "content": answer,
                "is_error": answer.startswith("error:"),
            }
            for call, answer in answers
        ]
        messages += [said(turns[-1]), user(content)]


def finish(turns: list[Message]) -> dict[str, Any]:
    """What the last turn reported."""
    last = turns[-1].content[-1]
    assert last.type == "tool_use"
    assert last.name == "finish_task"
    return dict(last.input)


async def test_calculator_fails_is_mended_and_works(stage: Stage, tmp_path: Path) -> None:
    turns = await play(stage, "calculator", hands(tmp_path))
    report = finish(turns)
    assert report["status"] == "done"
    assert "soak.py" in report["summary"]
    assert len(report["spoken_summary"].split()) <= 20
    assert report["checks_run"]
    assert any(len(turn.content) > 3 for turn in turns), "several calls in one turn"
    shown = hands(tmp_path)("run_command", command("python3 calculator.py '10 - 4 - 3'"))
    assert shown == "3\n\nexit code 0"


async def test_cleanup_removes_the_scratch_file(stage: Stage, tmp_path: Path) -> None:
    report = finish(await play(stage, "calculator_with_cleanup", hands(tmp_path)))
    assert not (tmp_path / "soak.py").exists()
    assert "soak.py" not in report["summary"]


async def test_cleanup_that_is_denied_is_reported(stage: Stage, tmp_path: Path) -> None:
    done = hands(tmp_path)

    def careful(name: str, given: dict[str, Any]) -> str:
        denied = given.get("command", "").startswith("rm ")
        return "error: The user denied this." if denied else done(name, given)

    report = finish(await play(stage, "calculator_with_cleanup", careful))
    assert (tmp_path / "soak.py").exists()
    assert "soak.py" in report["summary"]


def test_calculator_takes_at_most_fifteen_seconds() -> None:
    scenario = all_scenarios()["calculator_with_cleanup"]
    assert not callable(scenario)
    last = Conversation({"messages": [user(), {"role": "assistant", "content": []}, user()]})
    turns = [step if isinstance(step, Turn) else step(last) for step in scenario]
    scripted = sum(turn.start_seconds + turn.stream_seconds for turn in turns)
    assert 8 < scripted + SOAK_SECONDS <= 15


@pytest.mark.parametrize(
    ("scenario", "report"),
    [
        ("hello", "Said **hello**."),
        ("parallel", "Two files are there."),
        ("destructive", "The build is gone."),
        ("question", "The colour is done."),
    ],
)
async def test_small_scenario_ends_as_told(
    stage: Stage, tmp_path: Path, scenario: str, report: str
) -> None:
    assert finish(await play(stage, scenario, hands(tmp_path)))["summary"] == report


async def test_long_runs_as_many_commands_as_the_goal_says(stage: Stage, tmp_path: Path) -> None:
    outputs: list[str] = []
    act = hands(tmp_path)

    def noting(name: str, given: dict[str, Any]) -> str:
        outputs.append(act(name, given))
        return outputs[-1]

    turns = await play(stage, "long", noting, "turns=3 bytes=5000")
    assert finish(turns)["summary"] == "Ran 3 commands."
    assert [len(max(re.findall("x+", output))) for output in outputs] == [5000] * 3


async def test_waiting_command_ends_when_the_file_is_there(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "go").write_text("went")
    assert finish(await play(stage, "waiting", hands(tmp_path)))["status"] == "done"


async def test_chatty_never_finishes(stage: Stage, tmp_path: Path) -> None:
    (turn,) = await play(stage, "chatty", hands(tmp_path))
    assert turn.stop_reason == "end_turn"


async def test_stubborn_repeats_itself_until_told(stage: Stage) -> None:
    calls: list[str] = []

    def refuse(name: str, given: dict[str, Any]) -> str:
        calls.append(given["command"])
        return "error: no such file" if len(calls) < 6 else "error: stop trying"

    report = finish(await play(stage, "stubborn", refuse))
    assert report["status"] == "not_possible"
    assert calls == ["cat missing.txt"] * 6
