"""Whatever text: it stays within its limit, within its code, and mentions nobody."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.discord_text import (
    BLANK,
    code,
    code_block,
    cut,
    length,
    markdown,
    one_line,
    plain,
)

NASTY = [
    "```",
    "`",
    "``",
    "@everyone",
    "@here",
    "<@1>",
    "<@&1>",
    "<#1>",
    "</x:1>",
    "<t:1:R>",
    "[a](http://b)",
    "](<HTTPS://b>)",
    "||",
    "**",
    "\\",
    "\n",
    "\u202e",
    "😀",
    "\ud800",
    "> ",
    "# ",
]
TEXTS = st.lists(st.sampled_from(NASTY) | st.text(max_size=5), max_size=30).map("".join)
MOST = st.integers(min_value=20, max_value=80)


@settings(deadline=None)
@given(TEXTS, MOST)
def test_every_text_fits(text: str, most: int) -> None:
    for shown in (cut, one_line, plain, code, code_block, markdown):
        assert length(shown(text, most)) <= most, shown


@settings(deadline=None)
@given(TEXTS, MOST)
def test_code_ends_where_it_should(text: str, most: int) -> None:
    block = code_block(text, most)
    assert re.fullmatch(r"```\n(?:(?!``)[\s\S])*\n```", block)
    line = code(text, most)
    assert "\n" not in line
    if line.startswith("``"):
        assert re.fullmatch(r"`` (?:(?!``).)* ``", line)
    else:
        assert re.fullmatch(r"`[^`]+`", line)


@settings(deadline=None)
@given(TEXTS, MOST)
def test_nobody_is_mentioned_and_no_link_is_hidden(text: str, most: int) -> None:
    for shown in (plain(text, most), markdown(text, most)):
        assert not re.search(r"@(everyone|here)|(?<!\\)<(@|#|/x:|t:1)|\]\(<?http", shown, re.I)
    assert markdown(text, most).count("```") % 2 == 0


@settings(deadline=None)
@given(TEXTS)
def test_plain_text_has_no_marks_of_markdown_left(text: str) -> None:
    unescaped = re.sub(r"\\.", "", plain(text, 1_000))
    assert not set("*_~`|[]()<") & set(unescaped)


def test_what_cannot_be_seen_is_shown() -> None:
    assert (
        code_block("rm \u202etxt.exe\x1b[2K\nls", 200)
        == "```\nrm \\u202etxt.exe\\u001b[2K\nls\n```"
    )
    assert plain("a\u200bb \U0001f469\u200d\U0001f52c", 50).startswith("a\\\\u200bb 👩\u200d🔬")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("```py\nx = 1", "```py\nx = 1\n```"),
        ("see [docs](https://x.test)", f"see [docs]{BLANK}(https://x.test)"),
        ("a[0](b) and <div>", "a[0](b) and <div>"),
    ],
)
def test_claudes_markdown_is_left_as_it_is_where_it_does_no_harm(text: str, shown: str) -> None:
    assert markdown(text, 200) == shown


def test_a_cut_is_told() -> None:
    assert cut("x" * 30, 20, " (cut)") == "x" * 14 + " (cut)"
    assert length(cut("😀" * 30, 21)) <= 21
