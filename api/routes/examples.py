"""Examples for readers of the OpenAPI document."""

from typing import Any

from api.openapi import Responses


def _of(status: int, description: str, value: Any) -> Responses:
    content = {"application/json": {"example": value}}
    return {status: {"description": description, "content": content}}


_TIMES = {"started_at": "2026-09-01T10:00:00Z", "updated_at": "2026-09-01T10:01:12Z"}

_WAITING = {
    "kind": "confirmation",
    "request_id": "5d41402abc4b",
    "word": "maple",
    "command": "rm -rf build",
    "reason": "delete a directory",
    "expires_at": "2026-09-01T10:06:00Z",
    "tries_left": 3,
}

STARTED = _of(
    201, "The task has started", {"task_id": "task-a7f3", "message": "Task #a7f3 has started."}
)

WAITING = _of(
    200,
    "The tasks that wait",
    [
        {
            "task_id": "task-a7f3",
            "goal": "Build a calculator with tests",
            "waiting_for": _WAITING,
        }
    ],
)

ROW = _of(
    200,
    "The tasks",
    [
        {
            "task_id": "task-a7f3",
            "goal": "Build a calculator with tests",
            "state": "running",
            "phase": "coding",
            "started_at": _TIMES["started_at"],
            "closed_at": None,
        }
    ],
)

PROGRESS = _of(
    200,
    "Where the task stands",
    {
        "task_id": "task-a7f3",
        "goal": "Build a calculator with tests",
        "state": "waiting_confirmation",
        "phase": "testing",
        "message": "Waiting for the code: maple",
        "turn": 4,
        "max_turns": 50,
        "active_seconds": 71.5,
        "cost_usd": 0.12,
        "waiting_for": _WAITING,
        "result": None,
        **_TIMES,
    },
)
