"""One turn in data: what Claude decided, what a hand did about it."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field

from models.notices import Channel
from models.task import Checkpoint, DiffStat, Phase, State, TaskId
from models.tools import Tool

# --- think: Claude sees the conversation at a checkpoint and decides -----------------------------


class Fence(BaseModel):
    """Orders the attempts on one workspace, so that a late one can be turned away.

    `run_started_at` orders runs of the workflow (a reset or continued run is a later one), `step`
    the steps within a run; the activity adds its attempt number.
    """

    run_started_at: float
    step: int


class ThinkRequest(BaseModel):
    """Input of `think`."""

    task_id: TaskId
    fence: Fence
    checkpoint: Checkpoint
    phase: Phase = Phase.PLANNING
    seconds_left: float = Field(default=3600, description="Active time the task still has")
    instructions: list[str] = Field(default=[], description="Words of the user, oldest first")
    answers: dict[str, str] = Field(
        default={}, description="Answers to tool calls that no hand carried out, by call id"
    )


class Usage(BaseModel):
    """Tokens of one model call and their price in US dollars."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    cost_usd: float = 0.0


class Finish(BaseModel):
    """What `finish_task` reported; `refused` is why it is not accepted yet, else empty."""

    status: Literal["done", "not_possible"]
    summary: str
    spoken_summary: str
    checks_run: list[str] = []
    refused: str = ""


class ToolCall(BaseModel):
    """One call that Claude wants made: a reference and a preview, never the content.

    The full input stays in the transcript, where the hand reads it by `id`.
    """

    id: str
    tool: Tool
    preview: str = Field(description="The command or path, at most 500 characters")
    reason: str = ""
    phase: Phase | None = None
    timeout_seconds: float | None = None
    finish: Finish | None = None
    question: str = ""
    options: list[str] = []


class DecisionKind(StrEnum):
    """What the workflow does next."""

    ACT = "act"
    THINK_AGAIN = "think_again"
    FINISHED = "finished"
    REFUSED = "refused"


class Decision(BaseModel):
    """Result of `think`. Small: its size does not depend on the conversation."""

    checkpoint: Checkpoint
    kind: DecisionKind
    calls: list[ToolCall] = []
    notes: list[str] = Field(default=[], description="What Claude said and nobody was told yet")
    finish: Finish | None = Field(default=None, description="Set when the conversation ended")
    usage: Usage = Usage()
    model: str = ""
    duration_seconds: float = Field(
        default=0.0, description="Of the attempt that answered; waiting between attempts is free"
    )


# --- hands: a tool call is carried out, from checkpoint to checkpoint ----------------------------


class HandRequest(BaseModel):
    """Input of every hand: the call `call_id` stands in the transcript at `checkpoint`."""

    task_id: TaskId
    fence: Fence
    checkpoint: Checkpoint
    call_id: str


class Approval(BaseModel):
    """A person's consent: to what `digest` was taken of, once, by the request `request_id`."""

    request_id: str = Field(pattern=r"^[a-z0-9-]{1,64}$")
    digest: str


class CommandRequest(HandRequest):
    """Input of `run_command`; `approval` is there when a person has given the code for it."""

    phase: Phase = Phase.PLANNING
    seconds_left: float = Field(description="Active time the task still has")
    approval: Approval | None = None


class Outcome(StrEnum):
    """How a hand ended."""

    DONE = "done"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    TIME_LIMIT = "time_limit"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    NEEDS_CODE = "needs_code"  # nothing ran: no approval, or one of another command or state
    REFUSED = "refused"  # nothing ran, and no code would change that


class FileChange(BaseModel):
    """One file that a step changed, by lines."""

    path: str
    added: int = 0
    removed: int = 0


class Observation(BaseModel):
    """Result of a hand. What Claude will read stands in `results/` of the checkpoint."""

    checkpoint: Checkpoint
    outcome: Outcome
    preview: str = Field(default="", description="One line for people, at most 500 characters")
    exit_code: int | None = None
    duration_seconds: float = 0.0
    output_rest: str = Field(
        default="", description="Output that was not streamed, at most 4,000 characters"
    )
    changes: list[FileChange] = Field(default=[], description="At most 20 changed files")


# --- opening and closing ------------------------------------------------------------------------


class OpenRequest(BaseModel):
    """Input of `open_workspace`."""

    task_id: TaskId
    fence: Fence
    goal: str
    project: str | None = None


class Opened(BaseModel):
    """A workspace that is ready, with its first checkpoint."""

    checkpoint: Checkpoint
    sandbox: str
    notes: list[str] = []
    model: str = ""
    workspace: str = ""
    channels: list[Channel] = Field(
        default=[], description="Where people are told what the task does"
    )


class CloseRequest(BaseModel):
    """Input of `close_workspace`: hand the work back, whatever the end was."""

    task_id: TaskId
    fence: Fence
    first: Checkpoint
    checkpoint: Checkpoint
    state: State
    project: str | None = None
    title: str = ""


class Closed(BaseModel):
    """Where the work is; `checkpoint` is the last one, with all that was on disk."""

    checkpoint: Checkpoint | None = None
    files: str
    branch: str | None = None
    diff: DiffStat = DiffStat()
    notes: list[str] = []


# --- judgement ----------------------------------------------------------------------------------


class VerdictDecision(StrEnum):
    """Whether a command may run."""

    RUN = "run"
    CONFIRM = "confirm"
    REFUSE = "refuse"


class Verdict(BaseModel):
    """What the policy says of a command, with a reason a voice can say."""

    decision: VerdictDecision
    categories: list[str] = []
    reason: str = ""
    span: tuple[int, int] | None = Field(
        default=None, description="Start and end of the matched text, in characters"
    )
