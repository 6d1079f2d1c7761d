"""What people send into a task, and what they are answered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)

MAX_WORDS_CHARACTERS = 20_000
MAX_CODE_CHARACTERS = 200
MAX_NAME_CHARACTERS = 200

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


class ConfirmationAnswer(BaseModel):
    """The code, or a no, from any channel.

    `word` or `request_id` name the request that is meant; without them it is the one that waits. A
    no needs no code. `channel` and `actor` say where it came from, for the others to read. What was
    asked after `said_at` it cannot be for; without it, it was said just now.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    code: str = Field(default="", max_length=MAX_CODE_CHARACTERS, repr=False)
    approve: StrictBool = True
    word: str = Field(default="", max_length=MAX_NAME_CHARACTERS)
    request_id: str = Field(default="", max_length=MAX_NAME_CHARACTERS)
    reason: str = Field(default="", max_length=MAX_WORDS_CHARACTERS)
    channel: str = Field(default="", max_length=MAX_NAME_CHARACTERS)
    actor: str = Field(default="", max_length=MAX_NAME_CHARACTERS)
    said_at: AwareDatetime | None = None

    def can_be_for(self, asked_at: datetime | None) -> bool:
        """Whether it was said after a request was asked; an id is known only by then."""
        if self.request_id or self.said_at is None or asked_at is None:
            return True
        return self.said_at >= asked_at

    @property
    def names_none(self) -> bool:
        """Whether it is the bare code, or a bare no."""
        return not (self.word or self.request_id)


class ConfirmOutcome(StrEnum):
    """How an answer was received."""

    ACCEPTED = "accepted"
    DENIED = "denied"
    WRONG_CODE = "wrong_code"
    LOCKED = "locked"  # that was the last wrong code; the task fails
    NOTHING_WAITING = "nothing_waiting"
    TOO_EARLY = "too_early"  # said before the request was asked, so meant for something else
    UNKNOWN_REQUEST = "unknown_request"  # the word or the id is of no request of this task
    EXPIRED = "expired"
    ALREADY_ANSWERED = "already_answered"  # otherwise than now
    NOT_CHECKED = "not_checked"  # the code could not be checked; give it again

    @property
    def is_settled(self) -> bool:
        """Whether the answer did what it was meant to do."""
        return self in {ConfirmOutcome.ACCEPTED, ConfirmOutcome.DENIED}


class ConfirmReply(BaseModel):
    """What became of an answer; `message` is a sentence for the person who gave it."""

    outcome: ConfirmOutcome
    message: str
    tries_left: int | None = None
    request_id: str = ""
    word: str = ""


def too_early(answer: ConfirmationAnswer) -> ConfirmReply:
    """Answer a person who spoke before anything was asked that waits now; it costs no try."""
    text = f"That was said before this was asked; {'give the code' if answer.approve else 'say it'}"
    return ConfirmReply(outcome=ConfirmOutcome.TOO_EARLY, message=f"{text} again.")
