"""What a local stack leaves in TARS_HOME for others to find: a lock, its addresses, its logs."""

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

from pydantic import BaseModel, ValidationError

from starter.supervision import StackProblem

WAITING_SECONDS = 60
"""Longest wait for another process that is just bringing the same stack up or down."""

LOOK_EVERY_SECONDS = 0.05


class StackState(BaseModel):
    """A stack that is up. `web_ui` is None for a server that somebody else runs."""

    pid: int
    temporal: str
    web_ui: str | None = None
    api: str
    own_server: bool = True
    home: str
    logs: str

    def page(self, namespace: str, task_id: str) -> str:
        """A task's address in the Web UI, "" where that is not ours to know."""
        if self.web_ui is None:
            return ""
        return f"{self.web_ui}/namespaces/{namespace}/workflows/{task_id}"


class AlreadyRuns(StackProblem):
    """The stack of this TARS_HOME is up."""

    def __init__(self, state: StackState) -> None:
        super().__init__(f"The stack already runs (process {state.pid}).")
        self.state = state


class StackFiles:
    """The files of one TARS_HOME's stack."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.logs = home / "logs"
        self.ready = home / "worker.ready"
        self.api_ready = home / "api.ready"
        self._state = home / "stack.json"
        self._lock = home / "stack.lock"

    def make(self) -> None:
        """Make the directories.

        Raises:
            StackProblem: the disk does not let us.
        """
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
            self._lock.touch()
        except OSError as error:
            raise StackProblem(
                f"TARS_HOME cannot be used: {error.strerror} ({error.filename})."
            ) from error

    @contextlib.asynccontextmanager
    async def hold(self) -> AsyncIterator[int]:
        """Be the only stack; yields the lock's descriptor.

        The kernel frees the lock when the last process that inherited the descriptor is gone. So
        a stack whose supervisor was killed counts as running until its children are gone too.

        Raises:
            AlreadyRuns: another process keeps this stack up.
            StackProblem: another process neither brought it up nor let go of it.
        """
        self.make()
        deadline = time.monotonic() + WAITING_SECONDS
        with self._lock.open("r+") as file:
            while not _try_lock(file.fileno()):
                if state := self._read():
                    raise AlreadyRuns(state)
                if time.monotonic() > deadline:
                    raise StackProblem(
                        f"Another stack in {self.home} does not get ready: try ./tars down."
                    )
                await asyncio.sleep(LOOK_EVERY_SECONDS)
            self.forget()
            file.write(f"{os.getpid():<20}")
            file.flush()
            yield file.fileno()

    def holder(self) -> int:
        """Process id of whoever held the lock last."""
        return int(self._lock.read_text())

    def running(self) -> StackState | None:
        """The stack that is up, if one is."""
        return None if self.is_free() else self._read()

    def is_free(self) -> bool:
        """Whether no process of a stack is left."""
        try:
            with self._lock.open("rb") as file:
                return _try_lock(file.fileno())
        except FileNotFoundError:
            return True

    def write(self, state: StackState) -> None:
        """Tell others that the stack is up."""
        draft = self._state.with_suffix(".new")
        draft.write_text(state.model_dump_json(indent=2) + "\n")
        draft.replace(self._state)

    def forget(self) -> None:
        """Tell others that the stack is not up."""
        for file in (self._state, self.ready, self.api_ready):
            file.unlink(missing_ok=True)

    def _read(self) -> StackState | None:
        try:
            state = StackState.model_validate_json(self._state.read_bytes())
        except (OSError, ValidationError):
            return None
        return state if _is_alive(state.pid) else None


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
