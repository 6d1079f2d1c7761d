"""Reads which objects the packs of a workspace's own `.git` hold.

Format of an index, version 2: https://git-scm.com/docs/gitformat-pack#_pack_idx_files.
"""

import os
import struct
from contextlib import suppress

from workspace.opened import opened_directory, opened_file

CHECKSUM_BYTES = 20
ID_BYTES = 20

_MAGIC = b"\xfftOc\0\0\0\x02"
_COUNT = struct.Struct(">1028xL")
_MAX_INDEX_BYTES = 500_000_000


def packed_ids(objects_fd: int) -> set[bytes]:
    """Return the ids in the packs below an open `objects` directory.

    A pack whose end is not what its index says was cut off or exchanged: it does not count.
    """
    found: set[bytes] = set()
    with suppress(OSError), opened_directory(objects_fd, "pack") as fd, os.scandir(fd) as entries:
        for entry in entries:
            if entry.name.endswith(".idx"):
                found.update(_ids(fd, entry.name.removesuffix(".idx")))
    return found


def checksum(fd: int) -> bytes:
    """Return the checksum at the end of an open pack, after which git names it."""
    end = os.fstat(fd).st_size - CHECKSUM_BYTES
    return os.pread(fd, CHECKSUM_BYTES, max(end, 0))


def _ids(fd: int, name: str) -> list[bytes]:
    with suppress(OSError, struct.error):
        content = _content(fd, f"{name}.idx")
        with opened_file(fd, f"{name}.pack") as pack:
            whole = content[-2 * CHECKSUM_BYTES : -CHECKSUM_BYTES] == checksum(pack)
        if whole and content.startswith(_MAGIC):
            (count,) = _COUNT.unpack_from(content)
            ids = content[_COUNT.size : _COUNT.size + count * ID_BYTES]
            return [ids[at : at + ID_BYTES] for at in range(0, len(ids), ID_BYTES)]
    return []


def _content(fd: int, name: str) -> bytes:
    with opened_file(fd, name) as file:
        return os.pread(file, min(os.fstat(file).st_size, _MAX_INDEX_BYTES), 0)
