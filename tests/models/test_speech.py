"""What is said: words alone, few enough to listen to, numbers as people say them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.speech import counted, dollars, duration, number, speakable, spelled, title


@given(st.text(), st.integers(1, 40))
def test_any_text_becomes_few_words_and_nothing_else(text: str, most: int) -> None:
    said = speakable(text, most)
    assert len(said.split()) <= most
    assert not re.search(r"[\d`*_/\\$|<>{}\[\]()#;=~^-]", said)


@given(st.text(alphabet="abc 7.,/#$-_:", max_size=60))
def test_what_was_made_fit_stays_as_it_is(text: str) -> None:
    said = speakable(text, 400)
    assert speakable(said, 400) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Wrote src/app/calc.py; 12 tests passed (100%).",
            "Wrote calc dot py, twelve tests passed one hundred percent.",
        ),
        ("Task #a7f3 costs $0.30.", "Task a seven f three costs thirty cents."),
        ("See https://example.com/a?b=1, and ~/.env.", "See a link, and dot env."),
        ("Commit 3fa9c21be is **done**.", "Commit is done."),
        ("Use `rm -rf build_dir/` or not: yes/no?", "Use rm rf build dir or not: yes no?"),
        ("Don\u2019t stop \u2026 now;then", "Don't stop. now, then"),
        ("2 tries left.", "two tries left."),
        ("C++ & Rust", "C plus plus and Rust"),
        ("1,234 of 007", "one thousand two hundred thirty four of zero zero seven"),
        (
            "$5,000, not $1,000.50",
            "five thousand dollars, not one thousand dollars and fifty cents",
        ),
        ("1,234, or 5.5", "one thousand two hundred thirty four, or five point five"),
        ("1,23 or 1,2345", "one, twenty three or one, two thousand three hundred forty five"),
        ("", ""),
        ("-- ** --", ""),
        ("So far: four steps; at 14:30.", "So far: four steps, at fourteen thirty."),
        ("x" * 300, ""),
    ],
)
def test_what_becomes_of_paths_prices_ids_and_symbols(text: str, said: str) -> None:
    assert speakable(text) == said


def test_whole_sentences_are_kept_where_they_fit() -> None:
    assert (
        speakable("It works. " + "And then more words. " * 9, 8) == "It works. And then more words."
    )
    assert speakable("one word after the other, without any end", 4) == "one word after the."


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "zero"),
        (17, "seventeen"),
        (62, "sixty two"),
        (6283, "six thousand two hundred eighty three"),
        (1_000_000, "one million"),
        (1.5, "one point five"),
        (-3, "minus three"),
        (1e10, "one zero zero zero zero zero zero zero zero zero zero"),
    ],
)
def test_numbers(value: float, said: str) -> None:
    assert number(value) == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (0, "nothing"),
        (0.002, "less than a cent"),
        (0.01, "one cent"),
        (0.3, "thirty cents"),
        (1, "one dollar"),
        (2.05, "two dollars and five cents"),
    ],
)
def test_prices(amount: float, said: str) -> None:
    assert dollars(amount) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "zero seconds"),
        (1, "one second"),
        (59.4, "fifty nine seconds"),
        (59.6, "one minute"),
        (90, "two minutes"),
        (3600, "one hour"),
        (4200, "one hour and ten minutes"),
    ],
)
def test_lengths_of_time(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_ids_are_spelled_and_things_counted() -> None:
    assert spelled("#a7f3") == "a seven f three"
    assert (counted(1, "step"), counted(4, "step")) == ("one step", "four steps")


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        ("Build a calculator with tests and a page", "Build a calculator with tests"),
        ("Fix it.", "Fix it"),
        ("the", "the"),
        ("Stop! Fix it. Now", "Stop, Fix it, Now"),
    ],
)
def test_a_task_is_known_by_the_first_words_of_its_goal(goal: str, words: str) -> None:
    assert title(goal) == words


def test_numbers_of_any_length_can_be_said() -> None:
    assert speakable("Sum: " + "7" * 9_000) == "Sum: " + "seven " * 18 + "seven."
