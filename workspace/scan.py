"""One look at everything on disk that a checkpoint keeps.

Walks through directory descriptors and never follows a link, so that nothing outside is read even
if something is swapped in meanwhile. What cannot be kept is left out and noted, never an error.
"""

import os
import stat
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import NamedTuple

from workspace.opened import UNREADABLE, VANISHED, opened_directory, opened_file
from workspace.rules import MAX_GITIGNORE_BYTES, NO_KEY, Rules
from workspace.stat_cache import Known, StatCache, state
from workspace.trees import EXECUTABLE, FILE, LINK, MAX_DEPTH, Entry, Listing
from workspace.wording import size_words

GIT = ".git"

OBJECTS = "objects"
OBJECT_DIRECTORIES = frozenset({OBJECTS, "modules", "lfs"})
"""Of a `.git`: its objects are kept in another way, those of other repositories not at all."""


@dataclass(frozen=True)
class Caps:
    """What a checkpoint holds at most; further files are left out, in the order of their names."""

    file_bytes: int = 20_000_000
    total_bytes: int = 1_000_000_000
    files: int = 200_000
    depth: int = MAX_DEPTH


class _Place(NamedTuple):
    """An open directory. `path` is "" at the top of the workspace, else ends in a slash.

    `key` is that of the rules: a file seen under the same key before is not ignored now.
    """

    fd: int
    path: str
    depth: int
    rules: Rules | None = None
    key: bytes = NO_KEY


class _LeftOut(Exception):
    """Something exists but is not kept; the message says why."""


class Scanner:
    """Looks at directories; `left_out` tells, by path, why something there is not kept."""

    def __init__(self, keep: Callable[[bytes], bytes], stats: StatCache, caps: Caps) -> None:
        """`keep` takes the content of a file and returns its id."""
        self._keep, self._stats, self._caps = keep, stats, caps
        self._files = self._bytes = 0
        self.left_out: dict[str, str] = {}

    def workspace(self, fd: int, rules: Rules) -> Listing:
        """Files of the workspace open at `fd`, without its `.git` and what is ignored."""
        return self._directory(_Place(fd, "", 0, rules, rules.key), {GIT})

    def git_directory(self, fd: int) -> Listing:
        """Files of the workspace's own `.git`, open at `fd`, without its objects."""
        return self._directory(_Place(fd, f"{GIT}/", 1), OBJECT_DIRECTORIES)

    def single(self, fd: int, name: str) -> Entry | None:
        """The file or link `name` of the directory open at `fd`, or None."""
        with os.scandir(fd) as found:
            entries = [entry for entry in found if entry.name == name]
        kept = self._guarded(_Place(fd, "", 0), entries[0]) if entries else None
        return kept if isinstance(kept, Entry) else None

    def _directory(self, place: _Place, skipped: Container[str]) -> Listing:
        with os.scandir(place.fd) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        if place.rules and any(entry.name == ".gitignore" for entry in entries):
            rules = self._extended(place, place.rules)
            place = place._replace(rules=rules, key=rules.key)
        listing: Listing = {}
        for entry in entries:
            if entry.name not in skipped and (kept := self._guarded(place, entry)):
                listing[entry.name] = kept
        return listing

    def _extended(self, place: _Place, rules: Rules) -> Rules:
        try:
            _, content = _content(place.fd, ".gitignore", MAX_GITIGNORE_BYTES)
        except (OSError, _LeftOut):
            return rules
        return rules.extended(content, place.path.rstrip("/"))

    def _guarded(self, place: _Place, entry: os.DirEntry[str]) -> Entry | Listing | None:
        path = place.path + entry.name
        try:
            return self._kept(place, entry, path)
        except _LeftOut as reason:
            self.left_out[path] = str(reason)
        except OSError as error:
            if error.errno in UNREADABLE:
                self.left_out[path] = "it cannot be read"
            elif error.errno not in VANISHED:
                raise
        return None

    def _kept(self, place: _Place, entry: os.DirEntry[str], path: str) -> Entry | Listing | None:
        known = self._stats.known(path)
        if (
            known
            and known.key == place.key
            and known[:5] == state(entry.stat(follow_symlinks=False))
        ):
            self._count(known.size_bytes)
            return self._remembered(path, known)
        is_directory = entry.is_dir(follow_symlinks=False)
        if place.rules:
            rules = place.rules.below(path, is_directory=is_directory)
            if rules is None:
                return None
            place = place._replace(rules=rules, key=rules.key)
        if entry.name == GIT and place.path:
            raise _LeftOut("it is a repository of its own")
        if is_directory:
            return self._enter(place, entry.name)
        if entry.is_symlink():
            self._count(0)
            target = os.readlink(entry.name, dir_fd=place.fd)
            return Entry(LINK, self._keep(os.fsencode(target)))
        return self._file(place, entry, path)

    def _enter(self, place: _Place, name: str) -> Listing:
        if place.depth >= self._caps.depth:
            raise _LeftOut(f"it lies more than {self._caps.depth} directories deep")
        with opened_directory(place.fd, name) as fd:
            path, depth = f"{place.path}{name}/", place.depth + 1
            return self._directory(place._replace(fd=fd, path=path, depth=depth), ())

    def _file(self, place: _Place, entry: os.DirEntry[str], path: str) -> Entry:
        found = entry.stat(follow_symlinks=False)
        _require_ordinary(found, self._caps.file_bytes)
        self._count(found.st_size)
        found, content = _content(place.fd, entry.name, self._caps.file_bytes)
        return self._remembered(path, Known(*state(found), place.key, self._keep(content)))

    def _remembered(self, path: str, known: Known) -> Entry:
        self._stats.remember(path, known)
        return Entry(EXECUTABLE if known.mode & stat.S_IXUSR else FILE, known.oid)

    def _count(self, size_bytes: int) -> None:
        self._files += 1
        self._bytes += size_bytes
        if self._bytes > self._caps.total_bytes:
            raise _LeftOut(f"the files before it have {size_words(self._caps.total_bytes)}")
        if self._files > self._caps.files:
            raise _LeftOut(f"there are {self._caps.files:,} files before it")


def _content(fd: int, name: str, max_bytes: int) -> tuple[os.stat_result, bytes]:
    """Read an ordinary file; its state is from before, so that a change meanwhile shows later."""
    with opened_file(fd, name) as file:
        found = os.fstat(file)
        _require_ordinary(found, max_bytes)
        content = b""
        while chunk := os.read(file, found.st_size - len(content)):
            content += chunk
    return found, content


def _require_ordinary(found: os.stat_result, max_bytes: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _LeftOut("it is a pipe, socket or device")
    if found.st_size > max_bytes:
        raise _LeftOut(f"it has {size_words(found.st_size)}")
