"""What a task is, how far it has come, and what ended it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

MAX_GOAL_CHARACTERS = 20_000
"""A goal is words of a person; a longer text belongs in a file of the project."""

MAX_CALL_ID_CHARACTERS = 200

TaskId = Annotated[str, StringConstraints(pattern=r"^task-[a-z0-9]{4,32}$")]
"""Workflow id of a task; people say and type the part after the dash."""

Checkpoint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
"""SHA-1 of a commit in the task's private repository: files and conversation at one moment."""

Goal = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_GOAL_CHARACTERS),
]


class State(StrEnum):
    """Where a task stands. The last four are final."""

    RUNNING = "running"
    WAITING_CONFIRMATION = "waiting_confirmation"
    WAITING_ANSWER = "waiting_answer"
    PAUSED = "paused"
    PARKED = "parked"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to the task."""
        return self in {State.COMPLETED, State.FAILED, State.CANCELLED, State.TIMED_OUT}


class Phase(StrEnum):
    """What Claude is busy with, as it says itself with each command."""

    PLANNING = "planning"
    CODING = "coding"
    TESTING = "testing"
    COMPLETE = "complete"


class ParkedCause(StrEnum):
    """Why nothing runs until somebody acts or a known moment comes."""

    UNCONFIRMED = "unconfirmed"
    TIME_LIMIT = "time_limit"
    TURN_LIMIT = "turn_limit"
    BUDGET = "budget"
    PROVIDER = "provider"
    HOST = "host"


class Limits(BaseModel):
    """How far a task may go before it parks. Waiting, paused and parked time is not active time."""

    max_turns: int = Field(ge=1, le=10_000)
    max_active_seconds: float = Field(ge=1, le=7 * 24 * 3600)
    max_cost_usd: float | None = Field(default=None, gt=0, le=100_000)
    parked_hours: float = Field(gt=0, le=24 * 365)


class TaskInput(BaseModel):
    """What a person asked for, as the workflow receives it."""

    goal: Goal
    limits: Limits
    project: str | None = Field(
        default=None, description="Absolute path of a git repository to work on a clone of"
    )
    function_call_id: str = Field(
        default="",
        max_length=MAX_CALL_ID_CHARACTERS,
        description="The voice model's own id of the call that started it; announcements carry it",
    )


class CostSummary(BaseModel):
    """Tokens and dollars of a task so far, at list price."""

    cost_usd: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0


class DiffStat(BaseModel):
    """Size of the change between the first and the latest checkpoint."""

    files: int = 0
    added: int = 0
    removed: int = 0


class TaskResult(BaseModel):
    """How a task ended and where its work is."""

    state: State
    summary: str
    spoken_summary: str
    checks_run: list[str] = []
    diff: DiffStat = DiffStat()
    files: str = Field(default="", description="Directory that holds the finished files")
    branch: str | None = Field(default=None, description="Branch made in the user's repository")
    checkpoint: Checkpoint | None = None


class Waiting(BaseModel):
    """What a task waits for a person to say."""

    kind: Literal["confirmation", "answer", "resume", "extend", "provider"]
    request_id: str
    word: str = ""
    command: str = ""
    reason: str
    asked_at: datetime | None = None
    expires_at: datetime | None = None
    tries_left: int | None = None


class Progress(BaseModel):
    """What `status` answers; the fields are a contract with other programs."""

    task_id: TaskId
    goal: str
    state: State
    phase: Phase
    message: str
    turn: int
    max_turns: int
    active_seconds: float
    cost_usd: float
    waiting_for: Waiting | None = None
    result: TaskResult | None = None
    started_at: datetime
    updated_at: datetime
    parked_cause: ParkedCause | None = None
    usage: CostSummary = CostSummary()
    checkpoint: Checkpoint | None = None
    first_checkpoint: Checkpoint | None = None
    sandbox: str = Field(default="", description="How commands are walled in, in words")
