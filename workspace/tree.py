"""The files below a directory of the workspace, without what .gitignore leaves out."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from workspace.beneath import open_at, open_child, open_directory, open_file
from workspace.file_problems import FileProblem, explained
from workspace.patterns import Ignored

NEVER_WALKED = frozenset({"node_modules", "__pycache__", ".venv"})
"""Made by tools and full of files: named in a listing, not walked, ignored or not."""

MAX_ENTRIES = 50_000
MAX_SECONDS = 8.0
MAX_DEPTH = 40
"""Directories within directories; one descriptor is open for each."""

_MAX_GITIGNORE_BYTES = 100_000


class Found(NamedTuple):
    """A file, link or closed directory; `directory_fd` is open until the next one is asked for.

    `path` is relative to the workspace, `below` to the directory where the walk began.
    """

    directory_fd: int
    path: str
    below: str
    entry: os.DirEntry[str]

    @property
    def is_closed_directory(self) -> bool:
        """Whether it is a directory whose files are not given."""
        return self.entry.is_dir(follow_symlinks=False)


class Tree:
    """One walk over the files below `path`; `cut` says in words where it ended too early."""

    def __init__(self, root: Path, path: str, max_entries: int = MAX_ENTRIES) -> None:
        self._root, self._path = root, path
        self._max_entries = self._left = max_entries
        self._skip = 0
        self._deadline = time.monotonic() + MAX_SECONDS
        self.cut = ""

    def __iter__(self) -> Iterator[Found]:
        """Give what is found, directory by directory. Raises FileProblem for a bad `path`."""
        with explained(self._path), open_directory(self._root, self._path) as place:
            self._skip = len(place.path) + 1 if place.path else 0
            rules = self._rules_above(place.path)
            yield from self._walk(place.directory_fd, place.path, rules, MAX_DEPTH)

    def _rules_above(self, path: str) -> Ignored:
        rules = Ignored()
        for parent in reversed(PurePosixPath(path).parents if path else []):
            directory = "" if str(parent) == "." else str(parent)
            gitignore = str(parent / ".gitignore")
            with suppress(FileProblem), open_file(self._root, gitignore) as file:
                rules = rules.extended(_text(file.read(_MAX_GITIGNORE_BYTES)), directory)
        return rules

    def _walk(self, fd: int, path: str, rules: Ignored, depth: int) -> Iterator[Found]:
        with suppress(FileProblem), open_at(fd, ".gitignore", ".gitignore") as file:
            rules = rules.extended(_text(file.read(_MAX_GITIGNORE_BYTES)), path)
        for entry in self._entries(fd):
            if time.monotonic() > self._deadline:
                self.cut = f"stopped after {MAX_SECONDS:g} s"
                return
            inner = f"{path}/{entry.name}" if path else entry.name
            found = Found(fd, inner, inner[self._skip :], entry)
            is_directory = entry.is_dir(follow_symlinks=False)
            if entry.name == ".git" or rules.covers(found.path, is_directory=is_directory):
                continue
            if is_directory and depth and entry.name not in NEVER_WALKED:
                yield from self._enter(found, rules, depth - 1)
            else:
                yield found

    def _enter(self, found: Found, rules: Ignored, depth: int) -> Iterator[Found]:
        try:
            fd = open_child(found.directory_fd, found.entry.name)
        except OSError:
            yield found
            return
        try:
            yield from self._walk(fd, found.path, rules, depth)
        finally:
            os.close(fd)

    def _entries(self, fd: int) -> list[os.DirEntry[str]]:
        with os.scandir(fd) as entries:
            some = list(islice(entries, self._left + 1))
        if len(some) > self._left:
            self.cut = f"stopped at {self._max_entries:,} entries"
        del some[self._left :]
        self._left -= len(some)
        return sorted(some, key=lambda entry: entry.name)


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig", "surrogateescape")
