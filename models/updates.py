"""The event stream: one `Update` for everything a person may want to notice."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from models.task import Phase

TOPIC = "updates"
"""Name of the topic on the task's workflow stream."""


WHY_CALLED = "call"
"""In the data of a `confirmation.reminder`, `why`: a person is called on the phone now."""


class UpdateKind(StrEnum):
    """Kinds of update; a contract with every listener."""

    TASK_STARTED = "task.started"
    PHASE_CHANGED = "phase.changed"
    COMMAND_STARTED = "command.started"
    COMMAND_OUTPUT = "command.output"
    COMMAND_FINISHED = "command.finished"
    FILE_EDITED = "file.edited"
    CONFIRMATION_REQUESTED = "confirmation.requested"
    CONFIRMATION_REMINDER = "confirmation.reminder"
    CONFIRMATION_RESOLVED = "confirmation.resolved"
    QUESTION_ASKED = "question.asked"
    QUESTION_ANSWERED = "question.answered"
    NOTE = "note"
    TASK_PAUSED = "task.paused"
    TASK_RESUMED = "task.resumed"
    TASK_PARKED = "task.parked"
    TASK_COMPLETED = "task.completed"
    TASK_FAILED = "task.failed"
    TASK_CANCELLED = "task.cancelled"
    TASK_TIMED_OUT = "task.timed_out"

    @property
    def is_end(self) -> bool:
        """Whether this is the last update of its task."""
        return self in {
            UpdateKind.TASK_COMPLETED,
            UpdateKind.TASK_FAILED,
            UpdateKind.TASK_CANCELLED,
            UpdateKind.TASK_TIMED_OUT,
        }


class Update(BaseModel):
    """One thing that happened.

    `chat` is one line of Markdown for Discord and terminals, `speak` at most 20 words without
    symbols for a voice ("" where a voice should stay silent), `data` the facts by `kind`.
    """

    seq: int = Field(default=0, description="1, 2, 3 ... per task; set where the stream is read")
    at: datetime
    task_id: str
    kind: UpdateKind
    phase: Phase
    chat: str
    speak: str = ""
    data: dict[str, Any] = {}
