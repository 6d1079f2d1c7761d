"""Reads the index of a workspace's own repository: what is staged there, file by file.

Read here rather than by a library, because commands may have written anything into it.
Format: https://git-scm.com/docs/index-format, versions 2 to 4.
"""

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

from workspace.trees import Entry

_HEADER = struct.Struct(">4sLL")
_FIXED = struct.Struct(">24xL12x20sH")
_EXTENDED = 0x4000
_STAGE_SHIFT, _STAGE_MASK = 12, 3


class Staged(NamedTuple):
    """One entry; `stage` is 0, or 1 to 3 for the sides of a conflict."""

    path: str
    stage: int
    entry: Entry


class UnreadableIndex(ValueError):
    """The bytes are no index of a known version."""


def staged(index: bytes) -> list[Staged]:
    """Return the entries of an index. Raises UnreadableIndex."""
    try:
        signature, version, count = _HEADER.unpack_from(index)
        if signature != b"DIRC" or version not in {2, 3, 4}:
            raise UnreadableIndex(f"The index has version {version}.")
        return list(_entries(index, version, count))
    except (struct.error, ValueError, IndexError) as error:
        raise UnreadableIndex("The index is damaged.") from error


def _entries(index: bytes, version: int, count: int) -> Iterator[Staged]:
    start, path = _HEADER.size, b""
    for _ in range(count):
        mode, oid, flags = _FIXED.unpack_from(index, start)
        name = start + _FIXED.size + (2 if flags & _EXTENDED else 0)
        if version == 4:
            stripped, name = _offset(index, name)
            path = path[: len(path) - stripped]
        else:
            path = b""
        end = index.index(b"\0", name)
        path += index[name:end]
        # Entries of versions 2 and 3 are filled up with 1 to 8 NULs to a multiple of 8 bytes.
        start = end + 1 if version == 4 else start + (end - start + 8) // 8 * 8
        yield Staged(os.fsdecode(path), flags >> _STAGE_SHIFT & _STAGE_MASK, Entry(mode, oid))


def _offset(index: bytes, start: int) -> tuple[int, int]:
    """Read a number as in OFS_DELTA pack entries; return it and where the next byte is."""
    byte = index[start]
    value = byte & 0x7F
    while byte & 0x80:
        start += 1
        byte = index[start]
        value = ((value + 1) << 7) | (byte & 0x7F)
    return value, start + 1
