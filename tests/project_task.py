"""The user's project, and a task on it from its clone to its branch."""

import os
import subprocess
from pathlib import Path

from workspace.checkpoints import CheckpointStore, Snapshot
from workspace.hand_back import clone_project, hand_back
from workspace.scan import Caps


def git(place: Path, *arguments: str, check: bool = True) -> str:
    """Run git as the user would, and return what it wrote."""
    who = ("-c", "user.name=User", "-c", "user.email=user@localhost")
    done = subprocess.run(
        ["git", *who, "-c", "protocol.file.allow=always", *arguments],
        cwd=place,
        env={"PATH": os.defpath, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
        capture_output=True,
        check=check,
    )
    return done.stdout.decode("utf-8", "replace").rstrip("\n")


def grow(place: Path, name: str, content: str = "1\n") -> str:
    """Commit a file and return the commit."""
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(content)
    git(place, "add", "--force", name)
    git(place, "commit", "--message", name)
    return git(place, "rev-parse", "HEAD")


def state_of(place: Path) -> dict[str, str]:
    """What must not change in the user's repository: files, index, HEAD."""
    return {
        "status": git(place, "status", "--porcelain=v2", "--branch", "--ignored"),
        "head": git(place, "rev-parse", "--symbolic-full-name", "HEAD"),
        "index": git(place, "ls-files", "--stage"),
        "files": "".join(
            f"{file.relative_to(place)} {file.read_bytes()!r}\n"
            for file in sorted(place.rglob("*"))
            if file.is_file() and ".git" not in file.relative_to(place).parts
        ),
        "config": (place / ".git/config").read_text() if (place / ".git").is_dir() else "",
    }


class Task:
    """A task on a project, from opening to handing back."""

    def __init__(self, place: Path, project: Path, caps: Caps | None = None) -> None:
        self.project = project
        self.workspace = place / "workspace"
        self.workspace.mkdir()
        self.notes = clone_project(project, self.workspace)
        self.store = CheckpointStore.create(place / "store.git", caps)
        self.last: str | None = None
        self.commit()

    def commit(self) -> Snapshot:
        snapshot = self.store.commit(self.last, workspace=self.workspace, message="step")
        self.last = snapshot.checkpoint
        return snapshot

    def git(self, *arguments: str) -> str:
        return git(self.workspace, *arguments)

    def write(self, path: str, content: str = "by claude\n") -> None:
        (self.workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (self.workspace / path).write_text(content)

    def hand_back(self, branch: str = "tars/a7f3") -> str | None:
        self.commit()
        assert self.last is not None
        return hand_back(self.store, self.last, self.project, branch, "Add a calculator")


def new_project(root: Path) -> Path:
    """Make a repository with two commits."""
    root.mkdir()
    git(root, "init", "--initial-branch=main")
    grow(root, "README", "hello\n")
    grow(root, "src/app.py")
    return root
