"""One channel's deliveries: what is kept, what goes together, when it goes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from models.contract import Activity
from models.notices import Channel, Delivered, NoticeRequest, Outgoing
from models.updates import WHY_CALLED, Update, UpdateKind
from workflows import patience
from workflows.notices import one_line

KEPT_QUIET = 40
"""Of the quiet updates that wait. A channel that was away for long is told the latest of them, and
how many there were; those that a person must notice all stay."""

MAX_QUIET_CHARACTERS = 1_000
MAX_LOUD_CHARACTERS = 10_000
"""Of one text in an update. A batch is one loud update and the quiet ones before it, so it stays
far below the 2 MiB of a payload. A command that waits for consent has 8,000 at most."""

_WAYS = {
    Channel.DISCORD: (Activity.POST_UPDATE, patience.DELIVER_BEATING),
    Channel.VOICE: (Activity.ANNOUNCE, patience.DELIVER_AT_ONCE),
    Channel.VOICE_WEBHOOK: (Activity.SPEAK, patience.DELIVER),
    Channel.PHONE: (Activity.CALL_USER, patience.DELIVER),
}
_LOUD = {
    UpdateKind.TASK_STARTED,
    UpdateKind.CONFIRMATION_REQUESTED,
    UpdateKind.CONFIRMATION_REMINDER,
    UpdateKind.CONFIRMATION_RESOLVED,
    UpdateKind.QUESTION_ASKED,
    UpdateKind.QUESTION_ANSWERED,
    UpdateKind.TASK_PARKED,
}
_CAN_WAIT = {UpdateKind.COMMAND_FINISHED, UpdateKind.FILE_EDITED}
"""Mostly followed by the next step, with which they then go."""


class Courier:
    """Delivers on one channel. All that it must not forget is in `outgoing`.

    `read` answers what is on the stream from an offset on, and the next offset; `refused` is told
    why the channel takes nothing any more.
    """

    def __init__(
        self,
        task_id: str,
        goal: str,
        outgoing: Outgoing,
        *,
        read: Callable[[int], tuple[list[Update], int]],
        refused: Callable[[str], None],
    ) -> None:
        self._task_id = task_id
        self._goal = goal
        self._outgoing = outgoing
        self._read = read
        self._refused = refused
        self._rested_at = workflow.now() - patience.COLLECTING_STEPS
        self._is_stopped = False
        self._delivery: workflow.ActivityHandle[Delivered] | None = None
        self._sent = 0

    async def run(self) -> None:
        """Deliver whatever there is to tell, until stopped or refused for good."""
        while not (self._is_stopped or self._outgoing.is_off):
            await workflow.wait_condition(lambda: self._is_stopped or self._has_news())
            if not self._is_stopped and await self._is_due():
                await self._deliver()

    async def run_down(self) -> None:
        """Deliver what is pending, and no more.

        Raises:
            ActivityError: the channel takes nothing any more.
        """
        while self._outgoing.pending:
            if await self._is_due():
                self._take_in(await self._begun())

    def stop(self) -> None:
        """Let `run` return, as soon as an attempt that is being made has ended."""
        self._is_stopped = True
        if self._delivery:
            self._delivery.cancel()

    def collect(self) -> None:
        """Take over from the stream what is new there and wanted here."""
        outgoing = self._outgoing
        read: list[Update] | None = None
        while read is None or read:
            read, outgoing.next_offset = self._read(outgoing.next_offset)
            if not outgoing.is_off:
                outgoing.pending += [_cut(one) for one in read if _is_wanted(one, outgoing.channel)]
        sent, waiting = outgoing.pending[: self._sent], outgoing.pending[self._sent :]
        surplus = [update.seq for update in waiting if not _is_loud(update)][:-KEPT_QUIET]
        outgoing.pending = sent + [update for update in waiting if update.seq not in surplus]
        outgoing.skipped += len(surplus)

    def _has_news(self) -> bool:
        self.collect()
        return bool(self._outgoing.pending)

    async def _is_due(self) -> bool:
        """Wait until the next delivery may go; False when it may go sooner than was thought."""
        due = self._due()
        if due > workflow.now():
            try:
                await workflow.wait_condition(
                    lambda: self._is_stopped or (self._has_news() and self._due() < due),
                    timeout=due - workflow.now(),
                    timeout_summary=f"collecting for {self._outgoing.channel}",
                )
            except TimeoutError:
                return True
            return False
        return True

    def _due(self) -> datetime:
        """Loud updates are due at once; quiet ones wait for others to go with."""
        return self._rested_at + min(_wait(update) for update in self._outgoing.pending)

    async def _deliver(self) -> None:
        try:
            delivered = await self._begun()
        except ActivityError as error:
            self._sent = 0
            if not self._is_stopped:
                self._turn_off(error)
            return
        self._take_in(delivered)

    def _begun(self) -> "workflow.ActivityHandle[Delivered]":
        outgoing = self._outgoing
        batch = self._batch()
        request = NoticeRequest(
            task_id=self._task_id,
            goal=one_line(self._goal),
            channel_state=outgoing.channel_state,
            updates=batch,
            skipped=outgoing.skipped,
        )
        self._sent = len(batch)
        activity, patient = _WAYS[outgoing.channel]
        self._delivery = workflow.start_activity(
            activity, request, result_type=Delivered, summary=batch[-1].kind, **patient
        )
        return self._delivery

    def _batch(self) -> list[Update]:
        """The next updates, up to the first loud one: an attempt tells one such, or none."""
        pending = self._outgoing.pending
        loud = next((at for at, update in enumerate(pending) if _is_loud(update)), len(pending))
        return pending[: loud + 1]

    def _take_in(self, delivered: Delivered) -> None:
        told = self._sent if delivered.told is None else delivered.told
        self._outgoing.pending = self._outgoing.pending[told:]
        self._sent = 0
        self._outgoing.channel_state = delivered.channel_state
        self._rested_at = workflow.now() + timedelta(seconds=delivered.rest_seconds)

    def _turn_off(self, error: ActivityError) -> None:
        cause = error.cause
        self._outgoing.is_off = True
        self._outgoing.pending = []
        sentence = cause.message if isinstance(cause, ApplicationError) else f"{cause or error}"
        self._refused(sentence)


def _is_wanted(update: Update, channel: Channel) -> bool:
    """Whether a channel tells such updates at all; what it makes of them is its own matter."""
    if channel is Channel.DISCORD:
        return update.kind is not UpdateKind.COMMAND_OUTPUT
    if channel is Channel.PHONE:
        return update.data.get("why") == WHY_CALLED or update.kind.is_end
    return bool(update.speak) or update.kind is UpdateKind.PHASE_CHANGED


def _is_loud(update: Update) -> bool:
    return update.kind in _LOUD or update.kind.is_end


def _wait(update: Update) -> timedelta:
    if _is_loud(update):
        return timedelta()
    return patience.COLLECTING_STEPS if update.kind in _CAN_WAIT else patience.COLLECTING


def _cut(update: Update) -> Update:
    """An update without what no channel shows of it."""
    most = MAX_LOUD_CHARACTERS if _is_loud(update) else MAX_QUIET_CHARACTERS
    data: dict[str, Any] = {
        name: value if not isinstance(value, str) or len(value) <= most else value[:most] + "…"
        for name, value in update.data.items()
    }
    return update.model_copy(update={"chat": one_line(update.chat, most), "data": data})
