"""What is said and written about a question: at most 20 words for a voice, one line for a chat."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.consent_notices import code_span, minutes_text, spoken


@given(st.text())
def test_a_voice_gets_at_most_20_words_without_symbols(text: str) -> None:
    said = spoken(text)
    assert len(said.split()) <= 20
    assert not re.search(r"[`*_/\\$|<>{}\[\]()#]", said)


def test_a_long_reason_is_cut_after_a_word() -> None:
    said = spoken("The task needs your code for tango, to " + "delete files and " * 9 + "more.")
    assert said.startswith("The task needs your code for tango, to delete files and delete")
    assert said.endswith(".")


@pytest.mark.parametrize(
    ("command", "span"),
    [
        ("rm x", "`rm x`"),
        ("echo `id`\nrm x", "`` echo `id` rm x ``"),
        ("rm " + "a" * 2_000, "`rm " + "a" * 996 + "…`"),
    ],
)
def test_a_command_stays_on_one_line_of_a_chat(command: str, span: str) -> None:
    assert code_span(command) == span


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1 second"),
        (30, "30 seconds"),
        (60, "1 minute"),
        (90, "1.5 minutes"),
        (300, "5 minutes"),
    ],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert minutes_text(seconds) == text
