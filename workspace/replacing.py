"""Giving a file a new content in one step, whoever looks or dies meanwhile."""

import os
from contextlib import suppress

from workspace.beneath import Place, require_regular, take_owner

_TEMPORARY = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def replace_file(place: Place, content: bytes) -> None:
    """Write `content` beside the file at `place` and rename it over; keeps permissions and owner.

    A reader sees the old or the new content, never a part. Raises OSError, and FileProblem when
    something that is no ordinary file is in the way.
    """
    before = _stat(place)
    if before is not None:
        require_regular(before, place.path)
    temporary = f".tars-{os.urandom(8).hex()}"
    fd = os.open(temporary, _TEMPORARY, 0o666, dir_fd=place.directory_fd)
    try:
        _fill(fd, content, before, os.fstat(place.directory_fd))
        os.replace(
            temporary, place.name, src_dir_fd=place.directory_fd, dst_dir_fd=place.directory_fd
        )
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=place.directory_fd)
        raise


def _stat(place: Place) -> os.stat_result | None:
    try:
        return os.stat(place.name, dir_fd=place.directory_fd, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _fill(
    fd: int, content: bytes, before: os.stat_result | None, directory: os.stat_result
) -> None:
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        take_owner(fd, before or directory)
        if before is not None:
            os.fchmod(fd, before.st_mode & 0o777)
