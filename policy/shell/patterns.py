"""Shell patterns (`*`, `?`, `[...]`) as regular expressions."""

import re
from functools import lru_cache

from policy.shell.marks import BRACKET, QUESTION, STAR, typed

_SPECIAL = re.compile(r"[\\\[\]&~|]")
_CLASS = re.compile(r"[!^]?\]?[^\]]*\]")
LONGEST = 256
"""Characters of a value that pattern operators are worked out on."""
MOST_STARS = 3
"""Stars of a pattern that is worked out: each one multiplies the time."""


def is_workable(value: str, pattern: str) -> bool:
    """Tell whether a pattern can be applied to a value in bounded time."""
    return len(value) <= LONGEST and pattern.count(STAR) <= MOST_STARS and len(pattern) <= LONGEST


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """Regular expression of a pattern with marks; None when it cannot be made."""
    parts, at = [], 0
    while at < len(pattern):
        character = pattern[at]
        found = _CLASS.match(pattern, at + 1) if character == BRACKET else None
        if found:
            parts.append(_character_class(typed(found.group())))
            at = found.end()
            continue
        parts.append({STAR: ".*", QUESTION: "."}.get(character) or re.escape(typed(character)))
        at += 1
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error:
        return None


def _character_class(body: str) -> str:
    negated = body[0] in "!^"
    inside = body[1:-1] if negated else body[:-1]
    inside = _SPECIAL.sub(r"\\\g<0>", inside).replace("--", r"-\-")
    return f"[{'^' if negated else ''}{inside}]"


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern with marks matches the whole text; False when it is not workable."""
    if not is_workable(text, pattern):
        return False
    expression = compiled(pattern)
    return bool(expression and expression.fullmatch(text))


def without_prefix(value: str, pattern: str, *, longest: bool) -> str:
    """`${value#pattern}` or, with `longest`, `${value##pattern}`."""
    lengths = range(len(value) + 1)
    for length in reversed(lengths) if longest else lengths:
        if matches(pattern, value[:length]):
            return value[length:]
    return value


def without_suffix(value: str, pattern: str, *, longest: bool) -> str:
    """`${value%pattern}` or, with `longest`, `${value%%pattern}`."""
    starts = range(len(value) + 1)
    for start in starts if longest else reversed(starts):
        if matches(pattern, value[start:]):
            return value[:start]
    return value


def replaced(value: str, pattern: str, replacement: str, *, every: bool) -> str:
    """`${value/pattern/replacement}`; `every` for the form with two slashes."""
    expression = compiled(pattern)
    if not expression or not pattern:
        return value
    return expression.sub(lambda _: replacement, value, count=0 if every else 1)
