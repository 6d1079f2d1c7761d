"""One request for the code: what it is about, how it stands, what an answer to it comes to."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

from models.consent import Asking
from models.replies import ConfirmationAnswer, ConfirmOutcome, ConfirmReply
from models.steps import Approval
from models.task import Waiting

MAX_KEPT_COMMAND_CHARACTERS = 300
"""Of the command of a request that was answered; only late answers still look at it."""


class Standing(StrEnum):
    """How a request stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    UNCONFIRMED = "unconfirmed"
    LOCKED = "locked"
    DROPPED = "dropped"  # the task ended while it waited


_WHEN_CLOSED = {
    Standing.APPROVED: "was approved already",
    Standing.DENIED: "was denied already",
    Standing.UNCONFIRMED: "waited no longer: the code came too late",
    Standing.LOCKED: "is locked after too many wrong codes",
    Standing.DROPPED: "waits no longer: the task has ended",
}
_OUTCOME_WHEN_CLOSED = {
    Standing.APPROVED: ConfirmOutcome.ALREADY_ANSWERED,
    Standing.DENIED: ConfirmOutcome.ALREADY_ANSWERED,
    Standing.UNCONFIRMED: ConfirmOutcome.EXPIRED,
    Standing.LOCKED: ConfirmOutcome.LOCKED,
    Standing.DROPPED: ConfirmOutcome.NOTHING_WAITING,
}


class Confirmation(BaseModel):
    """A request, kept in the task's memory until later ones push it out.

    `reason` says what the command would do, `purpose` what Claude says it is for. `digest` is what
    an approval buys. `why_denied`, `channel` and `actor` are as the answer has them.
    """

    request_id: str
    word: str
    command: str
    reason: str
    purpose: str = ""
    categories: list[str] = []
    digest: str
    asking: Asking
    tries_left: int
    asked_at: datetime | None = None
    expires_at: datetime
    standing: Standing = Standing.WAITING
    answered_at: datetime | None = None
    why_denied: str = ""
    channel: str = ""
    actor: str = ""

    @property
    def is_open(self) -> bool:
        """Whether an answer can still decide it."""
        return self.standing is Standing.WAITING

    @property
    def tries(self) -> str:
        """How many tries are left, as people say it."""
        return "1 try" if self.tries_left == 1 else f"{self.tries_left} tries"

    @property
    def approval(self) -> Approval:
        """What a hand is shown once the code was given."""
        return Approval(request_id=self.request_id, digest=self.digest)

    @property
    def waiting(self) -> Waiting:
        """What `status` shows."""
        return Waiting(
            kind="confirmation",
            request_id=self.request_id,
            word=self.word,
            command=self.command,
            reason=self.reason,
            asked_at=self.asked_at,
            expires_at=self.expires_at,
            tries_left=self.tries_left,
        )

    def is_named_by(self, answer: ConfirmationAnswer) -> bool:
        """Whether an answer that names a request means this one."""
        word = answer.word.strip().casefold()
        return word in {"", self.word} and answer.request_id in {"", self.request_id}

    def close(self, standing: Standing, at: datetime, answer: ConfirmationAnswer | None) -> None:
        """Decide it; no later answer changes that."""
        self.standing, self.answered_at = standing, at
        self.command = self.command[:MAX_KEPT_COMMAND_CHARACTERS]
        if answer:
            self.channel, self.actor = answer.channel, answer.actor
            self.why_denied = "" if answer.approve else answer.reason

    def reply(self, outcome: ConfirmOutcome, message: str) -> ConfirmReply:
        """Answer a person about this request."""
        return ConfirmReply(
            outcome=outcome,
            message=message,
            tries_left=self.tries_left,
            request_id=self.request_id,
            word=self.word,
        )

    def reply_when_closed(self, answer: ConfirmationAnswer) -> ConfirmReply:
        """Answer what comes after the decision. The same answer again is fine.

        The code is not looked at: it decides nothing any more, and must not be tried out here.
        """
        outcome = _OUTCOME_WHEN_CLOSED[self.standing]
        if answer.approve and self.standing is Standing.APPROVED:
            outcome = ConfirmOutcome.ACCEPTED
        if not answer.approve and self.standing is Standing.DENIED:
            outcome = ConfirmOutcome.DENIED
        return self.reply(outcome, f"{self.word.capitalize()} {_WHEN_CLOSED[self.standing]}.")


def nothing_waiting(answer: ConfirmationAnswer) -> ConfirmReply:
    """Answer a person when the task has no such request."""
    name = answer.word or answer.request_id
    if not name:
        text = "The task waits for no code."
        return ConfirmReply(outcome=ConfirmOutcome.NOTHING_WAITING, message=text)
    text = f"'{name}' belongs to no request of the task."
    return ConfirmReply(outcome=ConfirmOutcome.UNKNOWN_REQUEST, message=text)
