"""What is written about a question: one line for a chat. For voices: tests/models."""

import pytest

from workflows.consent_notices import code_span, minutes_text


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
