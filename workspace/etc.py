"""Makes the /etc that commands see: a copy of what programs need, mounted in one piece.

Mounting each file by itself would double the time that a command takes to start.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from workspace.walls import GITCONFIG, settle

ETC = Path("/etc")


def make_etc(place: Path, shown: Iterable[Path], further: Mapping[str, bytes]) -> Path:
    """Make the directory beneath `place`; return its path, which names its content.

    `shown` are paths beneath /etc to copy, `further` files by name to add. A directory that is
    there already stays untouched: running commands may have it mounted.
    """
    draft = place / f"etc.{uuid.uuid4().hex}"
    for path in shown:
        _copy(path, draft / path.relative_to(ETC))
    own = {"hosts": b"127.0.0.1 localhost tars\n::1 localhost\n", "gitconfig": GITCONFIG}
    for name, content in {**own, **further}.items():
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        settle(draft / name, content)
    for directory in (draft, *filter(Path.is_dir, draft.rglob("*"))):
        directory.chmod(0o755)  # the worker may make its own directories private
    made = place / f"etc-{_digest(draft)}"
    with suppress(OSError):  # it is there already
        draft.rename(made)
    shutil.rmtree(draft, ignore_errors=True)
    return made


def _copy(source: Path, target: Path) -> None:
    """Copy what may be read; links stay links."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError, shutil.Error):
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target, follow_symlinks=False)


def _digest(directory: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        digest.update(os.fsencode(path.relative_to(directory)) + b"\0")
        if path.is_symlink():
            digest.update(os.fsencode(path.readlink()))
        elif path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
