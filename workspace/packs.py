"""Takes packs of a workspace's own `.git` into the task's repository.

Git reads the pack from a descriptor and computes the id of every object in it anew; nothing else
of the workspace's repository is looked at, its configuration least of all.
"""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType

from workspace.git_program import GitFailed, run_git
from workspace.loose import MAX_OBJECT_BYTES, RawObject
from workspace.objects import Objects
from workspace.opened import opened_directory, opened_file
from workspace.pack_index import checksum


class Packs:
    """The packs below the directory open at `objects_fd`, read when they are first needed."""

    def __init__(self, objects: Objects, objects_fd: int) -> None:
        self._objects, self.objects_fd = objects, objects_fd
        self._aside: tempfile.TemporaryDirectory[str] | None = None
        self._odb: pygit2.Odb | None = None
        self._taken = False

    def take(self) -> bool:
        """Take every pack that refers to nothing missing, put the others where `read` finds them.

        Done once; False when it was done before.
        """
        if self._taken:
            return False
        self._taken = True
        self._take_all()
        return True

    def read(self, oid: bytes) -> RawObject | None:
        """Read an object of a pack that could not be taken as a whole, or None."""
        if self._odb is None:
            return None
        with suppress(KeyError, pygit2.GitError):
            if self._odb.read_header(pygit2.Oid(raw=oid))[1] <= MAX_OBJECT_BYTES:
                kind, content = self._odb.read(pygit2.Oid(raw=oid))
                return RawObject(ObjectType(kind), content)
        return None

    def close(self) -> None:
        """Close the directory and forget the packs that were put aside."""
        os.close(self.objects_fd)
        self._odb = None
        if self._aside is not None:
            self._aside.cleanup()

    def _take_all(self) -> None:
        with suppress(OSError), opened_directory(self.objects_fd, "pack") as directory_fd:
            with os.scandir(directory_fd) as entries:
                packs = [entry for entry in entries if entry.name.endswith(".pack")]
            # A later one may build on an earlier.
            packs.sort(key=lambda entry: entry.stat(follow_symlinks=False).st_mtime_ns)
            for entry in packs:
                with suppress(OSError), opened_file(directory_fd, entry.name) as fd:
                    self._take_one(fd)

    def _take_one(self, fd: int) -> None:
        name = f"pack-{checksum(fd).hex()}.pack"
        packs = self._objects.git_dir / "objects" / "pack"
        if not stat.S_ISREG(os.fstat(fd).st_mode) or (packs / name).exists():
            return
        try:
            self._index(fd, "--check-self-contained-and-connected", environment={})
        except GitFailed:
            with suppress(GitFailed):
                self._index(fd, environment=self._set_aside())

    def _index(self, fd: int, *options: str, environment: dict[str, str]) -> None:
        with os.fdopen(os.dup(fd), "rb") as pack:
            pack.seek(0)
            cwd = self._objects.git_dir
            run_git("index-pack", "--stdin", *options, cwd=cwd, stdin=pack, environment=environment)

    def _set_aside(self) -> dict[str, str]:
        if self._aside is None:
            self._aside = tempfile.TemporaryDirectory(dir=self._objects.git_dir)
            Path(self._aside.name, "pack").mkdir()
            self._odb = pygit2.Odb(self._aside.name)
        return {
            "GIT_OBJECT_DIRECTORY": self._aside.name,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self._objects.git_dir / "objects"),
        }
