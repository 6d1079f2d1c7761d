"""A few processes kept alive together: restarted when they crash, gone with this process."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starter.problems import TaskProblem

LEASH = Path(__file__).with_name("leash.py")

CANNOT_WORK = 2
"""Exit status of a child that another start would not help; its last line says why."""

READY_EVERY_SECONDS = 0.02
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 15.0
GOOD_RUN_SECONDS = 60.0
"""A child that lived this long has earned a quick restart again."""

LARGEST_LOG_BYTES = 5_000_000
"""At a start, a longer log is put aside as `.1`; so a log takes twice this at most, give or take
one run."""


class StackProblem(TaskProblem):
    """The local stack cannot start or go on; the message says why and what to do."""


@dataclass(frozen=True)
class Child:
    """A process to keep alive.

    `is_ready` is asked again and again after the first start, for at most `ready_seconds`. SIGTERM
    ends the process; it gets `stop_seconds` for that.
    """

    name: str
    command: Sequence[str]
    is_ready: Callable[[], Awaitable[bool]]
    ready_seconds: float = 30
    stop_seconds: float = 5
    environment: dict[str, str] | None = None


class Supervisor:
    """Owns a list of children. `held` descriptors stay open in every child.

    `tell` gets a sentence when a child is restarted.
    """

    def __init__(
        self, logs: Path, *, held: Sequence[int] = (), tell: Callable[[str], None]
    ) -> None:
        self._logs = logs
        self._held = held
        self._tell = tell
        self._kept: list[_Kept] = []

    async def start(self, child: Child) -> None:
        """Start a child and return once it is ready; from then on it is kept alive.

        Raises:
            StackProblem: it ended, or was not ready in time.
        """
        kept = _Kept(child, self._logs / f"{child.name}.log", self._held, self._tell)
        self._kept.append(kept)
        await kept.start()

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name of child; each leads a process group of its own."""
        return {kept.child.name: kept.pid for kept in self._kept}

    async def failure(self) -> StackProblem:
        """Wait until a child says that it cannot work, and return why."""
        waiting = [asyncio.ensure_future(kept.failure) for kept in self._kept]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()

    async def stop(self) -> None:
        """Stop all children, last one first; returns when no process of theirs is left."""
        while self._kept:
            await self._kept.pop().stop()


class _Kept:
    """One child: its process now, and the loop that starts the next one when it ends."""

    def __init__(
        self, child: Child, log: Path, held: Sequence[int], tell: Callable[[str], None]
    ) -> None:
        self.child = child
        self.failure: asyncio.Future[StackProblem] = asyncio.get_running_loop().create_future()
        self._log = log
        self._held = held
        self._tell = tell
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        self._process = await self._spawn()
        ended = asyncio.create_task(self._process.wait())
        ready = asyncio.create_task(self._ready())
        await asyncio.wait(
            {ended, ready},
            timeout=self.child.ready_seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        is_ready, has_ended = ready.done(), ended.done()
        await _cancel(ready, ended)
        if has_ended:
            raise StackProblem(self._why_it_ended(ended.result()))
        if not is_ready:
            name, seconds = self.child.name, self.child.ready_seconds
            raise StackProblem(f"The {name} was not ready within {seconds:.0f} s: see {self._log}.")
        self._keeper = asyncio.create_task(self._keep(self._process))

    async def _ready(self) -> None:
        while True:
            if await self.child.is_ready():
                return
            await asyncio.sleep(READY_EVERY_SECONDS)

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        pause_seconds = FIRST_PAUSE_SECONDS
        while True:
            started = time.monotonic()
            status = await process.wait()
            if status == CANNOT_WORK:
                self.failure.set_result(StackProblem(self._why_it_ended(status)))
                return
            if time.monotonic() - started > GOOD_RUN_SECONDS:
                pause_seconds = FIRST_PAUSE_SECONDS
            name = self.child.name
            self._tell(f"The {name} {_ended(status)}; starting it again (see {self._log}).")
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)
            self._process = process = await self._spawn()

    async def _spawn(self) -> asyncio.subprocess.Process:
        rotate(self._log)
        leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid())]
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *leash,
                *self.child.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.child.environment,
                start_new_session=True,  # Ctrl-C in the terminal is for the supervisor alone
                pass_fds=self._held,
            )

    async def stop(self) -> None:
        if self._keeper:
            await _cancel(self._keeper)
        if self._process is None or self._process.returncode is not None:
            return
        signal_group(self._process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), self.child.stop_seconds)
        except TimeoutError:
            pass
        finally:
            signal_group(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    def _why_it_ended(self, status: int) -> str:
        last = last_line(self._log)
        if status == CANNOT_WORK and last:
            return last
        return f"The {self.child.name} {_ended(status)}: {last or 'it said nothing'} ({self._log})."


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal the process group that `pid` leads; none left is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def rotate(log: Path) -> None:
    """Put a log aside that has grown too long."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LARGEST_LOG_BYTES:
            log.replace(log.with_name(log.name + ".1"))


def last_line(log: Path) -> str:
    """The last line of a log that says something, "" where there is none."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8_000))
        lines = file.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _ended(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


async def _cancel(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
