"""Standing still: paused by a person, or parked until somebody or a known moment wakes the task."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal

from temporalio import workflow

from models.task import ParkedCause, State, Waiting
from workflows.memory import Memory
from workflows.notices import Notices

_LIMITS = {
    ParkedCause.TURN_LIMIT: ("turn limit", "more turns: ./tars extend {id} --turns 20"),
    ParkedCause.TIME_LIMIT: ("time limit", "more minutes: ./tars extend {id} --minutes 10"),
    ParkedCause.BUDGET: ("budget", "more dollars: ./tars extend {id} --dollars 1"),
}


class TaskOver(Exception):
    """The task ends here for a reason that is not Claude's own; the message is for people."""

    def __init__(self, state: State, sentence: str) -> None:
        super().__init__(sentence)
        self.state = state


class Resting:
    """Holds a task between two steps for as long as it must not go on."""

    def __init__(self, memory: Memory, notices: Notices) -> None:
        self._memory = memory
        self._notices = notices

    async def until_allowed(self, *, before_turn: bool) -> None:
        """Return once the next step may begin: not paused, no limit reached.

        Raises:
            TaskOver: nobody woke the parked task in time.
            CancelledError: the task was cancelled during a step that ended all the same, which
                takes the SDK's only CancelledError away.
        """
        while True:
            if workflow.cancellation_reason() is not None:
                raise asyncio.CancelledError
            if self._memory.pause_requested:
                await self.paused()
            elif cause := self._memory.limit_reached(before_turn=before_turn):
                await self._out_of(cause, before_turn=before_turn)
            else:
                return

    async def park(self, cause: ParkedCause, reason: str, until: datetime | None = None) -> None:
        """Stand still for the provider or the host, until resumed or until a known moment.

        Raises:
            TaskOver: nobody woke the task in time.
        """
        memory = self._memory
        memory.wake_requested = False
        short = workflow.info().workflow_id
        wakes = f"wakes with ./tars resume {short}"
        if until:
            wakes += f", or by itself at {until:%H:%M} UTC"
        waiting = self._waiting("provider" if until else "resume", reason, until)
        await self._parked(cause, f"{reason} It {wakes}.", waiting, lambda: memory.wake_requested)

    async def until_answered(
        self, waiting: Waiting, why: str, answered: Callable[[], bool]
    ) -> None:
        """Stand still for an answer that did not come in time, or until resumed without one.

        Raises:
            TaskOver: nobody woke the task in time.
        """
        memory = self._memory
        memory.wake_requested = False
        short = workflow.info().workflow_id
        reason = f"{why} It wakes with ./tars confirm CODE {short} or ./tars deny {short}."
        await self._parked(
            ParkedCause.UNCONFIRMED,
            reason,
            waiting.model_copy(update={"expires_at": self._parked_until()}),
            lambda: memory.wake_requested or answered(),
        )

    async def paused(self, waiting: Waiting | None = None) -> None:
        """Stand still by request until resumed; `waiting` is what the task waits for as well."""
        memory = self._memory
        self._notices.show(State.PAUSED, "Paused; goes on with ./tars resume", waiting)
        self._notices.paused()
        await workflow.wait_condition(lambda: not memory.pause_requested)
        self._notices.show(State.RUNNING, "Going on")
        self._notices.resumed()

    async def _out_of(self, cause: ParkedCause, *, before_turn: bool) -> None:
        name, hint = _LIMITS[cause]
        reason = f"The {name} is reached; give " + hint.format(id=workflow.info().workflow_id) + "."
        await self._parked(
            cause,
            reason,
            self._waiting("extend", reason, None),
            lambda: self._memory.limit_reached(before_turn=before_turn) is not cause,
        )

    async def _parked(
        self, cause: ParkedCause, reason: str, waiting: Waiting, woken: Callable[[], bool]
    ) -> None:
        memory = self._memory
        memory.parked_cause = cause
        self._notices.show(State.PARKED, reason, waiting)
        deadline = waiting.expires_at or workflow.now()
        self._notices.parked(cause, reason, deadline.isoformat())
        try:
            await workflow.wait_condition(
                woken,
                timeout=deadline - workflow.now(),
                timeout_summary=f"parked: {cause.replace('_', ' ')}",
            )
        except TimeoutError:
            if waiting.kind != "provider":
                raise TaskOver(
                    State.TIMED_OUT,
                    f"Nobody woke the task for {memory.limits.parked_hours:g} hours: {reason}",
                ) from None
        memory.parked_cause = None
        self._notices.show(State.RUNNING, "Going on")
        self._notices.resumed()

    def _waiting(
        self, kind: Literal["resume", "extend", "provider"], reason: str, until: datetime | None
    ) -> Waiting:
        request_id = f"{kind}-{self._memory.step}"
        until = until or self._parked_until()
        return Waiting(kind=kind, request_id=request_id, reason=reason, expires_at=until)

    def _parked_until(self) -> datetime:
        return workflow.now() + timedelta(hours=self._memory.limits.parked_hours)
