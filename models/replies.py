"""What people send into a task, and what they are answered."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

MAX_WORDS_CHARACTERS = 20_000

Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_WORDS_CHARACTERS),
]


class Instruction(BaseModel):
    """Words for Claude to read before its next turn."""

    text: Words


class Extension(BaseModel):
    """More room for a task: each number is added to what was allowed before."""

    minutes: float = Field(default=0, ge=0, le=7 * 24 * 60)
    turns: int = Field(default=0, ge=0, le=10_000)
    dollars: float = Field(default=0, ge=0, le=100_000)


class Extended(BaseModel):
    """The limits after an extension."""

    max_turns: int
    max_active_seconds: float
    max_cost_usd: float | None
    message: str


class ConfirmOutcome(StrEnum):
    """How a code was received."""

    ACCEPTED = "accepted"
    WRONG_CODE = "wrong_code"
    NOTHING_WAITING = "nothing_waiting"
    EXPIRED = "expired"
