"""What is known of files since the last scan, so that unchanged ones need not be read again.

The rule is git's (`git help racy-git` in its technical documentation): a file is believed unchanged
when size, times and inode are as before and both times lie before the last scan began, as told by
the clock of the file system itself. A later change then has a later time, whatever its size.
"""

import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias

from workspace.whole_file import write_whole

KEY_BYTES = 8

_MAGIC = b"tars-stat-2"
_HEADER = struct.Struct("<11s36sII")
_RECORD = struct.Struct(f"<IQQQQ{KEY_BYTES}s20s")
_NANOSECONDS_MASK = (1 << 64) - 1
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

State: TypeAlias = tuple[int, int, int, int, int]
"""Mode, size, modification and change time, inode: what changes when a file is changed."""


def boot_id() -> str:
    """Return the id of this boot of the machine, or "" where there is none.

    What is known of files does not outlive a boot: a power cut may lose content and keep times.
    """
    with suppress(OSError):
        return _BOOT_ID.read_text().strip()
    return ""


def state(found: os.stat_result) -> State:
    """Return the state of a file, its times in nanoseconds since 1970."""
    changed_ns = found.st_ctime_ns & _NANOSECONDS_MASK
    written_ns = found.st_mtime_ns & _NANOSECONDS_MASK
    return found.st_mode, found.st_size, written_ns, changed_ns, found.st_ino


class Known(NamedTuple):
    """What a scan found at a path. `key` names the rules by which the file was not ignored."""

    mode: int
    size_bytes: int
    written_ns: int
    changed_ns: int
    inode: int
    key: bytes
    oid: bytes


class StatCache:
    """What the last scan found, by path, and what this one finds."""

    def __init__(self, file: Path) -> None:
        """Load what the last scan saved in `file`; anything unreadable counts as nothing."""
        self._file = file
        self._boot_id = boot_id().encode()
        self._old = self._loaded()
        self._new: dict[str, Known] = {}
        self._began_ns = self._clock_ns()

    def known(self, path: str) -> Known | None:
        """Return what the last scan found at a path."""
        return self._old.get(path)

    def remember(self, path: str, known: Known) -> None:
        """Note what was found at a path, unless the file may yet change unnoticed."""
        if known.written_ns < self._began_ns and known.changed_ns < self._began_ns:
            self._new[path] = known

    def save(self) -> None:
        """Replace the file by what this scan remembered."""
        records = b"".join(_RECORD.pack(*known) for known in self._new.values())
        body = records + os.fsencode("\0".join(self._new))
        header = _HEADER.pack(_MAGIC, self._boot_id, len(self._new), zlib.crc32(body))
        write_whole(self._file, header + body)

    def _loaded(self) -> dict[str, Known]:
        with suppress(OSError, struct.error):
            content = self._file.read_bytes()
            magic, boot, count, checksum = _HEADER.unpack_from(content)
            body = content[_HEADER.size :]
            ours = magic == _MAGIC and boot.rstrip(b"\0") == self._boot_id
            if ours and count and zlib.crc32(body) == checksum:
                return _records(body, count * _RECORD.size)
        return {}

    def _clock_ns(self) -> int:
        """Time by the file system's clock, which may be another one than ours."""
        clock = self._file.with_suffix(".clock")
        clock.touch()
        return clock.stat().st_mtime_ns


def _records(body: bytes, end: int) -> dict[str, Known]:
    paths = os.fsdecode(body[end:]).split("\0")
    return dict(zip(paths, map(Known._make, _RECORD.iter_unpack(body[:end])), strict=True))
