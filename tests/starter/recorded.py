"""A task as its updates told it, with everything in it that a terminal has to cope with."""

from datetime import UTC, datetime, timedelta
from typing import Any

from models.task import Phase
from models.updates import Update, UpdateKind

BEGAN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PAGE = "http://127.0.0.1:8233/namespaces/default/workflows/task-a7f3"


def update(kind: UpdateKind, chat: str = "", phase: Phase = Phase.TESTING, **data: Any) -> Update:
    return Update(
        at=BEGAN,
        task_id="task-a7f3",
        kind=kind,
        phase=phase,
        chat=chat or kind.value,
        data=data,
    )


def recorded() -> list[Update]:
    kind = UpdateKind
    updates = [
        update(
            kind.TASK_STARTED,
            goal="Build a calculator with tests that tells errors the way a person would want "
            "to read them",
            workspace="/home/ada/.tars/tasks/task-a7f3/workspace",
            sandbox="bubblewrap",
            model="claude-sonnet-5-5",
            max_turns=50,
        ),
        update(
            kind.NOTE,
            by="claude",
            text="I'll start with the **tests**, then write `calculator.py`:\n\n- numbers\n- signs",
        ),
        update(kind.PHASE_CHANGED, phase=Phase.CODING),
        update(kind.FILE_EDITED, path="calculator.py", added=42, removed=0),
        update(kind.FILE_EDITED, path="tests/test_calculator.py", added=31, removed=2),
        update(kind.PHASE_CHANGED, phase=Phase.TESTING),
        update(
            kind.COMMAND_STARTED,
            call_id="a",
            command="python -m pytest -q \\\n  --maxfail=1",
            reason="To see whether the [red]tests[/red] pass",
            turn=3,
        ),
        update(kind.COMMAND_OUTPUT, call_id="a", text="\x1b[31mF...\x1b[0m\n 10%\r 99%\n\n"),
        update(kind.COMMAND_OUTPUT, call_id="a", text="E   assert 3 == 4" + ", it goes on" * 8),
        update(
            kind.COMMAND_FINISHED,
            call_id="a",
            exit_code=1,
            outcome="failed",
            seconds=0.43,
            turn=3,
            cost_usd=0.0123,
        ),
        update(kind.COMMAND_STARTED, call_id="b", command="make slow", turn=4),
        update(kind.COMMAND_STARTED, call_id="c", command="make quick", turn=4),
        update(kind.COMMAND_OUTPUT, call_id="b", text="slow, but going"),
        update(kind.COMMAND_FINISHED, call_id="c", exit_code=0, outcome="done", seconds=3, turn=4),
        update(
            kind.COMMAND_FINISHED, call_id="b", exit_code=None, outcome="timed_out", seconds=120
        ),
        update(kind.NOTE, by="user", text="Powers too, please."),
        update(kind.NOTE, by="task", text="node_modules was left out of the checkpoint."),
        update(
            kind.TASK_PARKED,
            cause="turn_limit",
            wakes="The turn limit is reached; give more turns: ./tars extend a7f3 --turns 20.",
        ),
        update(kind.TASK_RESUMED, "Task #a7f3 **goes on**"),
        update(kind.PHASE_CHANGED, phase=Phase.COMPLETE),
        update(
            kind.TASK_COMPLETED,
            summary="## A calculator\n\nRun `python calculator.py '1 + 2'`.",
            checks_run=["python -m pytest -q", "python calculator.py '1 + 2'"],
            diff={"files": 3, "added": 103, "removed": 2},
            files="/home/ada/.tars/tasks/task-a7f3/workspace",
            branch="tars/a7f3",
            cost_usd=0.0412,
            turns=9,
            active_seconds=72.4,
        ),
    ]
    return [
        one.model_copy(update={"seq": number, "at": BEGAN + timedelta(seconds=number)})
        for number, one in enumerate(updates, 1)
    ]
