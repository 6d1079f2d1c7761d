"""Calling a person on the phone, by Twilio: for a code that nobody gives, and at the end."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from models.contract import Activity, Query
from models.notices import Delivered, NoticeRequest
from models.problems import Problem
from models.speech import duration, speakable, title
from models.task import Progress
from models.updates import Update, UpdateKind

WORTH_A_CALL = timedelta(minutes=10)
"""After this nobody is rung up any more for what happened, for instance when Twilio was away."""

ANSWER_TIMEOUT = timedelta(seconds=5)

_CALLED_AT = {UpdateKind.TASK_COMPLETED, UpdateKind.TASK_FAILED, UpdateKind.TASK_TIMED_OUT}
"""Ends of which a person is told; who cancels a task knows."""


class CallFailed(Exception):
    """No call was placed. `is_for_good` when trying again would not help."""

    def __init__(self, sentence: str, *, is_for_good: bool) -> None:
        super().__init__(sentence)
        self.is_for_good = is_for_good


class Phone(Protocol):
    """Whoever places calls. All methods raise CallFailed."""

    def check(self) -> None:
        """Return if calls can be placed."""

    def called_since(self, moment: datetime) -> bool:
        """Whether the person was called since then."""

    def call(self, said: str) -> None:
        """Call the person and say it."""


class CallSettings(NamedTuple):
    """When people want to be called; a confirmation's stage is a matter of the task."""

    on_completion: bool


class CallActivities:
    """One phone for one person. Without a phone nobody is called."""

    def __init__(self, phone: Phone | None, settings: CallSettings) -> None:
        self._phone = phone
        self._settings = settings

    @activity.defn(name=Activity.CALL_USER)
    async def call_user(self, request: NoticeRequest) -> Delivered:
        """Call about each update that is still worth it, once."""
        if self._phone is None:
            raise ApplicationError(
                "No phone is set up for this worker.", type=Problem.CHANNEL_REFUSED
            )
        was_tried = request.was_tried or activity.info().attempt > 1
        for update in request.updates:
            if await self._is_worth_a_call(update):
                await self._call_once(self._phone, update, request.goal, was_tried=was_tried)
        return Delivered()

    async def _is_worth_a_call(self, update: Update) -> bool:
        if datetime.now(UTC) - update.at > WORTH_A_CALL:
            return False
        if update.kind is UpdateKind.CONFIRMATION_REMINDER:
            return await _still_waits(update)
        return self._settings.on_completion and update.kind in _CALLED_AT

    async def _call_once(self, phone: Phone, update: Update, goal: str, *, was_tried: bool) -> None:
        """Call, unless an attempt before this one did.

        Twilio knows of calls, but has no idempotency key: what was tried before is not tried again
        when the person was called meanwhile, be it for another task.
        """
        try:
            if was_tried and await asyncio.to_thread(phone.called_since, update.at):
                return
            await asyncio.to_thread(phone.call, what_to_say(update, goal))
        except CallFailed as failed:
            kind = Problem.CHANNEL_REFUSED if failed.is_for_good else None
            raise ApplicationError(str(failed), type=kind) from None


async def _still_waits(update: Update) -> bool:
    task = activity.client().get_workflow_handle(update.task_id)
    progress = await task.query(Query.PROGRESS, result_type=Progress, rpc_timeout=ANSWER_TIMEOUT)
    waiting = progress.waiting_for
    return waiting is not None and waiting.request_id == update.data.get("request_id")


def what_to_say(update: Update, goal: str) -> str:
    """The words of a call: which task, and what it asks or how it ended, without symbols."""
    task = f"Hello. This is about your coding task: {title(goal)}."
    if update.kind is not UpdateKind.CONFIRMATION_REMINDER:
        return f"{task} {update.speak or 'It has ended.'}"
    data = update.data
    word, reason = speakable(str(data["word"])), speakable(str(data.get("reason", "")))
    left = datetime.fromisoformat(data["expires_at"]) - datetime.now(UTC)
    asks = f"It needs your code for {word}" + (f", to {reason}." if reason else ".")
    return f"{task} {asks} It waits for {duration(left.total_seconds())} more."
