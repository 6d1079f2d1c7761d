"""Which program a command word names, when it is written in full, in part or as a pattern."""

import re
from collections.abc import Collection

from policy.shell.marks import HOLE, LOCAL, STAR, is_literal, typed
from policy.shell.paths import name_of
from policy.shell.patterns import matches

_VERSION = re.compile(r"-?\d+(?:\.\d+)*$")
_SUFFIX = re.compile(r"\.(?:exe|cmd|bat)$", re.IGNORECASE)
_LETTER = re.compile(r"[A-Za-z]")


def candidates(word: str, known: Collection[str]) -> list[str] | None:
    """Names of the programs that a command word may run; None when it may be any."""
    name = name_of(word)
    if is_literal(name):
        return [canonical(name, known)]
    if not _LETTER.search(name):
        return None
    pattern = name.replace(HOLE, STAR).replace(LOCAL, STAR)
    return [one for one in known if matches(pattern, one)] or [typed(name)]


def canonical(name: str, known: Collection[str]) -> str:
    """A program's name without version and suffix, where the rules know it so."""
    if name in known:
        return name
    for shorter in (_SUFFIX.sub("", name), _VERSION.sub("", name)):
        if shorter in known:
            return shorter
    return name
