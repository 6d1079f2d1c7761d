"""What people hear and read about requests for the code."""

from models.replies import ConfirmOutcome
from models.task import State
from models.updates import WHY_CALLED, UpdateKind
from workflows.confirmation import Confirmation, Standing
from workflows.memory import Memory
from workflows.notices import Notices, one_line

MAX_CHAT_CHARACTERS = 1_000

TOLD_ANYWAY = {
    ConfirmOutcome.ACCEPTED,
    ConfirmOutcome.DENIED,
    ConfirmOutcome.WRONG_CODE,
    ConfirmOutcome.LOCKED,
}
"""Outcomes of an answer of which everybody gets a notice."""

_RESOLVED = {
    Standing.APPROVED: ("✅ **{word}** was approved", "Approved. I go on."),
    Standing.DENIED: ("🚫 **{word}** was denied", "Denied. I will not do it."),
    Standing.UNCONFIRMED: ("⌛ Nobody answered **{word}** in time", "Nobody answered in time."),
    Standing.LOCKED: ("🔒 Too many wrong codes for **{word}**", "Too many wrong codes. I stop."),
}


class ConsentNotices:
    """Tells on every channel what is asked, what is left of the time, and how it was decided."""

    def __init__(self, memory: Memory, notices: Notices) -> None:
        self._memory = memory
        self._notices = notices

    def requested(self, request: Confirmation) -> None:
        """Ask for the code."""
        self.waits(request)
        self._notices.publish(
            UpdateKind.CONFIRMATION_REQUESTED,
            f"⚠️ Task {self._notices.short} needs your code for **{request.word}**: "
            f"{code_span(request.command)}, to {request.reason}",
            f"The task {self._notices.title} needs your code for {request.word}, "
            f"to {request.reason}.",
            self._data(request)
            | {
                "command": request.command,
                "reason": request.reason,
                "purpose": request.purpose,
                "categories": request.categories,
            },
        )

    def waits(self, request: Confirmation) -> None:
        """Say in `status`, in `list` and in the Web UI that a person is waited for."""
        message = f"Waiting for the code for {request.word}: {request.command}"
        self._notices.show(State.WAITING_CONFIRMATION, message[:200], request.waiting)

    def reminder(self, request: Confirmation) -> None:
        """Tell that time is running out."""
        self._remind(
            request,
            "time",
            f"⏰ **{request.word}** still waits for your code: {code_span(request.command)}",
            f"I still wait for your code for {request.word}.",
        )

    def call(self, request: Confirmation) -> None:
        """Tell that the person is called on the phone; the phone's channel does it."""
        self._remind(
            request,
            WHY_CALLED,
            f"📞 **{request.word}** still waits for your code: I call you",
            f"I call you on the phone about {request.word}.",
        )

    def wrong_code(self, request: Confirmation) -> None:
        """Tell everybody that a wrong code was given, whoever gave it."""
        left = f"{request.tries} left"
        self._notices.show(self._memory.state, self._memory.message, request.waiting)
        self._remind(
            request,
            "wrong_code",
            f"❌ Wrong code for **{request.word}**, {left}",
            f"That code for {request.word} was wrong, {left}.",
        )

    def resolved(self, request: Confirmation) -> None:
        """Tell how a request was decided."""
        chat, speak = _RESOLVED[request.standing]
        why = f": {request.why_denied}" if request.why_denied else ""
        is_waiting = self._memory.state is State.WAITING_CONFIRMATION
        state = State.RUNNING if is_waiting else self._memory.state
        self._notices.show(state, f"{request.word.capitalize()}: {request.standing}")
        self._notices.publish(
            UpdateKind.CONFIRMATION_RESOLVED,
            one_line(chat.format(word=request.word) + why),
            speak,
            {
                "request_id": request.request_id,
                "word": request.word,
                "outcome": request.standing,
                "reason": request.why_denied,
                "actor": request.actor,
                "channel": request.channel,
            },
        )

    def _remind(self, request: Confirmation, why: str, chat: str, speak: str) -> None:
        kind, data = UpdateKind.CONFIRMATION_REMINDER, self._data(request) | {"why": why}
        self._notices.publish(kind, chat, speak, data | {"reason": request.reason})

    @staticmethod
    def _data(request: Confirmation) -> dict[str, object]:
        return {
            "request_id": request.request_id,
            "word": request.word,
            "expires_at": request.expires_at.isoformat(),
            "tries_left": request.tries_left,
        }


def minutes_text(seconds: float) -> str:
    """A length of time as people say it."""
    number, unit = (seconds / 60, "minute") if seconds >= 60 else (seconds, "second")
    return f"{number:.3g} {unit}{'' if number == 1 else 's'}"


def code_span(command: str) -> str:
    """A command on one line of Markdown, with enough of it to judge by."""
    line = one_line(command, MAX_CHAT_CHARACTERS)
    return f"`` {line} ``" if "`" in line else f"`{line}`"
