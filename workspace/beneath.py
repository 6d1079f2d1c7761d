"""Paths of a workspace, resolved so that nothing outside it is ever opened or written.

A path is walked part by part through directory descriptors. Links are read and walked the same
way, so a link that is swapped in meanwhile is refused by the kernel (O_NOFOLLOW), not followed.
This is what openat2(RESOLVE_BENEATH) does, and the tests hold the walk against it. It is done here
because a safe rename needs the directory of a file rather than the file, and because links to
`/workspace/...`, made by commands that see the workspace under that name, shall work.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from workspace.file_problems import FileProblem, explained
from workspace.problems import HostUnusable
from workspace.wording import shown

INSIDE = "workspace"
"""Commands see the workspace as `/workspace`; Claude names files by it too."""

MAX_PATH_BYTES = 4096
"""PATH_MAX of Linux."""

MAX_STEPS = 2_000
"""Parts walked for one path, those of links included: ends loops of links."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK a FIFO that nobody writes to would hold the worker's thread for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Place(NamedTuple):
    """Where a path leads: an open directory inside the workspace and a name in it.

    `name` was no link when it was looked up, and is "." for the workspace itself. `path` is the
    resolved path, relative to the workspace. The descriptor is closed by `locate`.
    """

    directory_fd: int
    name: str
    path: str


@contextmanager
def locate(
    root: Path, path: str, *, writing: bool = False, make_parents: bool = False
) -> Iterator[Place]:
    """Resolve `path` beneath `root`: out of `.git` when `writing`, with its parents made or not.

    Raises FileProblem when the path is malformed, leads outside or passes through a file.
    """
    with explained(path):
        walk = _Walk(root, path, writing=writing, make_parents=make_parents)
        try:
            yield walk.run()
        finally:
            os.close(walk.fd)


@contextmanager
def open_file(root: Path, path: str) -> Iterator[BinaryIO]:
    """Open an ordinary file of the workspace for reading. Raises FileProblem for anything else."""
    with locate(root, path) as place, open_at(place.directory_fd, place.name, path) as file:
        yield file


@contextmanager
def open_at(directory_fd: int | None, name: str | Path, path: str) -> Iterator[BinaryIO]:
    """Open the ordinary file `name` of an open directory, neither following a link nor blocking.

    `path` is what a FileProblem calls it.
    """
    with explained(path):
        fd = os.open(name, _FILE, dir_fd=directory_fd)
        try:
            require_regular(os.fstat(fd), path)
            with os.fdopen(fd, "rb", closefd=False) as file:
                yield file
        finally:
            os.close(fd)


@contextmanager
def open_directory(root: Path, path: str) -> Iterator[Place]:
    """Open a directory of the workspace: a Place with the name "." in it."""
    with locate(root, path) as place:
        fd = open_child(place.directory_fd, place.name)
        try:
            yield Place(fd, ".", place.path)
        finally:
            os.close(fd)


def open_child(directory_fd: int, name: str) -> int:
    """Descriptor of the directory `name` in an open directory, never of a link. Raises OSError."""
    return os.open(name, _DIRECTORY, dir_fd=directory_fd)


def require_regular(found: os.stat_result, path: str) -> None:
    """Raise FileProblem unless `found` is an ordinary file."""
    if stat.S_ISDIR(found.st_mode):
        raise FileProblem(f"{shown(path)} is a directory, not a file.")
    if not stat.S_ISREG(found.st_mode):
        raise FileProblem(f"{shown(path)} is a pipe, socket or device, not an ordinary file.")


def take_owner(fd: int, owner: os.stat_result) -> None:
    """Make what a worker running as root created belong to the user that the commands run as."""
    if os.geteuid() == 0:
        os.fchown(fd, owner.st_uid, owner.st_gid)


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


def _requested_parts(path: str) -> list[str]:
    try:
        size_bytes = len(os.fsencode(path))
    except UnicodeEncodeError:
        raise FileProblem(f"{shown(path)} is not a path: it is not valid Unicode.") from None
    if "\0" in path or size_bytes > MAX_PATH_BYTES:
        raise FileProblem(f"{shown(path)} is not a path: too long, or with a NUL in it.")
    if not path.startswith("/"):
        return _parts(path)
    return _parts_inside(path, f"{shown(path)} is outside the workspace.")


def _parts_inside(absolute: str, problem: str) -> list[str]:
    parts = _parts(absolute)
    if parts[:1] != [INSIDE]:
        raise FileProblem(f"{problem} Only paths under /{INSIDE} can be used here.")
    return parts[1:]


class _Walk:
    """One resolution: `fd` is the directory reached, `names` its path, `todo` what is to go."""

    def __init__(self, root: Path, path: str, *, writing: bool, make_parents: bool) -> None:
        self._root, self._path = root, shown(path)
        self._writing, self._make_parents = writing, make_parents
        self._todo = _requested_parts(path)[::-1]
        self._names: list[str] = []
        self.fd = self._open_root()

    def run(self) -> Place:
        for _ in range(MAX_STEPS):
            if not self._todo:
                return Place(self.fd, ".", "/".join(self._names))
            if (place := self._step(self._todo.pop())) is not None:
                return place
        raise FileProblem(f"{self._path} has too many parts, or its links form a loop.")

    def _step(self, part: str) -> Place | None:
        if self._writing and part.lower() == ".git":
            raise FileProblem(f"{self._path} is inside .git, which only git commands may change.")
        if part == "..":
            self._up()
        elif (target := self._link(part)) is not None:
            self._follow(target)
        elif self._todo:
            self._enter(part)
        else:
            return Place(self.fd, part, "/".join((*self._names, part)))
        return None

    def _open_root(self) -> int:
        try:
            return os.open(self._root, _DIRECTORY & ~os.O_NOFOLLOW)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise HostUnusable(f"The workspace directory {self._root} is gone.") from error

    def _up(self) -> None:
        if not self._names:
            raise FileProblem(f"{self._path} leads out of the workspace.")
        # Not by opening "..": it means something else once the directory is moved.
        self._restart(self._names[:-1])

    def _link(self, part: str) -> str | None:
        try:
            return os.readlink(part, dir_fd=self.fd)
        except OSError as error:
            if error.errno in {errno.EINVAL, errno.ENOENT}:
                return None
            raise

    def _follow(self, target: str) -> None:
        if target.startswith("/"):
            problem = f"{self._path} is a link that leads out of the workspace."
            self._restart(_parts_inside(target, problem))
        else:
            self._restart([*self._names, *_parts(target)])

    def _restart(self, parts: list[str]) -> None:
        self._todo.extend(reversed(parts))
        if len(self._todo) > MAX_STEPS:
            raise FileProblem(f"{self._path} leads through too many links.")
        self._names = []
        self._move(self._open_root())

    def _move(self, fd: int) -> None:
        os.close(self.fd)
        self.fd = fd

    def _enter(self, part: str) -> None:
        try:
            self._move(open_child(self.fd, part))
        except FileNotFoundError:
            if not self._make_parents:
                raise
            self._make(part)
        self._names.append(part)

    def _make(self, part: str) -> None:
        owner = os.fstat(self.fd)
        with suppress(FileExistsError):
            os.mkdir(part, dir_fd=self.fd)
        self._move(open_child(self.fd, part))
        take_owner(self.fd, owner)
