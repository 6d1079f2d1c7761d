"""What people are shown of a task: the change so far and the conversation so far."""

from typing import Literal

from pydantic import BaseModel

from models.steps import FileChange
from models.task import Checkpoint, DiffStat, TaskId


class DiffRequest(BaseModel):
    """Input of `show_diff`: the change between two checkpoints."""

    task_id: TaskId
    first: Checkpoint
    checkpoint: Checkpoint


class Diff(BaseModel):
    """A change as a patch; `truncated` when it was cut at the size a payload may have."""

    patch: str
    stat: DiffStat
    changes: list[FileChange] = []
    truncated: bool = False


class LogRequest(BaseModel):
    """Input of `show_log`: the conversation up to a checkpoint."""

    task_id: TaskId
    checkpoint: Checkpoint


class LogEntry(BaseModel):
    """One message of the conversation, for people."""

    who: Literal["user", "claude", "tool"]
    text: str


class Log(BaseModel):
    """The conversation, oldest first; `truncated` counts earlier entries left out."""

    entries: list[LogEntry] = []
    truncated: int = 0
