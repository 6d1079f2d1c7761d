"""Opens what lies in an open directory for a `with` block: never a link, and never waiting."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from workspace.beneath import open_child

# Without O_NONBLOCK a pipe that nobody writes to would hold the worker's thread for ever.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


VANISHED = frozenset({errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.ESTALE})
UNREADABLE = frozenset({errno.EACCES, errno.EPERM, errno.EIO})
"""Error numbers of something that is gone, or became something else, and of what is closed."""


def directory_or_none(fd: int, name: str) -> int | None:
    """Open the directory `name` of an open directory; None when it is none, or closed to us."""
    try:
        return open_child(fd, name)
    except OSError as error:
        if error.errno in VANISHED | UNREADABLE:
            return None
        raise


@contextmanager
def opened_directory(fd: int, name: str) -> Iterator[int]:
    """Give the descriptor of the directory `name` in an open directory. Raises OSError."""
    inner = open_child(fd, name)
    try:
        yield inner
    finally:
        os.close(inner)


@contextmanager
def opened_file(fd: int, name: str) -> Iterator[int]:
    """Give the descriptor of whatever else is `name`, for reading. Raises OSError."""
    inner = os.open(name, _READ, dir_fd=fd)
    try:
        yield inner
    finally:
        os.close(inner)
