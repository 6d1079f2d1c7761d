"""Takes what is on disk into the tree of a checkpoint."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pygit2.enums import ObjectType

from workspace.blobs import Blobs
from workspace.git_state import GitKeeper
from workspace.objects import Objects
from workspace.removing import unlocked
from workspace.rules import Rules
from workspace.scan import Caps, Scanner
from workspace.stat_cache import StatCache
from workspace.trees import FILE, TREE, Entry, Tree
from workspace.wording import shown

WORKSPACE, GIT_STATE, LEFT_OUT = "workspace", "git", "left-out"
"""Entries of a checkpoint's tree that are made here."""

STATS = "stat-cache"
"""Name of the file in the task's repository that says which files were seen, and when."""

_MAX_NAMES = 5


class Captured(NamedTuple):
    """The new tree, and what was left out for the first time."""

    root: Tree
    notes: list[str]


def capture(objects: Objects, caps: Caps, workspace: Path, root: Tree) -> Captured:
    """Return the tree `root` with the files and the `.git` that `workspace` has now."""
    stats = StatCache(objects.git_dir / STATS)
    with opened_root(workspace) as fd:
        git = GitKeeper(objects, stats, caps).keep(fd, root.get(GIT_STATE))
        with Blobs(objects) as blobs:
            scanner = Scanner(blobs.keep, stats, caps)
            listing = scanner.workspace(fd, Rules.at_top(git.tracked))
    stats.save()
    left_out = {**scanner.left_out, **git.left_out}
    names = b"\0".join(sorted(map(os.fsencode, left_out)))
    new = {
        WORKSPACE: Entry(TREE, objects.write_listing(listing)) if listing else None,
        GIT_STATE: git.entry,
        LEFT_OUT: Entry(FILE, objects.write(ObjectType.BLOB, names)) if names else None,
    }
    kept = {name: entry for name, entry in {**root, **new}.items() if entry}
    before = left_out_of(objects, root)
    return Captured(kept, _notes({p: left_out[p] for p in left_out if p not in before}) + git.notes)


def left_out_of(objects: Objects, root: Tree) -> set[str]:
    """Return the paths that existed at a checkpoint but were not kept in it."""
    entry = root.get(LEFT_OUT)
    return set(map(os.fsdecode, objects.read(entry.oid).split(b"\0"))) if entry else set()


@contextmanager
def opened_root(workspace: Path) -> Iterator[int]:
    """Give the descriptor of the workspace itself for a `with` block. Raises OSError."""
    parent = os.open(workspace.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fd = unlocked(parent, workspace.name)
    finally:
        os.close(parent)
    try:
        yield fd
    finally:
        os.close(fd)


def _notes(left_out: dict[str, str]) -> list[str]:
    if not left_out:
        return []
    named = [f"{shown(path)} ({why})" for path, why in list(left_out.items())[:_MAX_NAMES]]
    more = len(left_out) - len(named)
    return [f"Not kept in checkpoints: {', '.join(named)}{f' and {more:,} more' * bool(more)}."]
