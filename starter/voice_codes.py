"""Codes and ids as people say them: "six two eight three", "sixty two eighty three", "a seven f 3".

What is not said in numbers alone is taken as it stands.
"""

import re
import unicodedata

from models.speech import number

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

_TEENS = {number(count): str(count) for count in range(10, 20)}
_TENS = {number(10 * count): count for count in range(2, 10)}
_TIMES = {"double": 2, "triple": 3}
_SCALES = {"hundred": 100, "thousand": 1000}
_FILLERS = {"the", "my", "code", "is", "its", "it", "please", "yes", "and", "confirm", "uh"}
_OF_IDS = {"task", "number", "id", "hash", "with", "called"}
_TOKEN = re.compile(r"[^\W_]+")


def spoken_code(said: str) -> str:
    """Return the digits of a code that was said, or the text itself if it is another kind of code.

    Only one reading is tried, for each wrong code costs a try.
    """
    words = _words(said)
    tokens = [word for word in words if word not in _FILLERS]
    digits = _counted(tokens) if _SCALES.keys() & set(tokens) else _digit_by_digit(tokens)
    return digits or said.strip()


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
