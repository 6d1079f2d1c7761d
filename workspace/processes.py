"""Commands that run detached from the worker, and that a later worker finds again.

All that is known of a command stands in its directory (see `workspace.supervisor`), so whoever has
the directory can look, wait, read and stop. `status` is made exclusively before the command runs:
nothing in this module runs a command twice.
"""

import asyncio
import hashlib
import json
import os
import signal
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from workspace.descendants import MARK, kill_all, marked, signal_all, started_at
from workspace.fork_client import ForkServer
from workspace.launch import Launch, Owner
from workspace.supervisor import FIFOS, boot_id
from workspace.waiting import readable

START_ATTEMPTS = 3
STOP_SECONDS = 4.0
"""After this a supervisor that does not end its command is itself ended."""


class CommandNotStarted(Exception):
    """A command could not be started; the message says why. It may be tried again."""


@dataclass(frozen=True)
class CommandSpec:
    """What to run: a program with its arguments, in a directory, with exactly this environment.

    At `timeout_seconds` it is ended. Output beyond `output_limit_bytes` is dropped and counted.
    The rest is as in `jail.Launch`, which says what it means.
    """

    argv: list[str]
    cwd: Path
    env: dict[str, str]
    timeout_seconds: float
    output_limit_bytes: int
    files: tuple[Path, ...] = ()
    owner: Owner | None = None
    main_holds_walls: bool = False
    free_disk_bytes: int = 0
    network: Path | None = None

    @classmethod
    def of(cls, launch: Launch, timeout_seconds: float, output_limit_bytes: int) -> "CommandSpec":
        """Run what the walls have wrapped."""
        return cls(
            timeout_seconds=timeout_seconds,
            output_limit_bytes=output_limit_bytes,
            **{field.name: getattr(launch, field.name) for field in fields(launch)},
        )


@dataclass(frozen=True)
class NeverStarted:
    """The command certainly did not run: it may be started."""


@dataclass(frozen=True)
class Running:
    """The command runs, or is about to."""


@dataclass(frozen=True)
class Finished:
    """The command has ended and nothing of it runs any more.

    `exit_code` is None when a signal ended it; both are None when it could not be killed.
    `stopped`, `timed_out` and `disk_full` tell that it was ended before it ended by itself.
    """

    exit_code: int | None
    signal: int | None
    timed_out: bool
    stopped: bool
    duration_seconds: float
    output_bytes: int
    dropped_bytes: int
    disk_full: bool = False


@dataclass(frozen=True)
class Lost:
    """The command may have run, wholly, in part or not at all; `reason` is a sentence."""

    reason: str


End = Finished | Lost | NeverStarted


class Command:
    """A command by its directory, whichever process started it.

    Where `Lost` is answered, what was left of the command has been killed as far as it was found.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()

    @property
    def output(self) -> Path:
        """File with what the command printed; the path stays the same."""
        return self.directory / "output"

    @property
    def scratch(self) -> Path:
        """Directory with `home` and `tmp`, removed when the command has ended."""
        return self.directory / "scratch"

    @property
    def mark(self) -> str:
        """Value of TARS_COMMAND in the environment of the command's processes."""
        digest = hashlib.sha256(os.fsencode(self.directory)).hexdigest()
        return f"{self.directory.name}-{digest[:12]}"

    @property
    def claimed(self) -> bool:
        """Whether the command may have run: this is on disk before it does."""
        return (self.directory / "status").exists()

    def state(self) -> End | Running:
        """Tell how the command stands."""
        claimed = self.claimed  # asked first: what is claimed is supervised, or was
        if (not claimed or self._record() is None) and self._is_supervised():
            return Running()
        if not claimed:
            return NeverStarted()
        return self._record() or self._lost()

    async def wait(self, timeout_seconds: float | None = None) -> End | None:
        """Wait for the end; None when it has not come after `timeout_seconds`."""
        give_up = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while isinstance(state := self.state(), Running):
            left = None if give_up is None else give_up - time.monotonic()
            if not await self._supervisor_ends(left):
                return None
        return state

    async def stop(self) -> End:
        """End the command and all it started, in less than two seconds, and tell how it ended."""
        with suppress(OSError):
            self._send_stop()
        end = await self.wait(STOP_SECONDS)
        if end is None:
            self._kill_supervisor()
            end = await self.wait()
        return end or self._lost()

    def read_output(self, offset: int, limit: int) -> bytes:
        """Return at most `limit` bytes of the output from `offset`; b"" when there is no more."""
        try:
            with self.output.open("rb") as file:
                return os.pread(file.fileno(), limit, offset)
        except FileNotFoundError:
            return b""

    def _record(self) -> Finished | None:
        try:
            return Finished(**json.loads((self.directory / "exit.json").read_text()))
        except FileNotFoundError:
            return None

    def _is_supervised(self) -> bool:
        try:
            fifo = self._open_ended()
        except FileNotFoundError:
            return False
        try:
            return _has_writer(fifo)
        finally:
            os.close(fifo)

    async def _supervisor_ends(self, timeout_seconds: float | None) -> bool:
        fifo = self._open_ended()
        try:
            # Without a writer at first there would be no end to wait for.
            return not _has_writer(fifo) or await readable(fifo, timeout_seconds)
        finally:
            os.close(fifo)

    def _open_ended(self) -> int:
        return os.open(self.directory / "ended", os.O_RDONLY | os.O_NONBLOCK)

    def _send_stop(self) -> None:
        fifo = os.open(self.directory / "stop", os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(fifo, b"stop\n")
        finally:
            os.close(fifo)

    def _note(self) -> dict[str, Any]:
        try:
            note = json.loads((self.directory / "status").read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}

    def _kill_supervisor(self) -> None:
        note = self._note()
        pid = note.get("pid")
        if pid and note["boot_id"] == boot_id() and note["started_at"] == started_at(pid):
            signal_all([pid], signal.SIGKILL)

    def _lost(self) -> Lost:
        if self._note().get("boot_id", boot_id()) != boot_id():
            return Lost("The machine was restarted while the command ran.")
        kill_all(lambda: marked(self.mark))
        return Lost("The process that watched over the command was killed.")


class Launcher:
    """Starts commands. One per worker; `close` lets the running ones go on.

    `python` is the interpreter for the supervisors (3.11 or later, nothing installed).
    """

    def __init__(self, python: str = sys.executable) -> None:
        self._server = ForkServer(python)

    async def start(self, directory: Path, spec: CommandSpec) -> Command:
        """Start the command of this directory, unless it was started before, by anybody.

        Raises CommandNotStarted when it did not start.
        """
        command = Command(directory)
        for _ in range(START_ATTEMPTS):
            if command.claimed:
                return command
            _prepare(command, spec)
            await self._server.fork(command.directory)
        if not command.claimed:
            raise CommandNotStarted(_why_not(command.directory))
        return command

    def close(self) -> None:
        """End what starts commands, not the commands."""
        self._server.close()


def stop_all(commands: Path) -> None:
    """Stop whatever runs of the commands whose directories lie in `commands`.

    For code without an event loop.
    """
    if commands.is_dir():
        asyncio.run(_stop_each([Command(directory) for directory in commands.iterdir()]))


async def _stop_each(commands: list[Command]) -> None:
    running = [command for command in commands if isinstance(command.state(), Running)]
    await asyncio.gather(*(command.stop() for command in running))


def _has_writer(fifo: int) -> bool:
    try:
        os.read(fifo, 1)
    except BlockingIOError:
        return True
    return False


def _prepare(command: Command, spec: CommandSpec) -> None:
    """Lay out the directory; as often as wanted, as long as nothing was started."""
    for name in ("home", "tmp"):
        (command.scratch / name).mkdir(parents=True, exist_ok=True)
    for name in FIFOS:
        with suppress(FileExistsError):
            os.mkfifo(command.directory / name, 0o600)
    content = asdict(spec) | {"env": spec.env | {MARK: command.mark}}
    draft = command.directory / f"spec.{uuid.uuid4().hex}"
    draft.write_text(json.dumps(content, default=str))
    draft.replace(command.directory / "spec.json")


def _why_not(directory: Path) -> str:
    reason = "the machine may be out of memory, processes or disk space"
    with suppress(OSError):
        reason = (directory / "supervisor-error").read_text().strip().rpartition("\n")[2] or reason
    return f"The command could not be started: {reason}."
