"""Reads loose objects of a workspace's own `.git`, where commands may have written anything.

An object is given only when its content has the id it is filed under, so that a forged or broken
one counts as missing. Format: zlib of `kind SP size NUL content` at `objects/xx/yyyy...`.
"""

import os
import stat
import zlib
from contextlib import suppress
from hashlib import sha1
from typing import NamedTuple

from pygit2.enums import ObjectType

from workspace.opened import opened_directory, opened_file

MAX_OBJECT_BYTES = 100_000_000
"""A bigger object is not taken: it is held in memory while its id is checked."""

KINDS = {
    b"blob": ObjectType.BLOB,
    b"tree": ObjectType.TREE,
    b"commit": ObjectType.COMMIT,
    b"tag": ObjectType.TAG,
}
"""Types of objects by the names git gives them."""


class RawObject(NamedTuple):
    """A git object: its type and content."""

    kind: ObjectType
    content: bytes


def read_loose(objects_fd: int, oid: bytes) -> RawObject | None:
    """Read the loose object with this id below an open `objects` directory, or None."""
    name = oid.hex()
    with suppress(OSError, zlib.error):
        with opened_directory(objects_fd, name[:2]) as fd, opened_file(fd, name[2:]) as file:
            plain = _inflated(file)
        header, _, content = plain.partition(b"\0")
        kind = KINDS.get(header.partition(b" ")[0])
        if kind and sha1(plain, usedforsecurity=False).digest() == oid:
            return RawObject(kind, content)
    return None


def _inflated(fd: int) -> bytes:
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_OBJECT_BYTES:
        return b""
    with os.fdopen(fd, "rb", closefd=False) as file:
        return zlib.decompressobj().decompress(file.read(), MAX_OBJECT_BYTES)
