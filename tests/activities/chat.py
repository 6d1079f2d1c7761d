"""A task's updates as Discord is handed them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from models.task import Phase
from models.updates import Update, UpdateKind

BEGAN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
TASK = "task-a7f3"
REQUEST = "d3adb33fc0de"


def update(kind: UpdateKind, chat: str = "", phase: Phase = Phase.TESTING, **data: Any) -> Update:
    return Update(
        seq=1, at=BEGAN, task_id=TASK, kind=kind, phase=phase, chat=chat or kind.value, data=data
    )


def story() -> list[Update]:
    """One of each kind, in an order that may happen."""
    kind = UpdateKind
    asked: dict[str, Any] = {
        "request_id": REQUEST,
        "word": "walrus",
        "expires_at": "2026-11-22T10:05:00+00:00",
    }
    failed: dict[str, Any] = {
        "exit_code": 1,
        "outcome": "failed",
        "preview": "exit code 1 after 0.4 s: 1 failed",
    }
    updates = [
        update(kind.TASK_STARTED, goal="Build it", model="claude", max_turns=50, turn=0),
        update(kind.NOTE, by="task", text="node_modules is not kept."),
        update(kind.NOTE, by="claude", text="I begin with the *tests*."),
        update(kind.PHASE_CHANGED, phase=Phase.CODING),
        update(kind.FILE_EDITED, path="calc.py", added=42, removed=0),
        update(kind.FILE_EDITED, path="calc.py", added=1, removed=1),
        update(kind.COMMAND_STARTED, call_id="a", command="pytest -q", reason="To test", turn=3),
        update(kind.COMMAND_FINISHED, call_id="a", command="pytest -q", seconds=0.43, **failed),
        update(kind.NOTE, by="user", text="Powers too, please."),
        update(
            kind.CONFIRMATION_REQUESTED,
            command="rm -rf build\necho `date`",
            reason="delete a directory",
            purpose="To build anew",
            **asked,
        ),
        update(kind.CONFIRMATION_REMINDER, "⏰ **walrus** still waits", why="time", **asked),
        update(
            kind.CONFIRMATION_REMINDER,
            "❌ Wrong code for **walrus**, 2 tries left",
            why="wrong_code",
            **asked,
        ),
        update(kind.TASK_PAUSED, "Task #a7f3 is paused"),
        update(kind.TASK_RESUMED, "Task #a7f3 goes on"),
        update(
            kind.CONFIRMATION_RESOLVED,
            "✅ **walrus** was approved",
            outcome="approved",
            channel="voice",
            actor="Ada",
            **asked,
        ),
        update(kind.QUESTION_ASKED, question="Which **base**?", options=["two", "ten"]),
        update(kind.QUESTION_ANSWERED, "Answered: ten"),
        update(kind.TASK_PARKED, cause="budget", wakes="More dollars: ./tars extend a7f3"),
        update(kind.TASK_RESUMED, "Task #a7f3 goes on"),
        update(kind.COMMAND_STARTED, call_id="b", command="pytest -q", turn=9, cost_usd=0.0412),
        update(kind.COMMAND_FINISHED, call_id="b", exit_code=0, outcome="done", seconds=3.0),
        update(kind.PHASE_CHANGED, phase=Phase.COMPLETE),
        ended(),
    ]
    return [
        one.model_copy(update={"seq": number, "at": BEGAN + timedelta(seconds=number)})
        for number, one in enumerate(updates, 1)
    ]


def ended(kind: UpdateKind = UpdateKind.TASK_COMPLETED, **data: Any) -> Update:
    facts: dict[str, Any] = {
        "summary": "## A calculator\n\nRun `python calc.py '1 + 2'`, see [docs](https://x.test).",
        "checks_run": ["pytest -q"],
        "diff": {"files": 3, "added": 103, "removed": 2},
        "files": "/home/ada/.tars/tasks/task-a7f3/workspace",
        "branch": "tars/a7f3",
        "checkpoint": "0" * 40,
        "cost_usd": 0.0412,
        "turns": 9,
        "active_seconds": 172.4,
    }
    return update(kind, **(facts | data))
