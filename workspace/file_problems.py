"""Why a file could not be read or written, in sentences for Claude or, of the host, for people."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from workspace.problems import HostUnusable
from workspace.wording import shown

_HOST = {
    errno.ENOSPC: "The disk is full",
    errno.EDQUOT: "The disk quota is used up",
    errno.EROFS: "The file system is read-only",
    errno.EIO: "The disk reports an error",
    errno.EMFILE: "This process has too many open files",
    errno.ENFILE: "This machine has too many open files",
    errno.ENOMEM: "This machine is out of memory",
}

_REQUEST = {
    errno.ENOENT: "{path} does not exist in the workspace.",
    errno.ENOTDIR: "A part of the path {path} is not a directory.",
    errno.EISDIR: "{path} is a directory, not a file.",
    errno.EACCES: "Permission denied for {path}.",
    errno.EPERM: "Permission denied for {path}.",
    errno.ENAMETOOLONG: "A name in the path {path} is too long.",
    errno.ELOOP: "{path} was replaced by a link while it was opened.",
    errno.ENXIO: "{path} is a device or a socket, not a file.",
}


class FileProblem(Exception):
    """What Claude asked for cannot be done with this file; the sentence is for Claude to read."""


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turn what the system reports about `path` into a FileProblem or a HostUnusable."""
    try:
        yield
    except OSError as error:
        number = error.errno or 0
        if number in _HOST:
            raise HostUnusable(
                f"{_HOST[number]} at {shown(path)}: mend it, then resume."
            ) from error
        sentence = _REQUEST.get(number, "{path} cannot be used: {reason}.")
        raise FileProblem(sentence.format(path=shown(path), reason=error.strerror)) from error
