"""Announcements: one long-lived workflow that holds what voices are to hear of all tasks."""

from typing import TypeVar

from temporalio import workflow

from models.announcements import (
    Announced,
    Announcement,
    FeedMemory,
    Heard,
    Page,
    Place,
    ReadRequest,
)
from models.contract import ANNOUNCEMENTS_TYPE, FeedQuery, FeedSignal

KEPT = 1_000
"""Announcements, and tasks that are known to have told something."""

KEPT_LISTENERS = 100
"""Those who listened last; of each it is known how far the tasks were."""

PAGE = 200
"""Announcements read at once, so that no answer is too large for a payload."""

CARRIED_BYTES = 400_000
"""Of the announcements into a continued run; Temporal warns at 512 KiB a payload."""

Kept = TypeVar("Kept")


@workflow.defn(name=ANNOUNCEMENTS_TYPE)
class Announcements:
    """A feed with a gapless order, and where each listener is in it."""

    @workflow.init
    def __init__(self, memory: FeedMemory) -> None:
        """Begin empty, or with what an earlier run remembers."""
        self._memory = memory

    @workflow.run
    async def run(self, _memory: FeedMemory) -> None:
        """Stay until the history is long, then go on in a new one."""
        await workflow.wait_condition(lambda: workflow.info().is_continue_as_new_suggested())
        workflow.continue_as_new(self._carried())

    @workflow.signal(name=FeedSignal.ANNOUNCE)
    def announce(self, announced: Announced) -> None:
        """Take in what was not taken in before; each attempt to announce may come again."""
        memory = self._memory
        for item in announced.items:
            told = memory.told.pop(item.task_id, 0)  # put back as the latest
            told_at = memory.told_at.pop(item.task_id, item.at)
            is_known = item.task_seq <= told and item.at <= told_at
            memory.told[item.task_id] = told if is_known else item.task_seq
            memory.told_at[item.task_id] = max(told_at, item.at)
            if is_known:
                continue
            memory.last_seq += 1
            memory.items.append(item.model_copy(update={"seq": memory.last_seq}))
        memory.items = memory.items[-KEPT:]
        memory.told = _latest(memory.told, KEPT)
        memory.told_at = _latest(memory.told_at, KEPT)

    @workflow.signal(name=FeedSignal.HEARD)
    def heard(self, heard: Heard) -> None:
        """Remember where a listener is. Nobody goes back, nor beyond what there is."""
        place = self._memory.places.pop(heard.listener, Place())
        place.seq = max(place.seq, min(heard.seq, self._memory.last_seq))
        place.at = workflow.now()
        if heard.standings is not None:
            place.standings = heard.standings
        self._memory.places = _latest(self._memory.places | {heard.listener: place}, KEPT_LISTENERS)

    @workflow.query(name=FeedQuery.READ)
    def read(self, request: ReadRequest) -> Page:
        """Read on, without a trace in the history."""
        memory = self._memory
        found = [item for item in memory.items if item.seq > request.after]
        return Page(
            items=found[:PAGE],
            last_seq=memory.last_seq,
            more=len(found) > PAGE,
            place=memory.places.get(request.listener),
        )

    def _carried(self) -> FeedMemory:
        kept: list[Announcement] = []
        size_bytes = 0
        for item in reversed(self._memory.items):
            size_bytes += len(item.model_dump_json().encode())
            if size_bytes > CARRIED_BYTES:
                break
            kept.append(item)
        return self._memory.model_copy(update={"items": kept[::-1]})


def _latest(remembered: dict[str, Kept], most: int) -> dict[str, Kept]:
    return dict(list(remembered.items())[-most:])
