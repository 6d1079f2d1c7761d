"""What programs ask for by HTTP, and what they are answered beside `Progress` and its like."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from models.replies import ConfirmationAnswer
from models.task import Goal, Limits, TaskId, TaskInput, Waiting

ProjectPath = Annotated[str, StringConstraints(pattern=r"^/[^\x00]*$", max_length=4096)]
"""Absolute, for the caller's own directory is nothing here."""


class StartRequest(BaseModel):
    """A goal in words, and how far the task may go; what is left out is as in the settings."""

    model_config = ConfigDict(extra="forbid")

    goal: Goal = Field(examples=["Build a calculator for the command line, with tests"])
    project: ProjectPath | None = Field(
        default=None, description="Absolute path of a git repository to work on a clone of"
    )
    minutes: float | None = Field(default=None, gt=0, le=7 * 24 * 60, description="Active minutes")
    turns: int | None = Field(default=None, ge=1, le=10_000)
    dollars: float | None = Field(default=None, gt=0, le=100_000, description="Of model cost")

    def task(self, limits: Limits) -> TaskInput:
        """The task that is asked for; `limits` are those of a task that names none."""
        named = {
            "max_active_seconds": None if self.minutes is None else max(1, self.minutes * 60),
            "max_turns": self.turns,
            "max_cost_usd": self.dollars,
        }
        given = {name: value for name, value in named.items() if value is not None}
        return TaskInput(
            goal=self.goal, project=self.project, limits=limits.model_copy(update=given)
        )


class Received(BaseModel):
    """A task took a message; `message` says in a sentence what comes of it."""

    task_id: TaskId
    message: str


class WaitingTask(BaseModel):
    """A task that waits for the code."""

    task_id: TaskId
    goal: str
    waiting_for: Waiting


class ConfirmationMessage(ConfirmationAnswer):
    """An answer from a bridge such as N8N.

    `task_id` is as people write it (`a7f3`, `#a7f3`); without it the one request that waits is
    meant. A message with a `message_id` counts once, however often it is delivered.
    """

    task_id: str | None = Field(default=None, max_length=60, examples=["a7f3"])
    message_id: str | None = Field(default=None, min_length=1, max_length=200)
    discord_user_id: str | None = Field(default=None, max_length=40)

    @property
    def answer(self) -> ConfirmationAnswer:
        """What of it is for the task."""
        return ConfirmationAnswer.model_validate(
            self.model_dump(include=set(ConfirmationAnswer.model_fields))
        )


class ConfirmationEnvelope(BaseModel):
    """The same in the form of Standard Webhooks."""

    type: str = Field(max_length=100, examples=["confirmation.submitted"])
    timestamp: str = Field(default="", max_length=100)
    data: ConfirmationMessage
