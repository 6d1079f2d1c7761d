import itertools
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.redaction import Redactor
from workspace.output import HELD_CHARACTERS, LineBatcher, TextReader, clean, head_and_tail

CUTS = st.lists(st.integers(min_value=0, max_value=200), max_size=10)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    return [data[first:last] for first, last in itertools.pairwise(edges)]


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("plain\n", "plain\n"),
        ("tab\there\n", "tab\there\n"),
        ("dos\r\nlines\r\n", "dos\nlines\n"),
        (" 10%\r 20%\r100%\n", "100%\n"),
        ("100%\r    \rdone\r\n", "done\n"),
        ("50%\r", "50%"),
        ("\x1b[1;31mred\x1b[0m and \x1b[38;5;208morange\x1b[m\n", "red and orange\n"),
        ("\x1b]0;title\x07text \x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\\n", "text link\n"),
        ("\x1b[2K\x1b[1Gline\x1b(B\n", "line\n"),
        ("bell\x07 null\x00 back\x08 delete\x7f c1\x9b5m\n", "bell null back delete c15m\n"),
        ("\u202etxet\u202c\n", "txet\n"),
    ],
)
def test_text_is_what_a_person_would_see(raw: str, seen: str) -> None:
    assert clean(raw) == seen


@given(st.text())
def test_no_control_character_gets_through(raw: str) -> None:
    assert not [char for char in clean(raw) if char < " " and char not in "\n\t"]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), CUTS)
def test_how_the_bytes_are_cut_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    whole, cut = TextReader(), TextReader()
    at_once = whole.feed(data) + whole.flush(final=True)
    assert "".join(map(cut.feed, pieces(data, cuts))) + cut.flush(final=True) == at_once


@given(st.binary(max_size=200), CUTS, st.integers(min_value=2, max_value=50))
def test_lines_are_whole_and_never_too_long(data: bytes, cuts: list[int], longest: int) -> None:
    batcher = LineBatcher(Redactor(), longest, patience_seconds=1e9)
    lines = [line for piece in pieces(data, cuts) for line in batcher.take(piece, 0)]
    lines += batcher.end()
    text = clean(data.decode(errors="replace"))
    assert lines == [_cut(line, longest) for line in _lines(text)]


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _cut(line: str, longest: int) -> str:
    return line if len(line) <= longest else line[: longest - 1] + "…"


def test_a_line_without_end_is_told_after_a_while() -> None:
    batcher = LineBatcher(Redactor(), patience_seconds=1.0)
    assert batcher.take(b"done\nPassword: ", 10.0) == ["done"]
    assert batcher.take(b"", 10.9) == []
    assert batcher.take(b"", 11.0) == ["Password: "]
    assert batcher.take(b"", 99.0) == []
    assert batcher.take(b"wrong\n", 99.0) == ["wrong"]
    assert batcher.end() == []


def test_patience_begins_anew_with_each_line() -> None:
    batcher = LineBatcher(Redactor(), patience_seconds=1.0)
    assert batcher.take(b"a", 0.0) == []
    assert batcher.take(b"b\nc", 0.9) == ["ab"]
    assert batcher.take(b"", 1.5) == []
    assert batcher.take(b"", 2.0) == ["c"]


def test_a_character_in_halves_is_put_together() -> None:
    batcher = LineBatcher(Redactor())
    euro = "€\n".encode()
    assert batcher.take(euro[:1], 0) + batcher.take(euro[1:2], 0) == []
    assert batcher.take(euro[2:], 0) == ["€"]


def test_a_line_that_never_ends_is_let_go_in_pieces() -> None:
    reader = TextReader()
    told = [reader.feed(b"x" * 10_000) for _ in range(20)]
    assert max(map(len, told)) <= HELD_CHARACTERS + 10_000
    assert len("".join(told)) > 100_000


def test_a_short_text_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_bytes("größe\r\n\x1b[31mred\x1b[0m".encode() + b"\xff")
    assert head_and_tail(file) == ("größe\nred�", 0)
    file.write_bytes(b"")
    assert head_and_tail(file) == ("", 0)


def test_of_a_long_text_the_middle_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "output"
    file.write_text("".join(f"{number}\n" for number in range(400_000)))
    text, left_out = head_and_tail(file, 10, 14)
    assert text.startswith("0\n1\n2\n3\n4\n\n[... ")
    assert text.endswith(" characters left out ...]\n399998\n399999\n")
    assert left_out == file.stat().st_size - 24
    assert f"[... {left_out:,} characters left out ...]" in text


@given(st.text(alphabet="ab\n", max_size=60), st.integers(0, 30), st.integers(0, 30))
def test_nothing_is_counted_twice(text: str, head: int, tail: int) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        shown, left_out = head_and_tail(Path(file.name), head, tail)
    if left_out:
        assert left_out == len(text) - head - tail
        assert shown.startswith(text[:head])
        assert shown.endswith(text[len(text) - tail :])
    else:
        assert shown == text
