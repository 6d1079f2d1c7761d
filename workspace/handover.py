"""Hands directories to the user that a command runs as, and takes them away again.

Runs in the supervisor, possibly as root, on trees made by commands: no link is ever followed.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path


def give(path: Path, user: int, group: int) -> None:
    """Make a user the owner of a directory and all that is in it.

    A file with a second name is left alone: the other name may lie anywhere (`git clone` makes
    such files from a repository on the same disk).
    """
    os.chown(path, user, group, follow_symlinks=False)
    for _, directories, files, directory in os.fwalk(path):
        for name in (*directories, *files):
            found = os.stat(name, dir_fd=directory, follow_symlinks=False)
            is_shared = found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode)
            if found.st_uid != user and not is_shared:
                os.chown(name, user, group, dir_fd=directory, follow_symlinks=False)


def throw_away(path: Path) -> None:
    """Remove a directory; read-only directories in it (Go's cache) are opened first."""
    with suppress(OSError):
        for _, _, _, directory in os.fwalk(path):
            os.fchmod(directory, 0o700)
        for _, directories, files, directory in os.fwalk(path, topdown=False):
            for name in files:
                os.unlink(name, dir_fd=directory)
            for name in directories:
                _remove_directory(name, directory)
        path.rmdir()


def _remove_directory(name: str, parent: int) -> None:
    try:
        os.rmdir(name, dir_fd=parent)
    except NotADirectoryError:  # a link to one
        os.unlink(name, dir_fd=parent)
