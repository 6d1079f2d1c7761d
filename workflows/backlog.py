"""What waits to be told on a channel: what is wanted there, what goes together, what is kept.

Changed for tasks under way only with care: what is delivered when is part of their history.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from models.notices import Channel
from models.updates import WHY_CALLED, Update, UpdateKind
from workflows import patience
from workflows.notices import one_line

KEPT_QUIET = 40
"""Of the quiet updates that wait. A channel that was away for long is told the latest of them, and
how many there were."""

KEPT_LOUD, KEPT_LOUD_WHOLE = 300, 20
"""Of those that a person must notice: all of any real outage, the latest with their whole text.
What waits must fit into one payload of 2 MiB when the history begins anew."""

MAX_QUIET_CHARACTERS = 1_000
MAX_LOUD_CHARACTERS = 10_000
"""Of one text in an update. A command that waits for consent has 8,000 at most."""

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


def is_wanted(update: Update, channel: Channel) -> bool:
    """Whether a channel tells such updates at all; what it makes of them is its own matter."""
    if channel is Channel.DISCORD:
        return update.kind is not UpdateKind.COMMAND_OUTPUT
    if channel is Channel.PHONE:
        return update.data.get("why") == WHY_CALLED or update.kind.is_end
    return bool(update.speak) or update.kind is UpdateKind.PHASE_CHANGED


def batch(pending: Sequence[Update]) -> list[Update]:
    """The next updates to go, up to the first loud one: a delivery has one such, or none."""
    loud = next((at for at, update in enumerate(pending) if _is_loud(update)), len(pending))
    return [*pending[: loud + 1]]


def collecting(pending: Sequence[Update], channel: Channel) -> timedelta:
    """How long after the last delivery the next may go."""
    return min(_wait(update, channel) for update in pending)


def has_loud(updates: Sequence[Update]) -> bool:
    """Whether a person must notice one of them at once."""
    return any(_is_loud(update) for update in updates)


def kept(waiting: Sequence[Update]) -> list[Update]:
    """Of all that waits, what can be kept, in order."""
    loud = [update.seq for update in waiting if _is_loud(update)]
    quiet = [update.seq for update in waiting if not _is_loud(update)]
    whole, some = {*loud[-KEPT_LOUD_WHOLE:]}, {*loud[-KEPT_LOUD:], *quiet[-KEPT_QUIET:]}
    return [
        _cut(update, MAX_LOUD_CHARACTERS if update.seq in whole else MAX_QUIET_CHARACTERS)
        for update in waiting
        if update.seq in some
    ]


def _is_loud(update: Update) -> bool:
    return update.kind in _LOUD or update.kind.is_end


def _wait(update: Update, channel: Channel) -> timedelta:
    if channel is Channel.VOICE and update.kind is UpdateKind.TASK_STARTED:
        # whoever started it has said so; Claude's first thought must not wait for it
        return patience.COLLECTING_STEPS + patience.COLLECTING
    if _is_loud(update):
        return timedelta()
    return patience.COLLECTING_STEPS if update.kind in _CAN_WAIT else patience.COLLECTING


def _cut(update: Update, most: int) -> Update:
    """An update without texts longer than `most` characters."""
    data: dict[str, Any] = {
        name: value if not isinstance(value, str) or len(value) <= most else value[: most - 1] + "…"
        for name, value in update.data.items()
    }
    return update.model_copy(update={"chat": one_line(update.chat, most), "data": data})
