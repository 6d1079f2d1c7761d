"""Since you hung up: what a listener has missed, counted and said in one sentence."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from models.announcements import Announcement, CatchUp, Place, Standing, Urgency
from models.requests import WaitingTask
from models.speech import counted, dollars, speakable, title
from models.task import TaskId
from models.updates import UpdateKind
from starter.problems import TaskProblem
from starter.tasks import Tasks

FRESH = timedelta(seconds=30)
"""What is not older is news, and told as such: a line that broke for a moment is no absence."""

_ASKING = {"confirmation": "confirmation", "answer": "question"}
"""What a person is asked; other things that a task waits for only stand still."""


def was_away(place: Place, missed: Sequence[Announcement]) -> bool:
    """Whether a listener hung up a while ago, or missed something that is no news any more."""
    since = [missed[0].at] if missed else []
    if place.at and place.standings:
        since.append(place.at)
    return any(datetime.now(UTC) - at > FRESH for at in since)


async def standings(tasks: Tasks) -> dict[TaskId, Standing]:
    """How far the tasks are that have not ended, to count from later."""
    rows = [row.task_id for row in await tasks.list_tasks() if not row.state.is_final]
    found = await asyncio.gather(*(_standing(tasks, task_id) for task_id in rows))
    return {task_id: one for task_id, one in zip(rows, found, strict=True) if one}


async def catch_up(tasks: Tasks, place: Place, missed: Sequence[Announcement]) -> CatchUp | None:
    """Count what happened since a place in the feed, of which `missed` is what was announced.

    None when nothing happened and nothing waits. Steps are turns of Claude. Of a task that the
    place knows nothing of, they are counted from its first missed announcement on: rather too few
    than too many.
    """
    spent = await asyncio.gather(
        *(_spent(tasks, one, _then(one, place, missed), missed) for one in _ids(place, missed))
    )
    waiting = await _waiting(tasks)
    steps, cost_usd = sum(one.turn for one in spent), sum(one.cost_usd for one in spent)
    ended = [item for item in missed if item.is_end]
    if not (missed or steps or waiting):
        return None
    return CatchUp(
        speak=_sentence("Since you hung up", steps, cost_usd, waiting, ended),
        urgency=_urgency(waiting),
        steps=steps,
        cost_usd=round(cost_usd, 6),
        waiting=waiting,
        ended=[item.task_id for item in ended],
    )


async def now_waiting(tasks: Tasks) -> CatchUp | None:
    """What waits now, for somebody who listens for the first time; None when nothing does."""
    waiting = await _waiting(tasks)
    if not waiting:
        return None
    said = _sentence("At the moment", 0, 0, waiting, [])
    return CatchUp(speak=said, urgency=_urgency(waiting), steps=0, cost_usd=0, waiting=waiting)


async def _waiting(tasks: Tasks) -> list[WaitingTask]:
    return [
        WaitingTask(task_id=task.task_id, goal=task.goal, waiting_for=task.waiting_for)
        for task in await tasks.waiting()
        if task.waiting_for
    ]


def _urgency(waiting: Sequence[WaitingTask]) -> Urgency:
    is_asked = any(one.waiting_for.kind in _ASKING for one in waiting)
    return Urgency.INTERRUPT if is_asked else Urgency.WHEN_IDLE


def _ids(place: Place, missed: Iterable[Announcement]) -> list[TaskId]:
    return list(dict.fromkeys([*place.standings, *(item.task_id for item in missed)]))


def _then(task_id: TaskId, place: Place, missed: Iterable[Announcement]) -> Standing:
    """How far a task was when the listener heard of it last."""
    if task_id in place.standings:
        return place.standings[task_id]
    first = next(item for item in missed if item.task_id == task_id)
    if first.kind is UpdateKind.TASK_STARTED:
        return Standing()
    return Standing(turn=first.turn, cost_usd=first.cost_usd)


async def _spent(
    tasks: Tasks, task_id: TaskId, then: Standing, missed: Iterable[Announcement]
) -> Standing:
    """What a task has done since then."""
    heard = [item for item in missed if item.task_id == task_id]
    now = None if heard and heard[-1].is_end else await _standing(tasks, task_id)
    if now is None:
        now = Standing(turn=heard[-1].turn, cost_usd=heard[-1].cost_usd) if heard else then
    return Standing(
        turn=max(now.turn - then.turn, 0), cost_usd=max(now.cost_usd - then.cost_usd, 0)
    )


async def _standing(tasks: Tasks, task_id: TaskId) -> Standing | None:
    try:
        progress = await tasks.progress(task_id)
    except TaskProblem:
        return None
    return Standing(turn=progress.turn, cost_usd=progress.cost_usd)


def _sentence(
    begin: str,
    steps: int,
    cost_usd: float,
    waiting: Sequence[WaitingTask],
    ended: Sequence[Announcement],
) -> str:
    """Say it in the order in which it matters: what was done, what ended, who waits, the bill."""
    parts = [counted(steps, "step")] if steps else []
    if len(ended) == 1:
        parts.append(f"{title(ended[0].goal, 4)} has ended")
    elif ended:
        parts.append(f"{counted(len(ended), 'task')} ended")
    parts += _waits([one.waiting_for.kind for one in waiting])
    if cost_usd >= 0.005:  # half a cent
        parts.append(dollars(cost_usd))
    return speakable(f"{begin}: {', '.join(parts or ['nothing new'])}.")


def _waits(kinds: Sequence[str]) -> list[str]:
    said = []
    for kind, noun in _ASKING.items():
        if count := kinds.count(kind):
            said.append(f"{counted(count, noun)} {'waits' if count == 1 else 'wait'}")
    if parked := sum(kind not in _ASKING for kind in kinds):
        said.append(f"{counted(parked, 'task')} {'stands' if parked == 1 else 'stand'} still")
    return said
