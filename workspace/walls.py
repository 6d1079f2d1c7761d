"""What the different walls have in common."""

import os
import uuid
import zlib
from pathlib import Path

from workspace.launch import Owner

BASH = ("/bin/bash", "-c", "--")
"""The words before a command line. Inside walls it is bash, for bash sets the limits."""

FIRST_OF_USERS, USERS = 60_100, 4_800
"""Where the worker is root each workspace has a user of its own, of numbers that Debian leaves free
(base-passwd): then a limit on processes counts one task alone, and no task can reach another."""


GITCONFIG = b"[user]\n\tname = TARS\n\temail = tars@localhost\n"
"""Of the whole system inside: HOME is thrown away, and git makes no commit without a name."""


class WallsUnavailable(Exception):
    """Walls cannot be put up on this machine; the message says why and how to mend it."""


def own_user(workspace: Path, scratch: Path) -> Owner:
    """Return who a command runs as where the worker is root: whoever owns the workspace."""
    generated = FIRST_OF_USERS + zlib.crc32(os.fsencode(workspace.absolute())) % USERS
    found = workspace.stat()
    user = found.st_uid or generated
    return Owner(user, found.st_gid or user, (workspace, scratch / "home", scratch / "tmp"))


def settle(file: Path, content: bytes) -> None:
    """Have a file with this content, for all to read; nobody ever reads half of it."""
    if not file.exists() or file.read_bytes() != content:
        draft = file.with_name(f"{file.name}.{uuid.uuid4().hex}")
        draft.write_bytes(content)
        draft.chmod(0o644)
        draft.replace(file)
