"""Objects of the task's private repository: blobs, trees and commits by their 20-byte ids.

Everything in it is complete: an object is written after those it refers to. Nothing is synced to
the disk: what was written survives the death of any process, but not a power cut.
"""

import shutil
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pygit2
from pygit2.enums import ConfigLevel, ObjectType, Option

from workspace.problems import HostUnusable, WorkspaceLost
from workspace.trees import (
    EMPTY_TREE,
    TREE,
    Entry,
    Listing,
    Tree,
    decoded,
    encoded,
    object_id,
)

IDENTITY = ("TARS", "tars@localhost")
"""Author of every commit made here, so that people see which ones no person made."""

_FULL_BYTES = 10_000_000
"""With less room than this the disk counts as full: what libgit2 says of it is often beside it."""


@cache
def isolate_libgit2() -> None:
    """Let libgit2 read no configuration but a repository's own, and not mind who owns that.

    The repositories are ours; a home that cannot be read, as in a service, must not matter.
    """
    for level in (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL):
        pygit2.option(Option.SET_SEARCH_PATH, level, "")
    pygit2.option(Option.SET_OWNER_VALIDATION, False)


class Commit(NamedTuple):
    """A commit: its tree, its parents, and when it was made in seconds since 1970."""

    tree: bytes
    parents: list[bytes]
    at_seconds: int


class Objects:
    """The object database of a bare repository of ours."""

    def __init__(self, git_dir: Path) -> None:
        """Open it. Raises WorkspaceLost when there is no repository at `git_dir`."""
        self.git_dir = git_dir
        isolate_libgit2()
        try:
            self.repository = pygit2.Repository(str(git_dir))
            self._odb = self.repository.odb
        except pygit2.GitError as error:
            raise WorkspaceLost(f"The task's checkpoints are not at {git_dir}.") from error

    def __contains__(self, oid: bytes) -> bool:
        return pygit2.Oid(raw=oid) in self._odb

    def header(self, oid: bytes) -> tuple[ObjectType, int]:
        """Type and size in bytes of an object. Raises WorkspaceLost when it cannot be read."""
        try:
            kind, size_bytes = self._odb.read_header(pygit2.Oid(raw=oid))
        except (KeyError, pygit2.GitError) as error:
            raise self._lost(oid) from error
        return ObjectType(kind), size_bytes

    def read(self, oid: bytes) -> bytes:
        """Content of an object. Raises WorkspaceLost when it cannot be read."""
        try:
            return self._odb.read(pygit2.Oid(raw=oid))[1]
        except (KeyError, pygit2.GitError) as error:
            raise self._lost(oid) from error

    def write(self, kind: ObjectType, data: bytes) -> bytes:
        """Store an object and return its id. Raises HostUnusable when it cannot be written."""
        try:
            return self._odb.write(kind, data).raw
        except (OSError, pygit2.GitError) as error:
            raise self._unwritable(error) from error

    def tree(self, oid: bytes) -> Tree:
        """Entries of a tree. Raises WorkspaceLost when it cannot be read."""
        return {} if oid == EMPTY_TREE else decoded(self.read(oid))

    def write_tree(self, tree: Mapping[str, Entry]) -> bytes:
        """Store a tree and return its id."""
        data = encoded(tree)
        oid = object_id("tree", data)
        # Writing what is there already takes 20 times as long as asking for it.
        return oid if oid in self else self.write(ObjectType.TREE, data)

    def write_listing(self, listing: Listing) -> bytes:
        """Store the trees of a listing and return the id of the uppermost."""
        return self.write_tree(
            {
                name: found if isinstance(found, Entry) else Entry(TREE, self.write_listing(found))
                for name, found in listing.items()
            }
        )

    def write_commit(
        self, tree: bytes, parents: Iterable[bytes], message: str, at_seconds: int
    ) -> bytes:
        """Store a commit by TARS and return its id, which is the same for the same arguments."""
        # A message may be made of anything, such as half a character of a command.
        message = message.encode("utf-8", "replace").decode().replace("\0", " ")
        who = pygit2.Signature(*IDENTITY, at_seconds, 0)
        ids = [pygit2.Oid(raw=parent) for parent in parents]
        try:
            commit = self.repository.create_commit(
                None, who, who, message, pygit2.Oid(raw=tree), ids
            )
        except (OSError, pygit2.GitError) as error:
            raise self._unwritable(error) from error
        return commit.raw

    def read_commit(self, name: str) -> Commit:
        """Read a commit by its 40-character name. Raises WorkspaceLost when there is none."""
        try:
            commit = self.repository[pygit2.Oid(hex=name)].peel(pygit2.Commit)
        except (KeyError, ValueError, pygit2.GitError) as error:
            raise WorkspaceLost(f"Checkpoint {name} is not in {self.git_dir}.") from error
        parents = [parent.raw for parent in commit.parent_ids]
        return Commit(commit.tree_id.raw, parents, commit.commit_time)

    def refer(self, reference: str, oid: bytes) -> None:
        """Let a reference name an object, so that git keeps it."""
        try:
            self.repository.references.create(reference, pygit2.Oid(raw=oid), force=True)
        except (OSError, pygit2.GitError) as error:
            raise self._unwritable(error) from error

    def find(self, tree: Tree, path: str) -> Entry | None:
        """Entry at a path below `tree`, or None."""
        *directories, name = PurePosixPath(path).parts or ("",)
        for directory in directories:
            tree = self.subtree(tree, directory)
        return tree.get(name)

    def subtree(self, tree: Tree, name: str) -> Tree:
        """Entries of a directory of `tree`: none when there is no such directory."""
        entry = tree.get(name)
        return self.tree(entry.oid) if entry and entry.mode == TREE else {}

    def changed(self, tree: Tree, changes: Mapping[str, Entry | None]) -> Tree:
        """Return `tree` with entries put or (None) removed at the paths of `changes`."""
        tree = dict(tree)
        inner: dict[str, dict[str, Entry | None]] = {}
        for path, entry in changes.items():
            name, _, rest = path.partition("/")
            if rest:
                inner.setdefault(name, {})[rest] = entry
            elif entry is None:
                tree.pop(name, None)
            else:
                tree[name] = entry
        for name, deeper in inner.items():
            self._put(tree, name, self.changed(self.subtree(tree, name), deeper))
        return tree

    def _put(self, tree: Tree, name: str, inner: Tree) -> None:
        if inner:
            tree[name] = Entry(TREE, self.write_tree(inner))
        else:
            tree.pop(name, None)

    def _lost(self, oid: bytes) -> WorkspaceLost:
        return WorkspaceLost(f"Object {oid.hex()} is missing or damaged in {self.git_dir}.")

    def _unwritable(self, error: Exception) -> HostUnusable:
        is_full = shutil.disk_usage(self.git_dir).free < _FULL_BYTES
        reason = "the disk is full" if is_full else error
        return HostUnusable(f"{self.git_dir} cannot be written ({reason}): mend that, then resume.")
