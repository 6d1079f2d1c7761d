"""The directory of one task, which one attempt at a time may use.

    TARS_HOME/tasks/<task_id>/
      workspace/    the files Claude works on, and at the end the result; all that commands see
      store.git/    the private repository with the checkpoints
      remote.git/   what of it is at the remote, if there is one (see lines.py)
      commands/     what detached commands leave behind, by key
      lock          held (flock) by the process at work; the kernel releases it when that dies
      lease         the latest attempt that held it; earlier ones are turned away
      marker        the checkpoint that the files are at, or nothing while they may differ

A directory that is started without a project is empty: `git init` is left to Claude.
"""

import fcntl
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from workspace.capture import opened_root
from workspace.checkpoints import CheckpointStore, Snapshot
from workspace.explained import explained
from workspace.lines import Lines
from workspace.problems import RemoteUnreachable, StaleAttempt, WorkspaceBusy, WorkspaceLost
from workspace.remote import Remote
from workspace.removing import clear
from workspace.stat_cache import boot_id
from workspace.whole_file import write_whole

POLL_SECONDS = 0.01
"""Between two tries to get the lock."""

_CHECKPOINT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, order=True)
class Attempt:
    """Place of an attempt in the order of all attempts on one directory.

    `run_started_at` orders the runs of the workflow (seconds since 1970), `step` the steps of a
    run, `attempt` the tries of a step.
    """

    run_started_at: float
    step: int
    attempt: int


class TaskDirectory:
    """Paths of one task's directory, and the right to use it.

    With a `remote`, checkpoints of other hosts come from there, and new ones go there.
    """

    def __init__(self, home: Path, task_id: str, remote: Remote | None = None) -> None:
        self.root = home / "tasks" / task_id
        self.workspace = self.root / "workspace"
        self.store_dir = self.root / "store.git"
        self.commands = self.root / "commands"
        self._task_id = task_id
        self._lines: Lines | None = None
        if remote is not None:
            self._lines = Lines(remote, task_id, self.root / "remote.git", self.store_dir)

    def create(self) -> None:
        """Make what is missing. Raises HostUnusable."""
        with explained(self.root):
            for directory in (self.root, self.workspace, self.commands):
                directory.mkdir(parents=True, exist_ok=True)
        CheckpointStore.create(self.store_dir)

    @cached_property
    def store(self) -> CheckpointStore:
        """The checkpoints. Raises WorkspaceLost when they are not on this host."""
        return CheckpointStore(self.store_dir)

    def store_with(self, checkpoint: str) -> CheckpointStore:
        """The checkpoints, of which this one may have been made on another host.

        Raises WorkspaceLost when neither this host nor the remote has it, RemoteUnreachable.
        """
        if self._lines is None or self._has(checkpoint):
            return self.store
        self.create()
        self._lines.fetch(self.store.objects)
        if not self._has(checkpoint):
            where = f"neither on this host nor at {self._lines.remote_name}"
            text = f"Checkpoint {checkpoint[:8]} of {self._task_id} is {where}."
            raise WorkspaceLost(text)
        return self.store

    def push(self, parent: str | None, checkpoint: str) -> None:
        """Push a checkpoint to the remote, if there is one. Raises RemoteUnreachable."""
        if self._lines is not None:
            self._lines.push(parent, checkpoint)

    def _has(self, checkpoint: str) -> bool:
        with suppress(WorkspaceLost):
            return bytes.fromhex(checkpoint) in self.store.objects
        return False

    def empty_workspace(self) -> None:
        """Remove everything in the workspace. To be called by who holds the directory."""
        with explained(self.root), opened_root(self.workspace) as fd:
            with os.scandir(fd) as entries:
                names = [entry.name for entry in entries]
            for name in names:
                clear(fd, name)

    @contextmanager
    def hold(
        self, attempt: Attempt, checkpoint: str | None, wait_seconds: float
    ) -> Iterator["Held"]:
        """Give an attempt the directory for a `with` block, with the files at `checkpoint`.

        With None the files stay as they are. A block that ends without a commit leaves the files
        to be brought back by the next one. Raises WorkspaceBusy when another process held on to it
        for `wait_seconds`, StaleAttempt when a later attempt had it before, and WorkspaceLost.
        """
        with self._locked(wait_seconds):
            marker = _Marker(self.root / "marker")
            with explained(self.root):
                self._take_lease(attempt)
                at = marker.read() if self.workspace.is_dir() else None
                marker.clear()
            if checkpoint is not None and checkpoint != at:
                self.store.restore(checkpoint, self.workspace)
                self.store.note(checkpoint)
                at = checkpoint
            yield Held(self, marker, at)

    @contextmanager
    def _locked(self, wait_seconds: float) -> Iterator[None]:
        if not self.root.is_dir():
            text = f"The directory of {self._task_id} is not on this host ({self.root})."
            raise WorkspaceLost(text)
        with explained(self.root):
            fd = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._lock(fd, time.monotonic() + wait_seconds)
            yield
        finally:
            os.close(fd)

    def _lock(self, fd: int, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    text = f"Another attempt is at work on {self._task_id}: try again later."
                    raise WorkspaceBusy(text) from error
                time.sleep(POLL_SECONDS)
            else:
                return

    def _take_lease(self, attempt: Attempt) -> None:
        lease = self.root / "lease"
        # One that cannot be read is from before a power cut, and no attempt survived that.
        with suppress(FileNotFoundError, ValueError, TypeError):
            latest = Attempt(**json.loads(lease.read_bytes()))
            if attempt < latest:
                raise StaleAttempt(f"A later attempt has taken over {self._task_id}.")
        write_whole(lease, json.dumps(asdict(attempt)).encode())


class _Marker:
    """Says which checkpoint the files are at. Does not outlive a boot of the machine."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> str | None:
        with suppress(FileNotFoundError):
            checkpoint, _, boot = self._file.read_text().partition(" ")
            if boot == boot_id() and _CHECKPOINT.fullmatch(checkpoint):
                return checkpoint
        return None

    def write(self, checkpoint: str) -> None:
        write_whole(self._file, f"{checkpoint} {boot_id()}".encode())

    def clear(self) -> None:
        self._file.unlink(missing_ok=True)


class Held:
    """A task's directory in the hands of one attempt."""

    def __init__(self, directory: TaskDirectory, marker: _Marker, at: str | None) -> None:
        self._directory, self._marker = directory, marker
        self._at = at

    def will_change(self) -> None:
        """Say that the files change in ways that only a commit with `scan` can tell."""
        self._at = None

    def commit(
        self,
        parent: str | None,
        *,
        scan: bool,
        files: Mapping[str, bytes] | None = None,
        drop: Iterable[str] = (),
        message: str,
        is_last: bool = False,
    ) -> Snapshot:
        """Make a checkpoint as CheckpointStore.commit does, and note that the files are at it.

        Without `scan` the files must be those of the parent. The last thing to do in a block:
        files that change after it are not known to differ. Raises RemoteUnreachable when the
        remote does not take it; as the last one of the task it counts nevertheless, with a note.
        """
        workspace = self._directory.workspace if scan else None
        snapshot = self._directory.store.commit(
            parent, workspace=workspace, files=files, drop=drop, message=message
        )
        try:
            self._directory.push(parent, snapshot.checkpoint)
        except RemoteUnreachable as error:
            if not is_last:
                raise
            snapshot.notes.append(f"The last checkpoint is on this host only. {error}")
        if scan or (parent is not None and parent == self._at):
            self._at = snapshot.checkpoint
            with explained(self._directory.root):
                self._marker.write(snapshot.checkpoint)
        return snapshot
