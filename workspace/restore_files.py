"""Makes the files of a directory equal to a tree of a checkpoint.

Walks through directory descriptors and never through a link, so that nothing outside is written.
Every file is removed and created anew, never written into: a hard link elsewhere keeps its content.
Stopping halfway does no harm; restoring again completes it.
"""

import os
from collections.abc import Container
from contextlib import suppress
from typing import NamedTuple

from workspace.beneath import open_child, take_owner
from workspace.objects import Objects
from workspace.removing import clear, unlocked
from workspace.rules import Rules
from workspace.trees import EXECUTABLE, FILE, LINK, TREE, Entry, Listing, Tree

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


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
        gitignore = target.get(".gitignore")
        if place.rules and gitignore and gitignore.mode in {FILE, EXECUTABLE}:
            content = self._objects.read(gitignore.oid)
            rules = place.rules.extended(content, place.path.rstrip("/"))
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
        """Open the directory `name`, made if need be in place of whatever has this name."""
        try:
            os.mkdir(name, dir_fd=fd)
        except FileExistsError:
            try:
                return unlocked(fd, name)
            except NotADirectoryError:
                os.unlink(name, dir_fd=fd)
                return self.entered(fd, name)
        made = open_child(fd, name)
        take_owner(made, self._owner)
        return made

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
