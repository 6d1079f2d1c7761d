"""What Claude's file tools do in a workspace. The texts they give are for Claude to read."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pygit2

from models.steps import FileChange
from models.tools import EditFile, ReadFile, WriteFile
from workspace.beneath import Place, locate, open_at, open_file
from workspace.edits import replace_once
from workspace.file_problems import FileProblem
from workspace.listing import list_files
from workspace.replacing import replace_file
from workspace.search import search
from workspace.wording import counted, shown, size_words

__all__ = ["Written", "edit_file", "list_files", "read_file", "search", "write_file"]

OUTPUTS = "/outputs/"
"""Claude reads the full output of a command as `/outputs/<key>.txt`."""

MAX_LINES = 400
MAX_CHARACTERS = 30_000
MAX_LINE_CHARACTERS = 2_000
MAX_READ_BYTES = 200_000_000
MAX_EDIT_BYTES = 10_000_000

_SNIFFED_BYTES = 8192
_MAX_LINE_BYTES = 4 * MAX_LINE_CHARACTERS + 4
_MAX_COMPARED_BYTES = 1_000_000
_BOM = b"\xef\xbb\xbf"


class Written(NamedTuple):
    """What a step did to a file, in lines, and the sentence about it for Claude."""

    change: FileChange
    message: str


def read_file(root: Path, request: ReadFile, outputs: Callable[[str], Path | None]) -> str:
    """Lines of a text file, numbered from 1 as `cat -n` does; long ones say how to read on.

    `outputs` gives the file that holds the full output of a command by its key, None when there
    is none. Raises FileProblem for what is no text file, is outside or over 200 MB.
    """
    first, last = request.start_line or 1, request.end_line
    if first < 1 or (last is not None and last < first):
        raise FileProblem("Lines count from 1, and end_line is not before start_line.")
    with _opened(root, request.path, outputs) as file:
        _require_text(file, request.path, MAX_READ_BYTES)
        return _window(file, request.path, first, last)


def write_file(root: Path, request: WriteFile) -> Written:
    """Create a file or replace its content in one step, keeping its permissions.

    Raises FileProblem when the path is outside, in `.git` or no ordinary file, HostUnusable when
    the disk is full.
    """
    with locate(root, request.path, writing=True, make_parents=True) as place:
        before = _content(place)
        content = _encoded(request.content)
        replace_file(place, content)
    done = "Wrote" if before is not None else "Created"
    change = _change(place.path, before or b"", content)
    lines = counted(_line_count(content), "line")
    return Written(change, f"{done} {shown(place.path)}: {lines}, {size_words(len(content))}.")


def edit_file(root: Path, request: EditFile) -> Written:
    """Replace the one place where `old_text` stands, keeping line endings, BOM and permissions.

    Raises FileProblem saying why not: no such place (with similar lines), more than one (with
    their lines), nothing to change, or not a text file.
    """
    with locate(root, request.path, writing=True) as place:
        with open_at(place.directory_fd, place.name, request.path) as file:
            _require_text(file, request.path, MAX_EDIT_BYTES)
            before = file.read()
        # Bytes that are not UTF-8 go through unharmed.
        text = before.decode("utf-8", "surrogateescape")
        edit = replace_once(text, request.old_text, request.new_text, request.path)
        content = _encoded(edit.text)
        replace_file(place, content)
    change = _change(place.path, before, content)
    where = f"lines {edit.first_line}-{edit.last_line}"
    return Written(change, f"Edited {shown(place.path)}: the new text is at {where}.")


def _opened(
    root: Path, path: str, outputs: Callable[[str], Path | None]
) -> AbstractContextManager[BinaryIO]:
    if not path.startswith(OUTPUTS):
        return open_file(root, path)
    output = outputs(path.removeprefix(OUTPUTS).removesuffix(".txt"))
    if output is None:
        raise FileProblem(f"There is no command output {shown(path)}.")
    return open_at(None, output, path)


def _require_text(file: BinaryIO, path: str, max_bytes: int) -> None:
    """Leave `file` at its beginning, or raise FileProblem."""
    size_bytes = file.seek(0, SEEK_END)
    file.seek(0)
    about = f"{shown(path)} ({size_words(size_bytes)})"
    if size_bytes > max_bytes:
        raise FileProblem(f"{about} is too big for this tool: use head, tail or sed in a command.")
    if b"\0" in file.read(_SNIFFED_BYTES):
        raise FileProblem(f"{about} is a binary file, not text: use a command to look into it.")
    file.seek(0)


def _window(file: BinaryIO, path: str, first: int, last: int | None) -> str:
    lines = _lines(file)
    skipped = sum(1 for _ in islice(lines, first - 1))
    shown_lines = list(_numbered(islice(lines, _wanted(first, last)), first))
    rest = sum(1 for _ in lines)
    total = skipped + len(shown_lines) + rest
    if not shown_lines:
        there = f"has {counted(total, 'line')}" if total else "is empty"
        return f"({shown(path)} {there}.)"
    end = first + len(shown_lines) - 1
    note = (
        f"\n(lines {first}-{end} of {total:,}; read on with start_line={end + 1})" if rest else ""
    )
    return "\n".join(shown_lines) + note


def _wanted(first: int, last: int | None) -> int:
    return MAX_LINES if last is None else min(MAX_LINES, last - first + 1)


def _numbered(lines: Iterable[bytes], first: int) -> Iterator[str]:
    room = MAX_CHARACTERS
    for number, line in enumerate(lines, first):
        text = line.removeprefix(_BOM if number == 1 else b"").decode("utf-8", "replace")
        text = text.rstrip("\r\n")
        if len(text) > MAX_LINE_CHARACTERS:
            text = text[:MAX_LINE_CHARACTERS] + " ... (line cut)"
        yield f"{number:6}\t{text}"
        room -= len(text)
        if room <= 0:
            return


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines without their ends, each cut where it gets too long to be shown."""
    while line := file.readline(_MAX_LINE_BYTES):
        piece = line
        while not piece.endswith(b"\n") and (piece := file.readline(_MAX_LINE_BYTES)):
            pass
        yield line


def _content(place: Place) -> bytes | None:
    try:
        with open_at(place.directory_fd, place.name, place.path) as file:
            return file.read(_MAX_COMPARED_BYTES + 1)
    except FileProblem:
        return None


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise FileProblem("The text is not valid Unicode: it has half of a pair.") from None


def _change(path: str, before: bytes, after: bytes) -> FileChange:
    # libgit2 can take seconds over big files that have nothing in common.
    if max(len(before), len(after)) > _MAX_COMPARED_BYTES:
        return FileChange(path=path, added=_line_count(after), removed=_line_count(before))
    _, added, removed = pygit2.Patch.create_from(before, after).line_stats
    return FileChange(path=path, added=added, removed=removed)


def _line_count(content: bytes) -> int:
    return content.count(b"\n") + (not content.endswith(b"\n") and content != b"")
