"""What people answer to a request for the code: the first answer that fits decides it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from temporalio.exceptions import ActivityError

from models.replies import ConfirmationAnswer, ConfirmOutcome, ConfirmReply, too_early
from workflows import patience
from workflows.confirmation import Confirmation, Standing, nothing_waiting


class Notices(Protocol):
    """Whoever tells people what becomes of a request."""

    def wrong_code(self, request: Confirmation) -> None:
        """Tell that a wrong code was given."""

    def resolved(self, request: Confirmation) -> None:
        """Tell how it was decided."""


class Answers:
    """Takes answers from every side, one after the other; `in_hand` counts those not decided.

    `requests` returns those of the task, the latest last; `check` tells for a code and a request
    whether it is right; `now` is the time.
    """

    def __init__(
        self,
        requests: Callable[[], Sequence[Confirmation]],
        notices: Notices,
        check: Callable[[str, Confirmation], Awaitable[bool]],
        now: Callable[[], datetime],
    ) -> None:
        self.in_hand = 0
        self._requests = requests
        self._notices = notices
        self._check = check
        self._now = now
        self._one_by_one = asyncio.Lock()

    async def receive(self, answer: ConfirmationAnswer) -> ConfirmReply:
        """Take an answer and say what became of it."""
        # settled before it waits its turn, in which another question may come up
        request = self._echoed_by(answer) or self._meant_by(answer)
        if request is None:
            return nothing_waiting(answer)
        if not answer.can_be_for(request.asked_at):
            return too_early(answer)
        self.in_hand += 1
        try:
            async with self._one_by_one:
                return await self._decide(answer, request)
        finally:
            self.in_hand -= 1

    def close(
        self, request: Confirmation, standing: Standing, answer: ConfirmationAnswer | None = None
    ) -> None:
        """Decide a request, and tell everybody."""
        request.close(standing, self._now(), answer)
        self._notices.resolved(request)

    async def _decide(self, answer: ConfirmationAnswer, request: Confirmation) -> ConfirmReply:
        if not request.is_open:
            return self._reply_when_closed(answer, request)
        if not answer.approve:
            self.close(request, Standing.DENIED, answer)
            return request.reply(ConfirmOutcome.DENIED, "Denied; the command will not run.")
        if not answer.code.strip():
            return request.reply(ConfirmOutcome.WRONG_CODE, "There was no code in the answer.")
        return await self._checked(answer, request)

    async def _checked(self, answer: ConfirmationAnswer, request: Confirmation) -> ConfirmReply:
        try:
            right = await self._check(answer.code, request)
        except ActivityError:
            text = "The code could not be checked: give it again, and see ./tars doctor."
            return request.reply(ConfirmOutcome.NOT_CHECKED, text)
        if not request.is_open:
            return request.reply_when_closed(answer)
        if right:
            self.close(request, Standing.APPROVED, answer)
            return request.reply(ConfirmOutcome.ACCEPTED, "Approved; the task goes on.")
        return self._wrong(answer, request)

    def _wrong(self, answer: ConfirmationAnswer, request: Confirmation) -> ConfirmReply:
        request.tries_left -= 1
        if request.tries_left == 0:
            self.close(request, Standing.LOCKED, answer)
            return request.reply(ConfirmOutcome.LOCKED, "Wrong code, the last one: the task fails.")
        self._notices.wrong_code(request)
        return request.reply(ConfirmOutcome.WRONG_CODE, f"Wrong code, {request.tries} left.")

    def _meant_by(self, answer: ConfirmationAnswer) -> Confirmation | None:
        """The request an answer names; the latest that was asked by then for one that names none.

        If none was asked by then, one that was asked too late.
        """
        named = [one for one in self._requests() if one.is_named_by(answer)]
        by_then = [one for one in named if answer.can_be_for(one.asked_at)]
        return next(reversed(by_then or named), None)

    def _echoed_by(self, answer: ConfirmationAnswer) -> Confirmation | None:
        """The request before, if a bare answer is a second channel's to that.

        People asked on two channels answer on both. The next question may wait by then, and
        nobody has read it yet.
        """
        if not answer.names_none or len(self._requests()) < 2:
            return None
        before, latest = self._requests()[-2:]
        approved = before.standing is Standing.APPROVED and self._is_fresh(before)
        echoed = latest.is_open and approved and before.channel != answer.channel
        return before if echoed else None

    def _reply_when_closed(self, answer: ConfirmationAnswer, request: Confirmation) -> ConfirmReply:
        """A bare code means the last request only while people may still have that in mind."""
        late = request.standing is Standing.UNCONFIRMED
        if late or not answer.names_none or self._is_fresh(request):
            return request.reply_when_closed(answer)
        if answer.said_at and self._requests()[-1].is_open:
            return too_early(answer)
        return nothing_waiting(answer)

    def _is_fresh(self, request: Confirmation) -> bool:
        at = request.answered_at
        return at is not None and self._now() - at < patience.ECHO
