"""What a task remembers from turn to turn, and takes along when its history starts anew."""

from datetime import datetime

from pydantic import BaseModel
from temporalio.contrib.workflow_streams import WorkflowStreamState

from models.notices import Outgoing
from models.replies import Extended, Extension
from models.steps import Usage
from models.task import (
    Checkpoint,
    CostSummary,
    Limits,
    ParkedCause,
    Phase,
    Progress,
    State,
    TaskInput,
    TaskResult,
    Waiting,
)
from workflows.confirmation import Confirmation


class Memory(BaseModel):
    """The whole state of a task.

    Fields are only ever added, with defaults: running tasks hold older ones.
    """

    limits: Limits
    started_at: datetime
    updated_at: datetime
    state: State = State.RUNNING
    phase: Phase = Phase.PLANNING
    message: str = "Starting"
    first_checkpoint: Checkpoint | None = None
    checkpoint: Checkpoint | None = None
    sandbox: str = ""
    turn: int = 0
    step: int = 0
    active_seconds: float = 0.0
    usage: CostSummary = CostSummary()
    instructions: list[str] = []
    answers: dict[str, str] = {}
    pause_requested: bool = False
    wake_requested: bool = False
    parked_cause: ParkedCause | None = None
    waiting_for: Waiting | None = None
    result: TaskResult | None = None
    stream: WorkflowStreamState | None = None
    confirmations: list[Confirmation] = []
    denied: dict[str, str] = {}
    thought_at: datetime | None = None
    outgoing: list[Outgoing] = []

    @property
    def seconds_left(self) -> float:
        """Active time the task still has."""
        return max(0.0, self.limits.max_active_seconds - self.active_seconds)

    def limit_reached(self, *, before_turn: bool) -> ParkedCause | None:
        """Which limit forbids the next step, if any."""
        if before_turn and self.turn >= self.limits.max_turns:
            return ParkedCause.TURN_LIMIT
        if self.seconds_left < 1:
            return ParkedCause.TIME_LIMIT
        most = self.limits.max_cost_usd
        if before_turn and most is not None and self.usage.cost_usd >= most:
            return ParkedCause.BUDGET
        return None

    def extend(self, extension: Extension) -> Extended:
        """Raise the limits. A limit that was never set stays unset."""
        limits = self.limits
        limits.max_turns += extension.turns
        limits.max_active_seconds += extension.minutes * 60
        if limits.max_cost_usd is not None:
            limits.max_cost_usd += extension.dollars
        return Extended(
            max_turns=limits.max_turns,
            max_active_seconds=limits.max_active_seconds,
            max_cost_usd=limits.max_cost_usd,
            message=f"The task may now take {limits.max_turns} turns and "
            f"{limits.max_active_seconds / 60:g} active minutes.",
        )

    def add_usage(self, usage: Usage) -> None:
        """Add one model call to the task's bill."""
        total = self.usage
        total.cost_usd += usage.cost_usd
        total.input_tokens += usage.input_tokens
        total.output_tokens += usage.output_tokens
        total.cache_write_tokens += usage.cache_write_tokens
        total.cache_read_tokens += usage.cache_read_tokens

    def progress(self, task_id: str, goal: str) -> Progress:
        """What `status` answers."""
        return Progress(
            task_id=task_id,
            goal=goal,
            max_turns=self.limits.max_turns,
            cost_usd=round(self.usage.cost_usd, 6),
            **self.model_dump(
                include={
                    "state",
                    "phase",
                    "message",
                    "turn",
                    "active_seconds",
                    "waiting_for",
                    "result",
                    "started_at",
                    "updated_at",
                    "parked_cause",
                    "usage",
                    "checkpoint",
                    "first_checkpoint",
                    "sandbox",
                }
            ),
        )


class RunInput(TaskInput):
    """Input of a run: what the person asked for and, in a continued run, what is remembered.

    One object, for the SDK takes no type hints for a call with fewer arguments than parameters.
    """

    memory: Memory | None = None
