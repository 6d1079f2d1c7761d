"""Reads which objects the packs of a workspace's own `.git` hold.

Format of an index, version 2: https://git-scm.com/docs/gitformat-pack#_pack_idx_files.
"""

import os
import struct
from contextlib import suppress
from hashlib import sha1
from typing import NamedTuple

from workspace.opened import opened_directory, opened_file

CHECKSUM_BYTES = 20
ID_BYTES = 20

_MAGIC = b"\xfftOc\0\0\0\x02"
_COUNT = struct.Struct(">1028xL")
_MAX_INDEX_BYTES = 500_000_000
_CHUNK_BYTES = 1 << 20


class Packed(NamedTuple):
    """What the packs of a repository hold; `broken` are the names of those that do not count."""

    ids: set[bytes]
    broken: list[str]


def packed(objects_fd: int) -> Packed:
    """Look at the packs below an open `objects` directory.

    A pack whose content does not have the checksum that its index says is broken.
    """
    found = Packed(set(), [])
    with suppress(OSError), opened_directory(objects_fd, "pack") as fd, os.scandir(fd) as entries:
        names = [entry.name for entry in entries]
        for name in (name.removesuffix(".idx") for name in names if name.endswith(".idx")):
            ids = _ids(fd, name)
            found.ids.update(ids)
            if not ids:
                found.broken.extend(other for other in names if other.startswith(f"{name}."))
    return found


def checksum(fd: int) -> bytes:
    """Return the checksum at the end of an open pack, after which git names it."""
    end = os.fstat(fd).st_size - CHECKSUM_BYTES
    return os.pread(fd, CHECKSUM_BYTES, max(end, 0))


def _ids(fd: int, name: str) -> list[bytes]:
    with suppress(OSError, struct.error):
        content = _content(fd, f"{name}.idx")
        expected = content[-2 * CHECKSUM_BYTES : -CHECKSUM_BYTES]
        if content.startswith(_MAGIC) and _has_checksum(fd, f"{name}.pack", expected):
            (count,) = _COUNT.unpack_from(content)
            ids = content[_COUNT.size : _COUNT.size + count * ID_BYTES]
            return [ids[at : at + ID_BYTES] for at in range(0, len(ids), ID_BYTES)]
    return []


def _has_checksum(directory_fd: int, name: str, expected: bytes) -> bool:
    with opened_file(directory_fd, name) as fd, os.fdopen(fd, "rb", closefd=False) as file:
        left = os.fstat(fd).st_size - CHECKSUM_BYTES
        computed = sha1(usedforsecurity=False)
        while left > 0 and (chunk := file.read(min(left, _CHUNK_BYTES))):
            computed.update(chunk)
            left -= len(chunk)
        return computed.digest() == expected == file.read()


def _content(fd: int, name: str) -> bytes:
    with opened_file(fd, name) as file:
        return os.pread(file, min(os.fstat(file).st_size, _MAX_INDEX_BYTES), 0)
