"""Checkpoints: every step of a task as a commit in its private repository.

The tree of a checkpoint has `workspace/` (the files), `git/` (the workspace's own `.git`, see
git_links.py), `left-out` (paths that exist but were not kept), and whatever is written with
`files`, such as the conversation. The first parent is the checkpoint before; a further one holds
the commits of the workspace's own repository. A checkpoint that was returned survives the death of
any process; after a power cut the last ones may be missing, which shows as WorkspaceLost.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pygit2
from pygit2.enums import ObjectType

from models.shown import Diff
from models.steps import FileChange
from workspace.capture import GIT_STATE, WORKSPACE, Captured, capture
from workspace.differences import Differences
from workspace.explained import explained
from workspace.git_links import COMMITS
from workspace.objects import Objects, isolate_libgit2
from workspace.problems import MissingFile
from workspace.restore import Restore
from workspace.scan import OBJECTS, Caps
from workspace.trees import EMPTY_TREE, FILE, TREE, Entry, Tree

MAX_CHANGES = 200
"""Changed files that a Snapshot names."""

_REFERENCES = "refs/checkpoints"


@dataclass(frozen=True)
class Snapshot:
    """A new checkpoint.

    `changes` are the files of the workspace that differ from the parent, at most MAX_CHANGES;
    `notes` say what was left out for the first time, and why.
    """

    checkpoint: str
    changes: list[FileChange] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class CheckpointStore:
    """The private repository of one task. Every method raises WorkspaceLost or HostUnusable."""

    def __init__(self, git_dir: Path, caps: Caps | None = None) -> None:
        """Open it. Raises WorkspaceLost when there is none."""
        self.objects = Objects(git_dir)
        self._caps = caps or Caps()

    @classmethod
    def create(cls, git_dir: Path, caps: Caps | None = None) -> Self:
        """Make the repository unless it is there, and open it."""
        with explained(git_dir):
            isolate_libgit2()
            repository = pygit2.init_repository(str(git_dir), bare=True)
            repository.config["gc.auto"] = 0
        store = cls(git_dir, caps)
        # Git stages an empty file (`git add -N`) and gathers commits without having stored these.
        store.objects.write(ObjectType.TREE, b"")
        store.objects.write(ObjectType.BLOB, b"")
        return store

    def commit(
        self,
        parent: str | None,
        *,
        workspace: Path | None = None,
        files: Mapping[str, bytes] | None = None,
        drop: Iterable[str] = (),
        message: str,
    ) -> Snapshot:
        """Make a checkpoint out of the one before.

        With `workspace`, its files and `.git` as they are now take the place of the parent's.
        `files` are contents by path in the tree, such as `transcript/000003.user.json`; the paths
        in `drop` are removed.
        """
        with explained(self.objects.git_dir):
            before = self.root(parent) if parent else {}
            found = Captured(before, [])
            if workspace is not None:
                found = capture(self.objects, self._caps, workspace, before)
            root = self.objects.changed(found.root, self._entries(files or {}, drop))
            oid = self._written(parent, before, root, message)
            changes = self._differences(before, root).changes(MAX_CHANGES)
        return Snapshot(oid.hex(), changes, found.notes)

    def read(self, checkpoint: str, path: str) -> bytes:
        """Return the content at a path of the tree. Raises MissingFile when it is no file."""
        entry = self.objects.find(self.root(checkpoint), path)
        if entry is None or entry.mode == TREE:
            raise MissingFile(f"There is no file {path} in checkpoint {checkpoint[:8]}.")
        return self.objects.read(entry.oid)

    def names(self, checkpoint: str, directory: str) -> list[str]:
        """Return the names in a directory of the tree in order; none when it is missing."""
        entry = self.objects.find(self.root(checkpoint), directory)
        return sorted(self.objects.tree(entry.oid)) if entry and entry.mode == TREE else []

    def restore(self, checkpoint: str, workspace: Path) -> None:
        """Make the files and the `.git` of a workspace equal to the checkpoint.

        Ignored and left out files stay. Killed halfway, it can be repeated.
        """
        with explained(workspace):
            Restore(self.objects, self._caps, self.root(checkpoint)).run(workspace)

    def note(self, checkpoint: str) -> None:
        """Note that the files of this host are at a checkpoint, which also keeps it."""
        # Without a reference git would take it for garbage.
        self.objects.refer(f"{_REFERENCES}/{checkpoint}", bytes.fromhex(checkpoint))

    def knows(self, checkpoint: str) -> bool:
        """Tell whether the files of this host were ever at a checkpoint."""
        references = self.objects.repository.references
        return references.get(f"{_REFERENCES}/{checkpoint}") is not None

    def diff(self, first: str, last: str, max_bytes: int) -> Diff:
        """Return the change of the workspace's files between two checkpoints.

        The patch has at most `max_bytes` and ends with a whole file, or at least a whole line.
        """
        with explained(self.objects.git_dir):
            return self._differences(self.root(first), self.root(last)).diff(max_bytes)

    def root(self, checkpoint: str) -> Tree:
        """Return the entries of a checkpoint's tree."""
        return self.objects.tree(self.objects.read_commit(checkpoint).tree)

    def _entries(self, files: Mapping[str, bytes], drop: Iterable[str]) -> dict[str, Entry | None]:
        write = self.objects.write
        kept = {path: Entry(FILE, write(ObjectType.BLOB, files[path])) for path in files}
        return {**dict.fromkeys(drop), **kept}

    def _written(self, parent: str | None, before: Tree, root: Tree, message: str) -> bytes:
        parents = [bytes.fromhex(parent)] if parent else []
        gathered = self._gathered(root)
        if gathered and gathered != self._gathered(before):
            parents.append(gathered)
        tree = self.objects.write_tree(root)
        oid = self.objects.write_commit(tree, parents, message, int(time.time()))
        self.note(oid.hex())
        return oid

    def _gathered(self, root: Tree) -> bytes | None:
        entry = self.objects.find(root, f"{GIT_STATE}/{OBJECTS}/{COMMITS}")
        return entry.oid if entry else None

    def _differences(self, first: Tree, last: Tree) -> Differences:
        oids = (tree[WORKSPACE].oid if WORKSPACE in tree else EMPTY_TREE for tree in (first, last))
        return Differences(self.objects, *oids)
