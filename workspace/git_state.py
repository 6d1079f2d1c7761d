"""The workspace's own `.git` in a checkpoint: its files as they are, and what they refer to."""

import os
from typing import NamedTuple

from workspace.blobs import Blobs
from workspace.git_links import INDEX, GitLinks
from workspace.index_file import UnreadableIndex
from workspace.index_file import staged as staged_files
from workspace.intake import Intake
from workspace.objects import Objects
from workspace.opened import directory_or_none
from workspace.rules import Tracked
from workspace.scan import GIT, OBJECTS, Caps, Scanner
from workspace.stat_cache import StatCache
from workspace.trees import TREE, Entry, Listing

_MAX_NAMES = 5


class GitState(NamedTuple):
    """What a checkpoint keeps of a `.git`; `entry` is None when there is none."""

    entry: Entry | None
    left_out: dict[str, str]
    notes: list[str]
    staged: bytes = b""

    def tracked(self) -> Tracked:
        """Return the paths that its index lists."""
        try:
            files = {found.path for found in staged_files(self.staged)}
        except UnreadableIndex:
            return Tracked()
        parts = [path.split("/") for path in files]
        return Tracked(files, {"/".join(p[:n]) for p in parts for n in range(1, len(p))})


class GitKeeper:
    """Stores the `.git` of a workspace."""

    def __init__(self, objects: Objects, stats: StatCache, caps: Caps) -> None:
        self._objects, self._stats, self._caps = objects, stats, caps

    def keep(self, workspace_fd: int, before: Entry | None) -> GitState:
        """Store the `.git` of the workspace open at `workspace_fd`.

        `before` is the entry in the parent checkpoint, taken over when nothing has changed.
        """
        git_fd = directory_or_none(workspace_fd, GIT)
        if git_fd is None:
            return self._single(workspace_fd)
        try:
            return self._directory(git_fd, before)
        finally:
            os.close(git_fd)

    def _single(self, workspace_fd: int) -> GitState:
        """A link or a file that names a directory elsewhere is content, never followed."""
        with Blobs(self._objects) as blobs:
            scanner = Scanner(blobs.keep, self._stats, self._caps)
            return GitState(scanner.single(workspace_fd, GIT), scanner.left_out, [])

    def _directory(self, git_fd: int, before: Entry | None) -> GitState:
        with Blobs(self._objects) as blobs:
            scanner = Scanner(blobs.keep, self._stats, self._caps)
            listing = scanner.git_directory(git_fd)
        if not listing:
            return GitState(None, scanner.left_out, [])
        tree = self._objects.tree(self._objects.write_listing(listing))
        old = self._objects.tree(before.oid) if before and before.mode == TREE else {}
        links = old.pop(OBJECTS, None)
        notes: list[str] = []
        if tree != old:
            links, notes = self._links(git_fd, listing)
        if links:
            tree[OBJECTS] = links
        entry = Entry(TREE, self._objects.write_tree(tree))
        return GitState(entry, scanner.left_out, notes, self._content(listing, INDEX))

    def _links(self, git_fd: int, listing: Listing) -> tuple[Entry | None, list[str]]:
        if "reftable" in listing or b"sha256" in self._content(listing, "config").lower():
            return None, ["The git history is not kept in checkpoints: its format is too new."]
        with Intake(self._objects, git_fd, self._content(listing, "shallow")) as intake:
            links = GitLinks(self._objects, intake)
            tree = links.collect(listing)
        entry = Entry(TREE, self._objects.write_tree(tree)) if tree else None
        return entry, _notes(links.lost)

    def _content(self, listing: Listing, name: str) -> bytes:
        found = listing.get(name)
        return self._objects.read(found.oid) if isinstance(found, Entry) else b""


def _notes(lost: set[str]) -> list[str]:
    if not lost:
        return []
    names = ", ".join(sorted(lost)[:_MAX_NAMES])
    return [f"Git history is not kept in checkpoints, as objects are missing or too big: {names}."]
