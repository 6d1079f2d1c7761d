"""Codes and ids as people say them: "six two eight three", "sixty two eighty three", "a seven f 3".

A code that is not said in numbers is taken as it stands.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

from models.speech import number
from policy.words import WORDS

SHORTEST_CODE = 4
"""Digits that are taken for a code among other words; as short as a code may be (settings)."""

_ONES = {
    word: str(digit)
    for digit, words in enumerate(
        (
            "zero oh o nought null",
            "one won",
            "two to too",
            "three",
            "four for",
            "five",
            "six",
            "seven",
            "eight ate",
            "nine niner",
        )
    )
    for word in words.split()
}
"""Also as a listener mishears them; only where the rest is numbers too."""

_ALSO_WORDS = {"o", "won", "to", "too", "for", "ate"}
"""No digits beside a code in figures: "6283 for the task"."""

_TEENS = {number(count): str(count) for count in range(10, 20)}
_TENS = {number(10 * count): count for count in range(2, 10)}
_TIMES = {"double": 2, "triple": 3}
_SCALES = {"hundred": 100, "thousand": 1000}
_NUMBERS = _ONES.keys() | _TEENS.keys() | _TENS.keys() | _TIMES.keys() | _SCALES.keys()
_PAUSES = {"and", "uh", "um", "er"}
# fmt: off
_FILLERS = _PAUSES | {
    "the", "my", "code", "is", "its", "it", "please", "yes", "yeah", "confirm", "okay", "ok", "so",
    "thanks", "thank", "you",
}
# fmt: on
_NO = {"no", "not", "isnt", "dont", "never", "cancel", "stop"}
_OF_IDS = {"task", "number", "id", "hash", "with", "called"}
_TOKEN = re.compile(r"[^\W_]+")
_MIXED = re.compile(r"[^\W\d_][-_]?\d|\d[-_]?[^\W\d_]")
_WHOLE = re.compile(r"(\d+)\.0")
"""A number as some models send it."""


def spoken_code(said: str) -> str:
    """Return the digits of a code that was said, or the text itself if it is another kind of code.

    Only one reading is tried, for each wrong code costs a try. Among other words it is the only
    long row of digits, unless it may be there to be denied.
    """
    text = said.strip()
    if whole := _WHOLE.fullmatch(text):
        return whole[1]
    if _MIXED.search(text):
        return text
    words = [word for word in _words(text) if word not in _PAUSES]
    rows = {digits for digits in _rows(words) if len(digits) >= SHORTEST_CODE}
    if len(rows) == 1 and _NO.isdisjoint(words):
        return rows.pop()
    return _digits([word for word in words if word not in _FILLERS]) or text


def spoken_word(said: str) -> str:
    """Return the word of a request that was said along with the digits; "" if none or several."""
    named = [word for word in _words(said) if word in WORDS]
    return named[0] if len(named) == 1 and spoken_code(said).isdecimal() else ""


def spoken_ids(said: str) -> list[str]:
    """Return the ids that may have been said: "task a seven f three" is "a7f3".

    They begin with a letter. A "one" at the end is a digit or not: "the a seven f three one".
    """
    words = [word for word in _words(said) if word not in _FILLERS | _OF_IDS]
    while words[:1] == ["one"]:
        words = words[1:]
    readings = [words, words[:-1]] if words[-1:] == ["one"] else [words]
    return ["".join(_ONES.get(word, word) for word in reading) for reading in readings]


def _words(said: str) -> list[str]:
    text = unicodedata.normalize("NFKC", said).lower()
    return _TOKEN.findall(re.sub("['\u2019]", "", text))


def _rows(words: Sequence[str]) -> Iterator[str]:
    """The digits of each stretch of words that are numbers."""
    has_figures = any(word.isdecimal() and len(word) >= SHORTEST_CODE for word in words)
    numbers = _NUMBERS - _ALSO_WORDS if has_figures else _NUMBERS
    for is_number, stretch in groupby(words, lambda word: word.isdecimal() or word in numbers):
        if is_number:
            yield _digits(list(stretch))


def _digits(tokens: list[str]) -> str:
    return _counted(tokens) if _SCALES.keys() & set(tokens) else _digit_by_digit(tokens)


def _digit_by_digit(tokens: list[str]) -> str:
    """Put together what stands for digits; "" as soon as something does not."""
    digits = ""
    rest = list(tokens)
    while rest:
        times = _TIMES.get(rest[0], 1)
        taken = _take(rest[1:] if times > 1 else rest)
        if taken is None:
            return ""
        said, rest = taken
        digits += said * times
    return digits


def _take(tokens: list[str]) -> tuple[str, list[str]] | None:
    """The digits that the first words stand for, and the words after them."""
    if not tokens:
        return None
    first, rest = tokens[0], tokens[1:]
    if first.isdecimal():
        return first, rest
    if first in _TENS:
        ones = _ONES.get(rest[0], "0") if rest else "0"
        return (f"{_TENS[first]}0", rest) if ones == "0" else (f"{_TENS[first]}{ones}", rest[1:])
    digits = _ONES.get(first) or _TEENS.get(first)
    return (digits, rest) if digits else None


def _counted(tokens: list[str]) -> str:
    """Add up "six thousand two hundred eighty three"."""
    total, part = 0, 0
    rest = tokens
    while rest:
        if scale := _SCALES.get(rest[0]):
            part, rest = (part or 1) * scale, rest[1:]
            if scale == _SCALES["thousand"]:
                total, part = total + part, 0
            continue
        taken = _take(rest)
        if taken is None:
            return ""
        part, rest = part + int(taken[0]), taken[1]
    return str(total + part)
