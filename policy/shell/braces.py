"""Brace expansion: `{rm,-rf,x}` and `{1..9}`. Manual: bash(1), "Brace Expansion"."""

import itertools
import re

from policy.shell.marks import CLOSE, COMMA, HOLE, OPEN

MAX_WORDS = 200
"""Words one brace expansion may make; what comes after is one unknown word."""
MAX_BRACES = 50
"""Braces of one word that are worked out."""

_SEQUENCE = re.compile(r"(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.(-?\d+))?")


def expand(word: str) -> list[str]:
    """Words that a word with marked braces stands for, in order."""
    if OPEN not in word or CLOSE not in word:
        return [word]
    if word.count(OPEN) > MAX_BRACES:
        return [HOLE]
    done: list[str] = []
    waiting = [word]
    while waiting:
        if len(done) + len(waiting) > MAX_WORDS:
            return [*done, HOLE]
        parts = _alternatives(waiting.pop(0))
        if len(parts) == 1:
            done.append(parts[0])
        else:
            waiting = parts + waiting
    return done


def _alternatives(word: str) -> list[str]:
    """The word with its first brace replaced by each of its choices."""
    start = word.find(OPEN)
    while start >= 0:
        close, commas = _matching(word, start)
        if close >= 0:
            choices = _choices(word, start, close, commas)
            if choices:
                return [word[:start] + choice + word[close + 1 :] for choice in choices]
        start = word.find(OPEN, start + 1)
    return [word]


def _matching(word: str, start: int) -> tuple[int, list[int]]:
    depth, commas = 0, []
    for index in range(start, len(word)):
        character = word[index]
        depth += (character == OPEN) - (character == CLOSE)
        if character == COMMA and depth == 1:
            commas.append(index)
        if not depth:
            return index, commas
    return -1, []


def _choices(word: str, start: int, close: int, commas: list[int]) -> list[str]:
    if commas:
        edges = [start, *commas, close]
        return [word[a + 1 : b] for a, b in itertools.pairwise(edges)]
    sequence = _SEQUENCE.fullmatch(word, start + 1, close)
    return _sequence(*sequence.groups()) if sequence else []


def _sequence(first: str, last: str, step: str | None) -> list[str]:
    numeric = first.lstrip("-").isdigit() and last.lstrip("-").isdigit()
    if not numeric and (len(first) != 1 or len(last) != 1):
        return []
    low, high = (int(first), int(last)) if numeric else (ord(first), ord(last))
    stride = max(1, abs(int(step or 1)))
    count = abs(high - low) // stride + 1
    direction = stride if high >= low else -stride
    values = [low + direction * index for index in range(min(count, MAX_WORDS))]
    return [str(value) if numeric else chr(value) for value in values]
