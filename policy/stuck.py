"""Notices when Claude goes round in circles.

The patterns and their counts are those OpenHands found useful (its stuck detector), and each is
told once when it appears, not again while it lasts.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

SAME_STEP = 4
SAME_ERROR = 3
IDLE_TURNS = 3
ALTERNATING_STEPS = 6


@dataclass(frozen=True)
class Step:
    """One tool call and its result; a turn without any call is a step with an empty `tool`."""

    tool: str
    action: str = ""
    result: str = ""
    is_error: bool = False


class Pattern(StrEnum):
    """Ways of being stuck; the value is what Claude is told."""

    SAME_ERROR = (
        "The same error came back three times. Read it again, look at the code or the documentation"
        " behind it, and try a different approach; if only the user can help, call ask_user."
    )
    SAME_STEP = (
        "You made the same call four times with the same result. Doing it again will not change"
        " anything: change your approach; if only the user can help, call ask_user."
    )
    ALTERNATING = (
        "You are going back and forth between the same two steps. Stop, work out why neither"
        " helps, and take a third way; if only the user can help, call ask_user."
    )
    IDLE = (
        "Nothing has been done for three turns. Make a tool call now: go on with the work, call"
        " ask_user, or call finish_task."
    )


def digest(text: str) -> str:
    """Return a short fingerprint of an action or a result, blind to how long something took."""
    timeless = re.sub(r"\d+(\.\d+)?\s*(s|ms|sec|seconds)\b", "", text)
    return hashlib.sha256(timeless.encode("utf-8", "replace")).hexdigest()[:16]


def nudge(steps: Sequence[Step], fresh: int) -> str:
    """Return what to tell Claude when one of the last `fresh` steps completed a pattern, else "".

    `steps` are all steps of the conversation, oldest first.
    """
    for count in range(len(steps) - fresh, len(steps)):
        appeared = _patterns(steps[: count + 1]) - _patterns(steps[:count])
        for pattern in Pattern:
            if pattern in appeared:
                return pattern.value
    return ""


def _patterns(steps: Sequence[Step]) -> set[Pattern]:
    tests = {
        Pattern.SAME_ERROR: _is_same_error(steps[-SAME_ERROR:]),
        Pattern.SAME_STEP: _is_same_step(steps[-SAME_STEP:]),
        Pattern.ALTERNATING: _is_alternating(steps[-ALTERNATING_STEPS:]),
        Pattern.IDLE: _is_idle(steps[-IDLE_TURNS:]),
    }
    return {pattern for pattern, found in tests.items() if found}


def _is_same_error(tail: Sequence[Step]) -> bool:
    errors = {step.result for step in tail if step.tool and step.is_error}
    return len(tail) == SAME_ERROR and len(errors) == 1 and all(s.is_error for s in tail)


def _is_same_step(tail: Sequence[Step]) -> bool:
    return len(tail) == SAME_STEP and len(set(tail)) == 1 and bool(tail[0].tool)


def _is_alternating(tail: Sequence[Step]) -> bool:
    if len(tail) < ALTERNATING_STEPS or not all(step.tool for step in tail):
        return False
    return len(set(tail[::2])) == 1 and len(set(tail[1::2])) == 1 and tail[0] != tail[1]


def _is_idle(tail: Sequence[Step]) -> bool:
    return len(tail) == IDLE_TURNS and not any(step.tool for step in tail)
