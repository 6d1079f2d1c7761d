"""Runs one command outside the worker and outlives it. Standard library only, one thread.

In a command's directory, in the order of appearance: `spec.json` what to run; the FIFOs `stop`, in
which a byte asks for the end, and `ended`, which has a writer for as long as there is a supervisor;
`status` that it may have run; `output`; `exit.json` how it ended.
"""

import ctypes
import json
import math
import os
import resource
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from workspace.descendants import MARK, descendants, kill_all, signal_all, started_at
from workspace.handover import give, throw_away
from workspace.network.door import Door, NoNetwork

GRACE_SECONDS = 1.0
"""Between SIGTERM and SIGKILL."""

SWEEP_SECONDS = 0.02
"""Between two rounds of SIGKILL, while something is left."""

HOPELESS_SECONDS = 5.0
"""After the first SIGKILL: what is still there cannot be killed (sudo, a dead disk)."""

CANNOT_START = 127
"""Exit code of a shell for a program that is not there."""

LOOK_AT_DISK_SECONDS = 0.5
READ_BYTES = 256 * 1024
RECORD_BYTES = 512
OPEN_FILES = (8_192, 65_536)
FIFOS = ("stop", "ended")
PR_SET_CHILD_SUBREAPER = 36
IGNORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def get_ready() -> int:
    """Make this process a supervisor; return a pipe that is readable when a child has ended."""
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    _limit_resources()
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    woken, waking = os.pipe()
    for end in (woken, waking):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waking)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return woken


def _limit_resources() -> None:
    """Set what the command inherits; a fork of our own only to set it there costs too much."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    room = [n if hard == resource.RLIM_INFINITY else min(n, hard) for n in OPEN_FILES]
    resource.setrlimit(resource.RLIMIT_NOFILE, (room[0], room[1]))
    os.umask(0o022)


def supervise(directory: Path, claimed: int, woken: int) -> None:
    """Run the command of `directory` to its end, unless it was claimed before.

    `claimed` is closed when the command is claimed; `woken` comes from `get_ready`.
    """
    spec = json.loads((directory / "spec.json").read_text())
    stop, ended = (os.open(directory / name, os.O_RDWR | os.O_NONBLOCK) for name in FIFOS)
    try:
        status = os.open(directory / "status", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    try:
        note_on_disk(directory, status)
        supervisor = Supervisor(directory, spec, stop, woken)
    except OSError:
        (directory / "status").unlink()
        raise
    os.close(claimed)
    supervisor.run()
    for fifo in (stop, ended):
        os.close(fifo)
    throw_away(directory / "scratch")


def note_on_disk(directory: Path, status: int) -> None:
    """Write down who runs the command, so that a power cut cannot make it look never started."""
    note = {"pid": os.getpid(), "started_at": started_at(os.getpid()), "boot_id": boot_id()}
    os.write(status, json.dumps(note).encode())
    entries = os.open(directory, os.O_RDONLY)
    for file in (status, entries):
        os.fsync(file)
        os.close(file)


def boot_id() -> str:
    """Names this run of the machine; "" where the system does not tell."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


class Supervisor:
    """One command while it runs."""

    def __init__(self, directory: Path, spec: dict[str, Any], stop: int, woken: int) -> None:
        self._directory = directory
        self._spec = spec
        self._stop = stop
        self._woken = woken
        self._output = (directory / "output").open("wb", buffering=0)
        # Room for the record is taken now: a command that fills the disk must still end in one.
        self._record = (directory / "exit.json.part").open("wb", buffering=0)
        self._record.write(b" " * RECORD_BYTES)
        self._room = int(spec["output_limit_bytes"])
        self._written = self._dropped = 0
        self._door: Door | None = None
        self._main: int | None = None
        self._status: int | None = None
        self._ending = self._timed_out = self._stopped = False
        self._due = self._hopeless = math.inf
        self._disk_full = False
        # On a disk that is nearly full already, half of what is left may be used.
        free, wanted = self._free_bytes(), spec["free_disk_bytes"]
        self._least_free_bytes = wanted if wanted < free else free // 2
        self._next_look_at_disk = 0.0

    def run(self) -> None:
        """Start the command, keep its output, end it when it is time, record the end."""
        started = time.monotonic()
        self._start()
        self._due = started + self._spec["timeout_seconds"]
        poll = select.poll()
        knocking = self._door.knocking if self._door else None
        for source in (self._pipe, self._stop, self._woken, knocking):
            if source is not None:
                poll.register(source, select.POLLIN)
        while self._something_left() and time.monotonic() < self._hopeless:
            self._end_if_due()
            self._listen(poll)
        while self._keep_output():
            pass
        self._write_record(time.monotonic() - started)

    def _start(self) -> None:
        self._pipe, writer = os.pipe()
        os.set_blocking(self._pipe, False)
        try:
            if rules := self._spec["network"]:
                mark = {MARK: self._spec["env"][MARK]}
                self._door = Door(rules, self._directory, mark)
            self._main = _spawn(self._spec, writer, self._door)
            if self._door:
                self._door.open()
        except NoNetwork as why:
            os.write(writer, f"The network could not be set up: {why}\n".encode())
        except OSError as error:
            os.write(writer, f"The command could not be started: {error}\n".encode())
            self._status = CANNOT_START << 8
        os.close(writer)

    def _something_left(self) -> bool:
        """Collect what has ended. Orphans are our children, so no child means no process."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return sys.platform != "linux" and bool(self._processes())
            if pid == 0:
                return True
            if pid == self._main:
                self._status = status

    def _end_if_due(self) -> None:
        if self._status is not None or self._fills_disk():
            self._end()
        if time.monotonic() < self._due:
            return
        if self._ending:
            kill_all(self._processes)
            self._due = time.monotonic() + SWEEP_SECONDS
        else:
            self._timed_out = True
            self._end()

    def _fills_disk(self) -> bool:
        if time.monotonic() >= self._next_look_at_disk and not self._ending:
            self._next_look_at_disk = time.monotonic() + LOOK_AT_DISK_SECONDS
            self._disk_full = self._free_bytes() < self._least_free_bytes
        return self._disk_full

    def _free_bytes(self) -> int:
        disk = os.statvfs(self._directory)
        return disk.f_bavail * disk.f_frsize

    def _end(self) -> None:
        if not self._ending:
            self._ending = True
            self._due = time.monotonic() + GRACE_SECONDS
            self._hopeless = self._due + HOPELESS_SECONDS
            asked = self._processes()
            if self._spec["main_holds_walls"]:  # with it the others would go unasked
                asked.discard(self._main or 0)
            signal_all(asked, signal.SIGTERM)

    def _processes(self) -> set[int]:
        return descendants(os.getpid(), self._main)

    def _listen(self, poll: select.poll) -> None:
        patience_seconds = min(max(0.0, self._due - time.monotonic()), LOOK_AT_DISK_SECONDS)
        for source, _ in poll.poll(patience_seconds * 1000 + 1):
            if source == self._woken:
                os.read(self._woken, READ_BYTES)
            elif source == self._stop:
                os.read(self._stop, READ_BYTES)
                self._stopped = self._stopped or not self._ending
                self._end()
            elif self._door and source == self._door.knocking:
                poll.unregister(source)
                self._door.answer()
            elif self._keep_output() == 0:
                poll.unregister(self._pipe)

    def _keep_output(self) -> int | None:
        """Take what the command printed; beyond the limit, or on a full disk, only count it.

        Returns the number of bytes: 0 at the end, None when there are none just now.
        """
        try:
            data = os.read(self._pipe, READ_BYTES)
        except BlockingIOError:
            return None
        kept = 0
        with suppress(OSError):
            kept = self._output.write(data[: self._room])
        self._room -= kept
        self._written += kept
        self._dropped += len(data) - kept
        return len(data)

    def _write_record(self, seconds: float) -> None:
        code = None if self._status is None else os.waitstatus_to_exitcode(self._status)
        end = {
            "exit_code": code if code is not None and code >= 0 else None,
            "signal": -code if code is not None and code < 0 else None,
            "timed_out": self._timed_out,
            "stopped": self._stopped,
            "duration_seconds": round(seconds, 4),
            "output_bytes": self._written,
            "dropped_bytes": self._dropped,
            "disk_full": self._disk_full,
        }
        os.pwrite(self._record.fileno(), json.dumps(end).encode(), 0)
        (self._directory / "exit.json.part").replace(self._directory / "exit.json")


def _spawn(spec: dict[str, Any], output: int, door: Door | None) -> int:
    """Start the program of a spec in a session of its own; return its pid."""
    if owner := spec["owner"]:
        for path in owner["paths"]:
            give(Path(path), owner["user"], owner["group"])
        os.fchown(output, owner["user"], owner["group"])  # or it could not open /dev/stdout
    os.chdir(spec["cwd"])
    return os.posix_spawnp(
        spec["argv"][0],
        spec["argv"],
        spec["env"],
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, output, 1),
            (os.POSIX_SPAWN_DUP2, output, 2),
            *((os.POSIX_SPAWN_OPEN, *file) for file in _numbered(spec["files"])),
            *((os.POSIX_SPAWN_DUP2, *pair) for pair in (door.descriptors.items() if door else ())),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=[*IGNORED, signal.SIGPIPE, signal.SIGXFSZ],
    )


def _numbered(files: list[str]) -> list[tuple[int, str, int, int]]:
    return [(number, file, os.O_RDONLY, 0) for number, file in enumerate(files, start=3)]
