"""Words that name a request must survive a bad line."""

import re
from itertools import combinations

import pytest

from policy.words import WORDS

_SOUNDS = {
    **dict.fromkeys("bfpv", "1"),
    **dict.fromkeys("cgjkqsxz", "2"),
    **dict.fromkeys("dt", "3"),
    "l": "4",
    **dict.fromkeys("mn", "5"),
    "r": "6",
}


def soundex(word: str) -> str:
    """The first letter, and the sounds that follow it; vowels between equal sounds part them."""
    sounds = "".join(_SOUNDS.get(letter, "" if letter in "hw" else " ") for letter in word)
    return word[0] + re.sub(r"(\d)\1+", r"\1", sounds)[1:].replace(" ", "")


def distance(one: str, other: str) -> int:
    """How many letters must be changed, added or left out to make one word of the other."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        above, row = row, [at]
        for column, wanted in enumerate(other, 1):
            swapped = above[column - 1] + (letter != wanted)
            row.append(min(above[column] + 1, row[-1] + 1, swapped))
    return row[-1]


@pytest.mark.parametrize(
    ("word", "sounds"), [("robert", "r163"), ("rupert", "r163"), ("tango", "t52")]
)
def test_soundex(word: str, sounds: str) -> None:
    assert soundex(word) == sounds


def test_there_are_64_plain_words() -> None:
    assert len(set(WORDS)) == 64
    assert all(re.fullmatch(r"[a-z]{4,9}", word) for word in WORDS)
    assert list(WORDS) == sorted(WORDS)


def test_no_two_can_be_mistaken_for_each_other() -> None:
    for one, other in combinations(WORDS, 2):
        assert one[:3] != other[:3], (one, other)
        assert distance(one, other) >= 3, (one, other)
        assert soundex(one) != soundex(other), (one, other)
