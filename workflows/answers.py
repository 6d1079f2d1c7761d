"""What people answer to a request for the code: the first answer that fits decides it."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.safety import SafetyActivities
from models.consent import CheckRequest
from models.replies import ConfirmationAnswer, ConfirmOutcome, ConfirmReply
from workflows import patience
from workflows.confirmation import Confirmation, Standing
from workflows.consent_notices import ConsentNotices, tries_text
from workflows.memory import Memory


class Answers:
    """Takes answers from every side, one after the other; `in_hand` counts those not decided."""

    def __init__(self, memory: Memory, notices: ConsentNotices) -> None:
        self.in_hand = 0
        self._memory = memory
        self._notices = notices
        self._one_by_one = asyncio.Lock()

    async def receive(self, answer: ConfirmationAnswer) -> ConfirmReply:
        """Take an answer and say what became of it."""
        self.in_hand += 1
        try:
            async with self._one_by_one:
                return await self._received(answer)
        finally:
            self.in_hand -= 1

    def close(
        self, request: Confirmation, standing: Standing, answer: ConfirmationAnswer | None = None
    ) -> None:
        """Decide a request, and tell everybody."""
        request.close(standing, workflow.now(), answer)
        self._notices.resolved(request)

    async def _received(self, answer: ConfirmationAnswer) -> ConfirmReply:
        request = self._echoed_by(answer) or self._meant_by(answer)
        if request is None:
            return self._notices.nothing_waiting(answer)
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
            right = await workflow.execute_local_activity_method(
                SafetyActivities.check_code,
                CheckRequest(code=answer.code, request_id=request.request_id),
                summary=request.word,
                **patience.CHECK,
            )
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
        left = tries_text(request.tries_left)
        return request.reply(ConfirmOutcome.WRONG_CODE, f"Wrong code, {left} left.")

    def _meant_by(self, answer: ConfirmationAnswer) -> Confirmation | None:
        """The request an answer names; the latest for one that names none."""
        named = [one for one in self._memory.confirmations if one.is_named_by(answer)]
        return named[-1] if named else None

    def _echoed_by(self, answer: ConfirmationAnswer) -> Confirmation | None:
        """The request before, if a bare answer is a second channel's to that.

        People asked on two channels answer on both. The next question may wait by then, and
        nobody has read it yet.
        """
        if answer.names_none and len(self._memory.confirmations) > 1:
            before = self._memory.confirmations[-2]
            approved = before.standing is Standing.APPROVED
            if approved and _is_fresh(before) and before.channel != answer.channel:
                return before
        return None

    def _reply_when_closed(self, answer: ConfirmationAnswer, request: Confirmation) -> ConfirmReply:
        """A bare code means the last request only while people may still have that in mind."""
        late = request.standing is Standing.UNCONFIRMED
        if late or not answer.names_none or _is_fresh(request):
            return request.reply_when_closed(answer)
        return self._notices.nothing_waiting(answer)


def _is_fresh(request: Confirmation) -> bool:
    at = request.answered_at
    return at is not None and workflow.now() - at < patience.ECHO
