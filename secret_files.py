"""Files that hold a secret: made by the first to come, to be read by their owner alone."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


class ReadableByOthers(Exception):
    """A file with a secret can be read by others; the message says how to mend it."""


def read_or_make(file: Path, new_secret: Callable[[], str]) -> str:
    """Read the secret; where there is none yet, keep a new one and return it.

    Raises:
        ReadableByOthers: the file's mode lets others read it.
        OSError: it cannot be read or made.
    """
    if not file.exists():
        _make(file, new_secret())
    if file.stat().st_mode & 0o077:
        raise ReadableByOthers(f"{file} can be read by others: run chmod 600 {file}.")
    return file.read_text()


def _make(file: Path, secret: str) -> None:
    """Of several at once one makes it and all use it: a link is made whole, and only once."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as new:
            new.write(secret)
            new.flush()
            os.fsync(new.fileno())
        os.link(draft, file)
    except FileExistsError:
        return
    finally:
        draft.unlink()
