"""Asking a person for the code: one question at a time, and as long a wait as it takes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio import workflow

from models.consent import Asking, Judged, OnTimeout
from models.steps import ToolCall
from models.task import State
from workflows import patience
from workflows.answers import Answers
from workflows.confirmation import Confirmation, Standing
from workflows.consent_notices import ConsentNotices, minutes_text
from workflows.memory import Memory
from workflows.resting import Resting, TaskOver

KEPT_REQUESTS = 8
"""Answered requests a task remembers, to tell late answers what became of them."""


_MOMENT = timedelta(milliseconds=1)


class HumanReply:
    """Asks for the code; `answers` decides what people say.

    `keep_warm` keeps the conversation in the provider's prompt cache through a long wait.
    """

    def __init__(
        self,
        memory: Memory,
        notices: ConsentNotices,
        resting: Resting,
        answers: Answers,
        keep_warm: Callable[[], Awaitable[None]],
    ) -> None:
        self._memory = memory
        self._notices = notices
        self._resting = resting
        self._answers = answers
        self._keep_warm = keep_warm
        self._warming: asyncio.Task[None] | None = None

    async def ask(self, call: ToolCall, judged: Judged) -> Confirmation:
        """Ask for the code that `judged` needs; return the request when it is decided.

        Raises:
            TaskOver: too many wrong codes, or nobody answered and the settings end the task then.
        """
        request = self._opened(call, judged)
        self._warming = asyncio.create_task(self._kept_warm(request))
        try:
            while request.is_open:
                await self._in_time(request)
                if request.is_open:
                    await self._too_late(request)
        finally:
            if request.is_open:
                request.close(Standing.DROPPED, workflow.now(), None)
        if request.standing is Standing.LOCKED:
            tries = request.asking.attempts
            sentence = f"{tries} wrong codes were given for: {request.command}"
            raise TaskOver(State.FAILED, f"The task was stopped because {sentence}")
        return request

    def _opened(self, call: ToolCall, judged: Judged) -> Confirmation:
        if judged.asking is None:
            raise RuntimeError("a question without a word on how to ask it")
        timeout = timedelta(seconds=judged.asking.timeout_seconds)
        request = Confirmation(
            request_id=workflow.uuid4().hex[:12],
            word=judged.word,
            command=judged.command,
            reason=judged.verdict.reason,
            purpose=call.reason,
            categories=judged.verdict.categories,
            digest=judged.digest,
            asking=judged.asking,
            tries_left=judged.asking.attempts,
            asked_at=workflow.now(),
            expires_at=workflow.now() + timeout,
        )
        kept = self._memory.confirmations[1 - KEPT_REQUESTS :]
        self._memory.confirmations = [*kept, request]
        self._notices.requested(request)
        return request

    async def _in_time(self, request: Confirmation) -> None:
        """Wait for the answer, at most as long as the settings say."""
        for share, tell in self._stages(request.asking):
            await self._until_left(request, share)
            if request.is_open:
                tell(request)
        await self._until_left(request, 0)
        # an answer that came in time counts, also if checking it takes longer
        await workflow.wait_condition(lambda: not (request.is_open and self._answers.in_hand))

    def _stages(self, asking: Asking) -> list[tuple[float, Callable[[Confirmation], None]]]:
        """The ladder after the question itself: shares of the time left, and what is done then."""
        shares = asking.reminded_with_left
        shares = list(patience.REMINDED_WITH_LEFT) if shares is None else shares
        stages = [(share, self._notices.reminder) for share in shares]
        call_after = asking.call_after_seconds
        if call_after is not None and call_after < asking.timeout_seconds:
            stages.append((1 - call_after / asking.timeout_seconds, self._notices.call))
        return sorted(stages, key=lambda stage: -stage[0])

    async def _until_left(self, request: Confirmation, share: float) -> None:
        """Wait until `share` of the time is left. While the task is paused, none of it passes."""
        left = timedelta(seconds=share * request.asking.timeout_seconds)
        memory = self._memory
        while request.is_open:
            if memory.pause_requested:
                paused_at = workflow.now()
                await self._resting.paused(request.waiting)
                request.expires_at += workflow.now() - paused_at
                if request.is_open:
                    self._notices.waits(request)
                continue
            # a timer also where none is left: whether there is one must not hang on a millisecond
            remaining = max(request.expires_at - left - workflow.now(), _MOMENT)
            try:
                await workflow.wait_condition(
                    lambda: memory.pause_requested or not request.is_open,
                    timeout=remaining,
                    timeout_summary=f"waiting for the code: {request.word}",
                )
            except TimeoutError:
                return

    async def _kept_warm(self, request: Confirmation) -> None:
        """In a long wait, keep the provider's prompt cache once; nothing depends on it."""
        thought_at, now = self._memory.thought_at or workflow.now(), workflow.now()
        at = thought_at + patience.CACHE_REFRESHED_AFTER
        if not now < at < request.expires_at:
            return
        try:
            await workflow.wait_condition(
                lambda: not request.is_open, timeout=at - now, timeout_summary="prompt cache"
            )
        except TimeoutError:
            await self._keep_warm()

    async def _too_late(self, request: Confirmation) -> None:
        """Nobody answered: never consent."""
        waited = minutes_text(request.asking.timeout_seconds)
        match request.asking.on_timeout:
            case OnTimeout.PARK:
                await self._parked(request, f"Nobody gave the code within {waited}.")
            case OnTimeout.DENY:
                self._answers.close(request, Standing.UNCONFIRMED)
            case OnTimeout.FAIL:
                self._answers.close(request, Standing.UNCONFIRMED)
                text = f"Nobody gave the code within {waited} for: {request.command}"
                raise TaskOver(State.FAILED, text)

    async def _parked(self, request: Confirmation, why: str) -> None:
        """Stand still until a late answer; a resume asks once more."""
        await self._resting.until_answered(request.waiting, why, lambda: not request.is_open)
        if request.is_open:
            timeout = timedelta(seconds=request.asking.timeout_seconds)
            request.expires_at = workflow.now() + timeout
            self._notices.requested(request)
