"""Removes what commands left behind, however deep and closed it is, and never through a link."""

import os
import secrets
from pathlib import Path

from workspace.beneath import open_child

_OWNER_MAY_ALL = 0o700


def clear(fd: int, name: str) -> None:
    """Remove whatever has this name in an open directory, a whole directory too."""
    try:
        os.unlink(name, dir_fd=fd)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        _remove_directory(fd, name)


def unlocked(fd: int, name: str) -> int:
    """Open the directory `name` of an open directory, with all permissions for its owner."""
    try:
        opened = open_child(fd, name)
    except PermissionError:
        _unlock(fd, name)
        opened = open_child(fd, name)
    mode = os.fstat(opened).st_mode & 0o7777
    if mode & _OWNER_MAY_ALL != _OWNER_MAY_ALL:
        os.fchmod(opened, mode | _OWNER_MAY_ALL)
    return opened


def _unlock(fd: int, name: str) -> None:
    # By descriptor and not by name, which may be a link by now.
    handle = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
    try:
        Path(f"/proc/self/fd/{handle}").chmod(_OWNER_MAY_ALL)
    finally:
        os.close(handle)


def _remove_directory(fd: int, name: str) -> None:
    """Take a tree apart from its top, for it may be deeper than descriptors and stack reach."""
    waiting = [name]
    while waiting:
        directory = waiting.pop()
        inner = unlocked(fd, directory)
        try:
            with os.scandir(inner) as entries:
                for entry in list(entries):
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(_moved_up(inner, entry.name, fd))
                    else:
                        os.unlink(entry.name, dir_fd=inner)
        finally:
            os.close(inner)
        os.rmdir(directory, dir_fd=fd)


def _moved_up(inner: int, name: str, fd: int) -> str:
    os.close(unlocked(inner, name))
    moved = f".tars-removed-{secrets.token_hex(8)}"
    os.rename(name, moved, src_dir_fd=inner, dst_dir_fd=fd)
    return moved
