"""Makes the files of a directory equal to a tree of a checkpoint.

Walks through directory descriptors and never through a link, so that nothing outside is written.
Every file is removed and created anew, never written into: a hard link elsewhere keeps its content.
Stopping halfway does no harm; restoring again completes it.
"""

import os
import shutil
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from workspace.beneath import open_child, take_owner
from workspace.objects import Objects
from workspace.rules import Rules
from workspace.trees import EXECUTABLE, LINK, TREE, Entry, Listing, Tree

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OWNER_MAY_ALL = 0o700


class Place(NamedTuple):
    """An open directory. `path` is "" at the top, else ends in a slash.

    `rules` are those of the checkpoint: what they ignore stays, as it was not kept there either.
    """

    fd: int
    path: str
    rules: Rules | None


class Restorer:
    """Writes and removes files. What it creates belongs to `owner` when the worker is root."""

    def __init__(self, objects: Objects, owner: os.stat_result, left_out: Container[str]) -> None:
        """`left_out` are paths that existed at the checkpoint but were not kept: they stay."""
        self._objects, self._owner, self._left_out = objects, owner, left_out

    def directory(self, place: Place, now: Listing, target: Tree) -> None:
        """Make the directory equal to `target`; `now` lists what a checkpoint would keep of it."""
        if place.rules and ".gitignore" in target:
            gitignore = self._objects.read(target[".gitignore"].oid)
            rules = place.rules.extended(gitignore, place.path.rstrip("/"))
            place = place._replace(rules=rules)
        for name in now.keys() - target.keys():
            self._remove(place, name, now[name])
        for name, entry in target.items():
            found = now.get(name)
            if entry.mode == TREE:
                inner = {} if found is None or isinstance(found, Entry) else found
                self._descend(place, name, inner, entry)
            elif found != entry:
                self.file(place.fd, name, entry)

    def file(self, fd: int, name: str, entry: Entry) -> None:
        """Put a file or a link in place of whatever has this name."""
        content = self._objects.read(entry.oid)
        clear(fd, name)
        if entry.mode == LINK:
            os.symlink(os.fsdecode(content), name, dir_fd=fd)
            if os.geteuid() == 0:
                ids = self._owner.st_uid, self._owner.st_gid
                os.chown(name, *ids, dir_fd=fd, follow_symlinks=False)
            return
        mode = 0o777 if entry.mode == EXECUTABLE else 0o666
        with os.fdopen(os.open(name, _CREATE, mode, dir_fd=fd), "wb") as file:
            file.write(content)
            take_owner(file.fileno(), self._owner)

    def entered(self, fd: int, name: str) -> int:
        """Open the directory `name`, made if need be, with all permissions for its owner."""
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=fd)
            return self._opened(fd, name, is_new=True)
        try:
            return self._opened(fd, name)
        except NotADirectoryError:
            os.unlink(name, dir_fd=fd)
            return self.entered(fd, name)
        except PermissionError:
            _unlock(fd, name)
            return self._opened(fd, name)

    def _descend(self, place: Place, name: str, now: Listing, entry: Entry) -> None:
        fd = self.entered(place.fd, name)
        try:
            inner = Place(fd, f"{place.path}{name}/", place.rules)
            self.directory(inner, now, self._objects.tree(entry.oid))
        finally:
            os.close(fd)

    def _remove(self, place: Place, name: str, found: Entry | Listing) -> None:
        path = place.path + name
        is_directory = not isinstance(found, Entry)
        if path in self._left_out:
            return
        if place.rules and not place.rules.below(path, is_directory=is_directory):
            return
        if isinstance(found, Entry):
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=place.fd)
        else:
            self._empty(place, name, found)

    def _empty(self, place: Place, name: str, found: Listing) -> None:
        fd = self.entered(place.fd, name)
        try:
            for inner in found:
                self._remove(Place(fd, f"{place.path}{name}/", place.rules), inner, found[inner])
        finally:
            os.close(fd)
        # What a checkpoint would not keep may still be in it.
        with suppress(OSError):
            os.rmdir(name, dir_fd=place.fd)

    def _opened(self, fd: int, name: str, *, is_new: bool = False) -> int:
        opened = open_child(fd, name)
        found = os.fstat(opened)
        if is_new:
            take_owner(opened, self._owner)
        elif found.st_mode & _OWNER_MAY_ALL != _OWNER_MAY_ALL:
            os.fchmod(opened, found.st_mode & 0o7777 | _OWNER_MAY_ALL)
        return opened


def clear(fd: int, name: str) -> None:
    """Remove whatever has this name in an open directory, a whole directory too."""
    try:
        os.unlink(name, dir_fd=fd)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        shutil.rmtree(name, dir_fd=fd)


def _unlock(fd: int, name: str) -> None:
    """Let the owner use a directory again. Only by its descriptor, for a name may be a link."""
    handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
    try:
        Path(f"/proc/self/fd/{handle}").chmod(_OWNER_MAY_ALL)
    finally:
        os.close(handle)
