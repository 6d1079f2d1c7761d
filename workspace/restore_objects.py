"""Gives a workspace's own `.git` back as a checkpoint has it.

Objects that are there stay: they are named by their content, and git ignores what nothing refers
to. Those that are missing or broken come in one pack.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pygit2.enums import ObjectType

from workspace.beneath import take_owner
from workspace.git_links import COMMITS, TAG_SUFFIX
from workspace.git_program import run_git
from workspace.intake import links
from workspace.loose import RawObject, read_loose
from workspace.objects import Objects
from workspace.opened import opened_directory
from workspace.pack_index import packed
from workspace.removing import clear
from workspace.restore_files import Restorer
from workspace.trees import Tree

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_ONLY = 0o444


class ObjectRestorer:
    """Completes the objects of a `.git`."""

    def __init__(self, objects: Objects, restorer: Restorer, owner: os.stat_result) -> None:
        self._objects, self._restorer, self._owner = objects, restorer, owner

    def complete(self, git_fd: int, referred: Tree) -> None:
        """Make sure that the `.git` open at `git_fd` has all of `git/objects/` of a checkpoint."""
        objects_fd = self._restorer.entered(git_fd, "objects")
        try:
            needed = self._reachable(list(self._roots(referred)))
            there = packed(objects_fd)
            loose = needed - there.ids
            missing = {oid for oid in loose if read_loose(objects_fd, oid) is None}
            if missing:
                self._add(missing, there.broken, objects_fd)
        finally:
            os.close(objects_fd)

    def _roots(self, referred: Tree) -> Iterator[bytes]:
        for name, entry in referred.items():
            if name == COMMITS:
                gathered = RawObject(ObjectType.COMMIT, self._objects.read(entry.oid))
                yield from (link.oid for link in links(gathered))
            elif name.endswith(TAG_SUFFIX):
                # A clone of the task's repository has the tag as a blob only.
                yield self._objects.write(ObjectType.TAG, self._objects.read(entry.oid))
            else:
                yield entry.oid

    def _reachable(self, roots: list[bytes]) -> set[bytes]:
        if not roots:
            return set()
        output = run_git(
            "rev-list",
            "--objects",
            "--no-object-names",
            "--stdin",
            cwd=self._objects.git_dir,
            stdin=_lines(roots),
        )
        return {bytes.fromhex(line.decode()) for line in output.split()}

    def _add(self, missing: set[bytes], broken: list[str], objects_fd: int) -> None:
        for oid in missing:
            _remove_loose(objects_fd, oid.hex())
        pack_fd = self._restorer.entered(objects_fd, "pack")
        try:
            for name in broken:
                clear(pack_fd, name)
            with tempfile.TemporaryDirectory(dir=self._objects.git_dir) as place:
                base = str(Path(place, "pack"))
                cwd = self._objects.git_dir
                run_git("pack-objects", "-q", base, cwd=cwd, stdin=_lines(sorted(missing)))
                # Git takes a pack into account as soon as its index is there.
                for file in sorted(Path(place).iterdir(), key=lambda file: file.suffix == ".idx"):
                    self._copy(file, pack_fd)
        finally:
            os.close(pack_fd)

    def _copy(self, file: Path, pack_fd: int) -> None:
        clear(pack_fd, file.name)
        fd = os.open(file.name, _CREATE, _READ_ONLY, dir_fd=pack_fd)
        with os.fdopen(fd, "wb") as copy, file.open("rb") as original:
            take_owner(fd, self._owner)
            shutil.copyfileobj(original, copy)


def _lines(ids: Iterable[bytes]) -> bytes:
    return b"".join(oid.hex().encode() + b"\n" for oid in ids)


def _remove_loose(objects_fd: int, name: str) -> None:
    """Remove a broken object: git would go on finding it."""
    with suppress(OSError), opened_directory(objects_fd, name[:2]) as fd:
        os.unlink(name[2:], dir_fd=fd)
