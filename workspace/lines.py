"""One task's checkpoints at the remote, as lines that only ever grow.

    refs/tars/<task_id>/<first checkpoint of the line>

A checkpoint that follows the last one of a line moves that line forward; any other begins a line of
its own: after an undo, or made by an attempt that was overtaken. Nothing is forced or removed. So
attempts on several hosts cannot harm each other, and git keeps whatever was pushed.
"""

import re
import time
from contextlib import suppress
from pathlib import Path

import pygit2

from workspace.explained import explained
from workspace.objects import Objects
from workspace.problems import RemoteUnreachable
from workspace.remote import Remote
from workspace.whole_file import write_whole

PUSH_SECONDS = 30
"""A hand has a minute for everything (workflows/patience.py)."""

WHOLE_SECONDS = 240
"""For the first push, which may take the history of a project along, and for a fetch."""

_PAUSE_SECONDS = 0.5
_REFERENCES = "refs/lines"
_ID = re.compile(r"[0-9a-f]{40}")


class Lines:
    """The lines of one task. `git_dir` is a repository for nothing but where they end.

    It uses the objects of the task's own repository, `store_dir`: that has a reference for every
    checkpoint, and git reads all references of a repository before it pushes.
    """

    def __init__(self, remote: Remote, task_id: str, git_dir: Path, store_dir: Path) -> None:
        self._remote, self._git_dir, self._store_dir = remote, git_dir, store_dir
        self._there = f"refs/tars/{task_id}"

    @property
    def remote_name(self) -> str:
        """What people may see of the remote's address."""
        return self._remote.name

    def push(self, parent: str | None, checkpoint: str) -> None:
        """Push a checkpoint and all it comes from; tried again for a moment when that fails.

        Raises RemoteUnreachable.
        """
        self._make()
        give_up = time.monotonic() + self._remote.retry_seconds
        while True:
            try:
                return self._push(parent, checkpoint)
            except RemoteUnreachable:
                if time.monotonic() >= give_up:
                    raise
                time.sleep(_PAUSE_SECONDS)

    def fetch(self, objects: Objects) -> None:
        """Fetch all lines. Raises RemoteUnreachable."""
        self._make()
        for line, end in self._ends().items():
            # Git would count on what a power cut has taken.
            if bytes.fromhex(end) not in objects:
                (self._git_dir / _REFERENCES / line).unlink(missing_ok=True)
        references = f"+{self._there}/*:{_REFERENCES}/*"
        self._remote.fetch(self._git_dir, self._objects_dir, references, WHOLE_SECONDS)

    def _push(self, parent: str | None, checkpoint: str) -> None:
        ends = self._ends()
        seconds = PUSH_SECONDS if ends else WHOLE_SECONDS
        line = next((line for line, end in ends.items() if end == parent), checkpoint)
        try:
            self._move(line, checkpoint, seconds)
        except RemoteUnreachable as error:
            if not error.refused or line == checkpoint:
                raise
            line = checkpoint
            self._move(line, checkpoint, seconds)
        with explained(self._git_dir):
            write_whole(self._git_dir / _REFERENCES / line, checkpoint.encode())

    def _move(self, line: str, checkpoint: str, timeout_seconds: float) -> None:
        references = f"{checkpoint}:{self._there}/{line}"
        self._remote.push(self._git_dir, self._objects_dir, references, timeout_seconds)

    @property
    def _objects_dir(self) -> Path:
        return self._store_dir.absolute() / "objects"

    def _ends(self) -> dict[str, str]:
        """Where each line ended when this host last pushed or fetched."""
        with explained(self._git_dir):
            files = [*(self._git_dir / _REFERENCES).iterdir()]
            ends = {file.name: file.read_text().strip() for file in files if _is_id(file.name)}
        return {line: end for line, end in ends.items() if _is_id(end)}

    def _make(self) -> None:
        if (self._git_dir / _REFERENCES).is_dir():
            return
        with explained(self._git_dir):
            pygit2.init_repository(str(self._git_dir), bare=True)
            with suppress(FileExistsError):
                (self._git_dir / "shallow").symlink_to(self._store_dir.absolute() / "shallow")
            (self._git_dir / _REFERENCES).mkdir(exist_ok=True)


def _is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None
