"""Replacing one piece of a text, whatever its line endings; pure."""

import difflib
import re
from collections.abc import Iterator
from heapq import nlargest
from itertools import islice
from typing import NamedTuple

from workspace.file_problems import FileProblem
from workspace.wording import counted, shown

_MAX_PLACES = 20
_MAX_COMPARED_CHARACTERS = 200
_ENDING = re.compile(r"\r?\n")
_WORD = re.compile(r"\w+")


class Edit(NamedTuple):
    """The text after a replacement, and the lines (1 is the first) that the new piece covers."""

    text: str
    first_line: int
    last_line: int


def replace_once(text: str, old: str, new: str, path: str) -> Edit:
    r"""Replace the only place where `old` stands; `\n` in it fits `\r\n` too.

    What is not replaced stays as it is, to the byte; the new piece takes the line endings of the
    place. Raises FileProblem about `path` when there is no such place, or more than one.
    """
    old, new = old.replace("\r\n", "\n"), new.replace("\r\n", "\n")
    if not old:
        raise FileProblem("old_text is empty: use write_file to give a file its whole content.")
    if old == new:
        raise FileProblem("old_text and new_text are the same: nothing to change.")
    plain = text.replace("\r\n", "\n")
    places = list(islice(_places(plain, old), _MAX_PLACES + 1))
    if len(places) != 1:
        raise FileProblem(_ambiguous(plain, places, path) if places else _missing(plain, old, path))
    return _replaced(text, plain, slice(places[0], places[0] + len(old)), new)


def _replaced(text: str, plain: str, place: slice, new: str) -> Edit:
    endings = _ENDING.findall(text)
    before, within = plain.count("\n", 0, place.start), plain.count("\n", place.start, place.stop)
    start = place.start + endings[:before].count("\r\n")
    stop = place.stop + endings[: before + within].count("\r\n")
    ending = endings[min(before, len(endings) - 1)] if endings else "\n"
    replaced = text[:start] + new.replace("\n", ending) + text[stop:]
    return Edit(replaced, before + 1, before + 1 + new.rstrip("\n").count("\n"))


def _places(text: str, piece: str) -> Iterator[int]:
    place = text.find(piece)
    while place >= 0:
        yield place
        place = text.find(piece, place + 1)


def _ambiguous(text: str, places: list[int], path: str) -> str:
    lines = [str(text.count("\n", 0, place) + 1) for place in places[:_MAX_PLACES]]
    times = f"{len(lines)} times" if len(places) <= _MAX_PLACES else f"more than {len(lines)} times"
    return (
        f"old_text stands {times} in {shown(path)}, at lines {', '.join(lines)}: "
        "add lines around it until it is unique."
    )


def _missing(text: str, old: str, path: str) -> str:
    lines = text.split("\n")
    near = _near(lines, max(old.split("\n"), key=len).strip())
    if not near:
        return f"old_text does not stand in {shown(path)} ({counted(len(lines), 'line')}): read it."
    similar = "\n".join(f"{number:6}\t{lines[number - 1][:300]}" for number in near)
    return f"old_text does not stand in {shown(path)} exactly so. Similar lines there:\n{similar}"


def _near(lines: list[str], wanted: str) -> list[int]:
    """Numbers of the lines most like `wanted`, spaces aside."""
    stripped = [line.strip()[:_MAX_COMPARED_CHARACTERS] for line in lines]
    words = set(_WORD.findall(wanted))
    # difflib takes about 1 ms for a line, so it sees only those that share most words.
    likely = nlargest(50, stripped, key=lambda line: len(words.intersection(_WORD.findall(line))))
    close = set(difflib.get_close_matches(wanted[:_MAX_COMPARED_CHARACTERS], likely, n=3))
    return [number for number, line in enumerate(stripped, 1) if line in close][:5]
