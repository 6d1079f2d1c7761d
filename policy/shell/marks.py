"""Marks: private characters that stand in a word for what its text alone cannot say.

A word of a command is a plain `str`. What the shell would put there at run time, or read as a
pattern, is one of these characters of Unicode's private use area; `clean` takes them out of the
input first, so nobody can smuggle one in.
"""

import re

HOLE = "\ue000"
"""Text that is not known before the command runs, possibly empty."""
PARAMETERS = "\ue001"
"""The parameters of a function that is read before anybody calls it."""
SPLIT = "\ue002"
"""Where an unquoted expansion splits into several words."""
STAR, QUESTION, BRACKET = "\ue003", "\ue004", "\ue005"
"""Unquoted `*`, `?` and `[`: the word is a pattern for file names."""
OPEN, COMMA, CLOSE = "\ue006", "\ue007", "\ue008"
"""Unquoted `{`, `,` and `}`: brace expansion."""
EMPTY = "\ue009"
"""A quoted empty string, which keeps its word alive."""
LOCAL = "\ue00a"
"""Like `HOLE`: unknown text that comes out of local files or the environment."""
ABSENT = "\ue00b"
"""A positional parameter of the whole command: empty, unless somebody runs it otherwise."""

GLOBS = frozenset((STAR, QUESTION, BRACKET))
UNKNOWN = frozenset((HOLE, PARAMETERS, LOCAL))

_HOLES = frozenset((HOLE, LOCAL, HOLE + LOCAL, LOCAL + HOLE, HOLE + HOLE, LOCAL + LOCAL))
_FOREIGN = re.compile("[\ud800-\udfff\ue000-\ue00b]")
_TYPED = str.maketrans(
    {STAR: "*", QUESTION: "?", BRACKET: "[", OPEN: "{", COMMA: ",", CLOSE: "}", EMPTY: None}
)
_ACTIVE = str.maketrans({"*": STAR, "?": QUESTION, "[": BRACKET})


def clean(text: str) -> str:
    """Replace our marks and lone surrogates by U+FFFD, one character each."""
    return _FOREIGN.sub("\ufffd", text)


def typed(word: str) -> str:
    """Turn patterns and braces back into the characters that were typed; holes stay."""
    return word.translate(_TYPED)


def active(text: str) -> str:
    """Mark the pattern characters of text that the shell will read as a pattern."""
    return text.translate(_ACTIVE)


def quoted(word: str) -> str:
    """A word as it must stand in bash text to be that word."""
    return "'" + word.replace("'", "'\\''") + "'"


def is_hole(text: str) -> bool:
    """Tell whether nothing of a text is known."""
    return text.strip() in _HOLES


def is_known(word: str) -> bool:
    """Tell whether the whole text of a word is known; it may be a pattern."""
    return UNKNOWN.isdisjoint(word)


def is_literal(word: str) -> bool:
    """Tell whether a word is exactly its text: no hole and no pattern."""
    return UNKNOWN.isdisjoint(word) and GLOBS.isdisjoint(word)
