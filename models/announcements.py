"""The feed of announcements: what voice assistants hear of all tasks, in one order."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from models.requests import WaitingTask
from models.task import TaskId
from models.updates import UpdateKind

CALL_ID = "function_call_id"
"""In the data of `task.started`: the voice model's own id of the call that started the task."""

Listener = Annotated[str, StringConstraints(pattern=r"^[\w.@+:-]{1,100}$")]
"""Name of whoever listens, such as `anna-phone`; their place in the feed is kept under it."""


class Urgency(StrEnum):
    """When a voice should say it."""

    INTERRUPT = "interrupt"
    WHEN_IDLE = "when_idle"
    SILENT = "silent"  # for the model to know, not to say


_URGENCY = {
    UpdateKind.CONFIRMATION_REQUESTED: Urgency.INTERRUPT,
    UpdateKind.CONFIRMATION_REMINDER: Urgency.INTERRUPT,
    UpdateKind.QUESTION_ASKED: Urgency.INTERRUPT,
    # said already: by the answer of the function that started the task
    UpdateKind.TASK_STARTED: Urgency.SILENT,
}


class Announcement(BaseModel):
    """One thing to hear.

    `seq` is 1, 2, 3 ... over all tasks, `task_seq` that of the task's own update, `goal` the first
    words of the task's goal, `data` the few facts by which to answer.
    """

    seq: int = 0
    at: datetime
    task_id: TaskId
    task_seq: int
    kind: UpdateKind
    urgency: Urgency
    speak: str
    goal: str
    turn: int = 0
    cost_usd: float = 0.0
    function_call_id: str = ""
    data: dict[str, Any] = {}

    @property
    def is_end(self) -> bool:
        """Whether this is the last of its task."""
        return self.kind.is_end


def urgency_of(kind: UpdateKind, speak: str) -> Urgency:
    """When to say an update of this kind; one without words is not said at all."""
    return _URGENCY.get(kind, Urgency.WHEN_IDLE) if speak else Urgency.SILENT


class Announced(BaseModel):
    """Signal `announce`: updates of one task, oldest first; those told before are dropped."""

    items: list[Announcement]


class Standing(BaseModel):
    """How far a task was when somebody heard of it last."""

    turn: int = 0
    cost_usd: float = 0.0


class Heard(BaseModel):
    """Signal `heard`: a listener has all up to `seq`; `standings` is how far the tasks were then.

    A cursor only moves on, and without `standings` those kept stay as they are.
    """

    listener: Listener
    seq: int = Field(ge=0)
    standings: dict[TaskId, Standing] | None = None


class Place(BaseModel):
    """Where a listener is in the feed, since when.

    `standings` are kept from hanging up to the next time; while somebody listens there are none.
    """

    seq: int = 0
    standings: dict[TaskId, Standing] = {}
    at: datetime | None = None


class ReadRequest(BaseModel):
    """Query `read`: what comes after `after`, and where `listener` is."""

    after: int = 0
    listener: str = ""


class Page(BaseModel):
    """Answer of `read`; `more` when there is more to read at once, `place` of the listener."""

    items: list[Announcement] = []
    last_seq: int = 0
    more: bool = False
    place: Place | None = None


class CatchUp(BaseModel):
    """What happened while a listener was away, counted; `speak` says it.

    `steps` are turns of Claude and `cost_usd` dollars of model cost, of all tasks since the
    listener heard of them last. `waiting` are tasks that wait for somebody now, `ended` those that
    ended meanwhile.
    """

    speak: str
    urgency: Urgency
    steps: int
    cost_usd: float
    waiting: list[WaitingTask] = []
    ended: list[TaskId] = []


class FeedMemory(BaseModel):
    """All that the feed remembers. Fields are only ever added, with defaults."""

    items: list[Announcement] = []
    last_seq: int = 0
    told: dict[TaskId, int] = Field(
        default={}, description="The last `task_seq` of each task that was announced lately"
    )
    told_at: dict[TaskId, datetime] = Field(
        default={}, description="When that was: a task that was reset begins with older numbers"
    )
    places: dict[str, Place] = {}
