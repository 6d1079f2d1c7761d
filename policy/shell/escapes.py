"""Backslash escapes of `$'...'`, `echo -e` and `printf`. Manual: bash(1), "Quoting"."""

import re

from policy.shell.marks import clean

_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|(0?[0-7]{1,3})|c(.)|(.))",
    re.DOTALL,
)
_NAMED = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "E": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "?": "?",
}


def decode(text: str) -> str:
    """Decode escapes; what bash does not know stays as it is, and a NUL ends the text."""
    return _ESCAPE.sub(_character, text).partition("\0")[0]


def _character(match: re.Match[str]) -> str:
    hexadecimal = match[1] or match[2] or match[3]
    if hexadecimal:
        return _point(int(hexadecimal, 16))
    if match[4]:
        return _point(int(match[4], 8) & 0xFF)
    if match[5]:
        return _point(ord(match[5]) & 0x1F)
    return _NAMED.get(match[6], match[0])


def _point(number: int) -> str:
    return clean(chr(number)) if number < 0x110000 else "\ufffd"
