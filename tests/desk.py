"""A workspace and its store, and git as a command in the workspace would use it."""

import os
import stat
import subprocess
from pathlib import Path
from typing import NamedTuple

from workspace.checkpoints import CheckpointStore, Snapshot
from workspace.scan import Caps


class Seen(NamedTuple):
    kind: str
    is_executable: bool
    content: bytes


def pictured(root: Path) -> dict[bytes, Seen]:
    """Every file and link below a directory: what restoring must give back."""
    found: dict[bytes, Seen] = {}
    for path in root.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            seen = Seen("link", False, bytes(path.readlink()))
        elif stat.S_ISREG(mode):
            seen = Seen("file", bool(mode & 0o100), path.read_bytes())
        else:
            continue
        found[bytes(path.relative_to(root))] = seen
    return found


def git(place: Path, *arguments: str, check: bool = True) -> str:
    """Run git as a command in the workspace would, and return what it wrote."""
    who = ("-c", "user.name=Claude", "-c", "user.email=claude@localhost")
    done = subprocess.run(
        ["git", *who, "-c", "gc.auto=0", *arguments],
        cwd=place,
        env={"PATH": os.defpath, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
        capture_output=True,
        check=check,
    )
    return (done.stdout + done.stderr).decode("utf-8", "replace")


class Desk:
    """A workspace and its store."""

    def __init__(self, place: Path, caps: Caps | None = None) -> None:
        self.root = place / "workspace"
        self.root.mkdir()
        self.store = CheckpointStore.create(place / "store.git", caps)
        self.last: str | None = None

    def write(self, path: str, content: str | bytes = "content\n") -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def commit(self) -> Snapshot:
        snapshot = self.store.commit(self.last, workspace=self.root, message="step")
        self.last = snapshot.checkpoint
        return snapshot

    def restore(self, snapshot: Snapshot) -> None:
        self.store.restore(snapshot.checkpoint, self.root)

    def stored(self, snapshot: Snapshot, directory: str = "workspace") -> list[str]:
        return self.store.names(snapshot.checkpoint, directory)

    def git(self, *arguments: str, check: bool = True) -> str:
        return git(self.root, *arguments, check=check)

    def grow(self, name: str, content: str = "1\n") -> str:
        """Commit a file and return the commit."""
        (self.root / name).write_text(content)
        self.git("add", name)
        self.git("commit", "--message", name)
        return self.git("rev-parse", "HEAD").strip()

    def told(self) -> dict[str, str]:
        """What git says of the repository."""
        questions = {
            "status": ("status", "--porcelain=v2", "--branch"),
            "log": ("log", "--all", "--oneline", "--decorate=short"),
            "reflog": ("reflog", "--all"),
            "stash": ("stash", "list"),
            "stashed": ("stash", "show", "--patch"),
            "tags": ("for-each-ref",),
            "staged": ("diff", "--cached"),
            "config": ("config", "--list", "--local"),
            "index": ("ls-files", "--stage"),
        }
        return {name: self.git(*words, check=False) for name, words in questions.items()}

    def fsck(self) -> str:
        return self.git("fsck", "--strict", "--no-dangling", check=False).strip()
