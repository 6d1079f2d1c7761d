"""Which task is meant? By id as it is said, by words of the goal, or "the other one"."""

import re
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import NamedTuple

from models.contract import TASK_ID_PREFIX
from models.speech import title
from models.task import TaskId
from starter.problems import TaskProblem
from starter.task_rows import TaskRow
from starter.voice_codes import spoken_ids

SHORTEST_STEM = 4
"""Letters that two akin words must begin with: "tests" and "testing"."""

SAME, AKIN = 2, 1
"""What a word counts that is in a goal, as it was said or nearly."""

MOST_NAMED = 3
"""Tasks that are named to choose from; nobody keeps more in mind."""

_LATEST = {"latest", "last", "newest", "current", "it", "this", "that", "same"}
_OTHER = {"other", "previous", "before", "earlier", "second", "else"}  # than the latest
# fmt: off
_EMPTY = {
    "the", "a", "an", "one", "task", "job", "my", "of", "with", "for", "please", "about", "and",
    "to", "project", "coding", "thing",
}
_ENDINGS = {
    "", "s", "es", "e", "ed", "er", "ers", "or", "ors", "ing", "ings", "ion", "ions", "y", "ies",
}
# fmt: on
_WORD = re.compile(r"[^\W_]+")
_ID = re.compile(r"(?:[a-z]\d){2,16}[a-z]?")
"""As all new ids are; "the other one" must not be taken for one of them."""


class Wanted(NamedTuple):
    """Tasks that a call can be about.

    Where nothing was said it is the latest that fits, or with `only` the only one. `nothing` is
    said where there is none. With `sure`, it is asked back unless all that was said is in the goal.
    """

    fits: Callable[[TaskRow], bool]
    nothing: str
    only: bool = False
    sure: bool = False


class Unclear(TaskProblem):
    """It could be several tasks, or none of those there are; nothing was done.

    The message is fit for a voice; `candidates` are the tasks to choose from.
    """

    def __init__(self, sentence: str, candidates: Sequence[TaskRow] = ()) -> None:
        super().__init__(sentence)
        self.candidates = list(candidates)


def which(said: str, rows: Sequence[TaskRow], wanted: Wanted) -> TaskId:
    """Choose among tasks, latest first; of several that could be meant, those that fit are.

    Raises:
        Unclear: none, or none alone, is meant.
    """
    words = [word for word in _WORD.findall(said.lower()) if word not in _EMPTY]
    fitting = [row for row in rows if wanted.fits(row)]
    if not words or set(words) <= _LATEST:
        return _the_one(fitting, wanted, only=wanted.only and not words)
    if found := _by_id(said, rows):
        return found
    if set(words) <= _OTHER | _LATEST:
        return _the_other(fitting, rows)
    return _by_words([word for word in words if word not in _OTHER | _LATEST], rows, wanted)


def _the_one(fitting: Sequence[TaskRow], wanted: Wanted, *, only: bool) -> TaskId:
    if not fitting:
        raise Unclear(wanted.nothing)
    if only and len(fitting) > 1:
        raise _several(fitting)
    return fitting[0].task_id


def _the_other(fitting: Sequence[TaskRow], rows: Sequence[TaskRow]) -> TaskId:
    """Of two, the one that is not the latest."""
    among = fitting if len(fitting) > 1 else rows
    others = among[1:]
    if not others:
        raise Unclear("There is only one task.", among)
    if len(fitting) > 2:
        raise _several(others)
    return others[0].task_id


def _by_id(said: str, rows: Sequence[TaskRow]) -> TaskId | None:
    """An id, also of a task that is not among the latest."""
    known = {row.task_id.removeprefix(TASK_ID_PREFIX) for row in rows}
    readings = spoken_ids(said)
    found = [one for one in (*_WORD.findall(said.lower()), *readings) if one in known]
    found += [one for one in readings if _ID.fullmatch(one)]
    return TASK_ID_PREFIX + found[0] if found else None


def _by_words(words: Sequence[str], rows: Sequence[TaskRow], wanted: Wanted) -> TaskId:
    scores = [sum(_likeness(word, row.goal) for word in words) for row in rows]
    best = max(scores, default=0)
    if best == 0:
        raise Unclear(f"I know no task about {' '.join(words[:4])}. {_named(rows)}", rows)
    found = [row for row, score in zip(rows, scores, strict=True) if score == best]
    found = [row for row in found if wanted.fits(row)] or found
    if len(found) > 1:
        raise _several(found)
    if wanted.sure and best < SAME * len(words):
        raise Unclear(f"Do you mean {title(found[0].goal)}?", found)
    return found[0].task_id


def _likeness(word: str, goal: str) -> int:
    parts = _WORD.findall(goal.lower())
    if word in parts:
        return SAME
    return AKIN if any(_is_akin(word, one) for one in parts) else 0


def _is_akin(one: str, other: str) -> bool:
    """Whether one word shortens the other, or both are the same but for their endings."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    stem = "".join(letter for letter, _ in alike)
    ends = {one.removeprefix(stem), other.removeprefix(stem)}
    return len(stem) >= SHORTEST_STEM and ("" in ends or ends <= _ENDINGS)


def _several(rows: Sequence[TaskRow]) -> Unclear:
    return Unclear(f"Which one do you mean? {_named(rows)}", rows)


def _named(rows: Sequence[TaskRow]) -> str:
    """Name the tasks by their goals."""
    if not rows:
        return "There is no task yet."
    *before, last = [title(row.goal, 4) for row in rows[:MOST_NAMED]]
    return "There is: " + (f"{', '.join(before)}, and {last}." if before else f"{last}.")
