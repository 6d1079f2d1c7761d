"""What changed between two trees, for people: a patch, or files with their numbers of lines."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import pygit2

from models.shown import Diff
from models.steps import FileChange
from models.task import DiffStat
from workspace.objects import Objects
from workspace.wording import shown, size_words

MAX_TEXT_BYTES = 2_000_000
"""A bigger file is named, its lines are not compared: that can take minutes."""

MAX_COUNTED_FILES = 5_000
"""Of so many changed files the lines are counted; the rest of a change is named by its size."""


MAX_NAMED_FILES = 500
"""Changed files that a Diff names one by one."""


class _Change(NamedTuple):
    change: FileChange
    patch: str


class Differences:
    """The changes from one tree to another, in the order of their paths."""

    def __init__(self, objects: Objects, first: bytes, last: bytes) -> None:
        self._objects = objects
        old, new = self._tree(first), self._tree(last)
        self._diff = old.diff_to_tree(new)

    def changes(self, limit: int) -> list[FileChange]:
        """Return the first `limit` changed files."""
        return [found.change for found in islice(self._all(), limit)]

    def diff(self, max_bytes: int) -> Diff:
        """Return the change as a patch of at most `max_bytes`, cut between files if it can be."""
        changes: list[FileChange] = []
        patch = _Patch(max_bytes)
        for found in islice(self._all(), MAX_COUNTED_FILES):
            changes.append(found.change)
            patch.add(found.patch)
        stat = DiffStat(
            files=len(self._diff),
            added=sum(change.added for change in changes),
            removed=sum(change.removed for change in changes),
        )
        return Diff(
            patch="".join(patch.texts),
            stat=stat,
            changes=changes[:MAX_NAMED_FILES],
            truncated=patch.truncated or len(self._diff) > MAX_COUNTED_FILES,
        )

    def _all(self) -> Iterator[_Change]:
        for number, delta in enumerate(self._diff.deltas):
            path = shown(delta.new_file.raw_path.decode("utf-8", "replace"))
            size_bytes = max(self._size_bytes(delta.old_file), self._size_bytes(delta.new_file))
            if size_bytes > MAX_TEXT_BYTES:
                text = f"Large file {path} differs ({size_words(size_bytes)})\n"
                yield _Change(FileChange(path=path), text)
                continue
            # Only a patch made without a text to make it from is None.
            if patch := self._diff[number]:
                _, added, removed = patch.line_stats
                change = FileChange(path=path, added=added, removed=removed)
                yield _Change(change, patch.data.decode("utf-8", "replace"))

    def _tree(self, oid: bytes) -> pygit2.Tree:
        self._objects.header(oid)  # raises WorkspaceLost when it is missing
        return self._objects.repository[pygit2.Oid(raw=oid)].peel(pygit2.Tree)

    def _size_bytes(self, file: pygit2.DiffFile) -> int:
        return self._objects.header(file.id.raw)[1] if file.id else 0


class _Patch:
    """Patches of files, as long as there is room for them in UTF-8."""

    def __init__(self, max_bytes: int) -> None:
        self._left = max_bytes
        self.texts: list[str] = []
        self.truncated = False

    def add(self, text: str) -> None:
        if self.truncated:
            return
        encoded = text.encode()
        self.truncated = len(encoded) > self._left
        if self.truncated:
            # A part of a file is better than nothing, but worse than whole files only.
            lines = encoded[: self._left].rpartition(b"\n")
            text = "" if self.texts else (lines[0] + lines[1]).decode()
        self.texts.append(text)
        self._left -= len(encoded)
