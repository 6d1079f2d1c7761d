"""Brings a workspace to a checkpoint: its files and its own `.git`.

What a checkpoint would not keep (ignored files, left out ones) stays, unless it stands where the
checkpoint has something else.
"""

import os
from pathlib import Path

from workspace.capture import GIT_STATE, STATS, WORKSPACE, left_out_of, opened_root
from workspace.objects import Objects
from workspace.removing import clear
from workspace.restore_files import Place, Restorer
from workspace.restore_objects import ObjectRestorer
from workspace.rules import Rules
from workspace.scan import GIT, OBJECTS, Caps, Scanner
from workspace.stat_cache import StatCache
from workspace.trees import TREE, Tree, object_id


class Restore:
    """Brings workspaces to the checkpoint whose tree is `root`."""

    def __init__(self, objects: Objects, caps: Caps, root: Tree) -> None:
        self._objects, self._root = objects, root
        # Contents are only compared here, not stored.
        stats = StatCache(objects.git_dir / STATS)
        self._scanner = Scanner(lambda content: object_id("blob", content), stats, caps)

    def run(self, workspace: Path) -> None:
        """Make the directory equal to the checkpoint; it is made if it is missing."""
        workspace.mkdir(parents=True, exist_ok=True)
        with opened_root(workspace) as fd:
            owner = os.fstat(fd)
            restorer = Restorer(self._objects, owner, left_out_of(self._objects, self._root))
            self._files(fd, restorer)
            self._git(fd, restorer, ObjectRestorer(self._objects, restorer, owner))

    def _files(self, fd: int, restorer: Restorer) -> None:
        now = self._scanner.workspace(fd, Rules.at_top())
        target = self._objects.subtree(self._root, WORKSPACE)
        restorer.directory(Place(fd, "", Rules.at_top()), now, target)

    def _git(self, fd: int, restorer: Restorer, objects: ObjectRestorer) -> None:
        entry = self._root.get(GIT_STATE)
        if entry is None or entry.mode != TREE:
            clear(fd, GIT)
            if entry:
                restorer.file(fd, GIT, entry)
            return
        git_fd = restorer.entered(fd, GIT)
        try:
            target = self._objects.tree(entry.oid)
            objects.complete(git_fd, self._objects.subtree(target, OBJECTS))
            target.pop(OBJECTS, None)
            now = self._scanner.git_directory(git_fd)
            restorer.directory(Place(git_fd, f"{GIT}/", None), now, target)
            # Git takes no directory for a repository that lacks it.
            os.close(restorer.entered(git_fd, "refs"))
        finally:
            os.close(git_fd)
