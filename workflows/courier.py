"""One channel's deliveries, one after the other; what goes when, `backlog` says."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from models.contract import Activity
from models.notices import Channel, Delivered, NoticeRequest, Outgoing
from models.updates import Update
from workflows import backlog, patience
from workflows.notices import one_line

_WAYS = {
    Channel.DISCORD: (Activity.POST_UPDATE, patience.DELIVER_BEATING),
    Channel.VOICE: (Activity.ANNOUNCE, patience.DELIVER_AT_ONCE),
    Channel.VOICE_WEBHOOK: (Activity.SPEAK, patience.DELIVER),
    Channel.PHONE: (Activity.CALL_USER, patience.DELIVER),
}


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
            new = [update for update in read if backlog.is_wanted(update, outgoing.channel)]
            if new and not outgoing.is_off:
                sent, waiting = outgoing.pending[: self._sent], outgoing.pending[self._sent :] + new
                kept = backlog.kept(waiting)
                outgoing.skipped += len(waiting) - len(kept)
                outgoing.pending = sent + kept

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
                return not self._is_stopped
            return False
        return True

    def _due(self) -> datetime:
        """Loud updates are due at once; quiet ones wait for others to go with."""
        return self._rested_at + backlog.collecting(self._outgoing.pending, self._outgoing.channel)

    async def _deliver(self) -> None:
        delivery = self._begun()
        await workflow.wait_condition(lambda: delivery.done() or self._is_overtaken())
        is_given_up = self._is_stopped or not delivery.done()
        delivery.cancel()
        try:
            self._take_in(await delivery)
        except ActivityError as error:
            self._sent = 0
            self._outgoing.was_tried = True
            if not is_given_up:
                self._turn_off(error)

    def _is_overtaken(self) -> bool:
        """Whether a loud update has come while quiet ones wait for their next attempt."""
        self.collect()
        sent, waiting = self._outgoing.pending[: self._sent], self._outgoing.pending[self._sent :]
        return not backlog.has_loud(sent) and backlog.has_loud(waiting)

    def _begun(self) -> "workflow.ActivityHandle[Delivered]":
        outgoing = self._outgoing
        batch = backlog.batch(outgoing.pending)
        request = NoticeRequest(
            task_id=self._task_id,
            goal=one_line(self._goal),
            channel_state=outgoing.channel_state,
            updates=batch,
            skipped=outgoing.skipped,
            was_tried=outgoing.was_tried,
        )
        self._sent = len(batch)
        activity, patient = _WAYS[outgoing.channel]
        self._delivery = workflow.start_activity(
            activity, request, result_type=Delivered, summary=batch[-1].kind, **patient
        )
        return self._delivery

    def _take_in(self, delivered: Delivered) -> None:
        told = self._sent if delivered.told is None else delivered.told
        self._outgoing.pending = self._outgoing.pending[told:]
        self._outgoing.was_tried = False
        self._sent = 0
        self._outgoing.channel_state = delivered.channel_state
        self._rested_at = workflow.now() + timedelta(seconds=delivered.rest_seconds)

    def _turn_off(self, error: ActivityError) -> None:
        cause = error.cause
        self._outgoing.is_off = True
        self._outgoing.pending = []
        sentence = cause.message if isinstance(cause, ApplicationError) else f"{cause or error}"
        self._refused(sentence)
