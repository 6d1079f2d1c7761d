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

from settings import ROOT
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


LONGEST_REASON_BYTES = 8_000


@dataclass(frozen=True)
class Child:
    """A process to keep alive. Its log is named after `name`; people read its `title`.

    `is_ready` is asked again and again after the first start, for at most `ready_seconds`. SIGTERM
    ends the process; it gets `stop_seconds` for that.
    """

    name: str
    title: str
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
        self._failed: asyncio.Future[StackProblem] = asyncio.get_running_loop().create_future()

    async def start(self, *children: Child) -> None:
        """Start children at once and return when all are ready; from then on they are kept alive.

        Raises:
            StackProblem: one ended, or was not ready in time.
        """
        starting = [asyncio.create_task(self._start(child)) for child in children]
        try:
            await asyncio.gather(*starting)
        finally:
            await _cancel(*starting)

    async def _start(self, child: Child) -> None:
        kept = _Kept(child, self._logs / f"{child.name}.log", self._held)
        self._kept.append(kept)
        await kept.start()
        kept.keep(self._tell, self._give_up)

    def _give_up(self, problem: StackProblem) -> None:
        if not self._failed.done():
            self._failed.set_result(problem)

    async def failure(self) -> StackProblem:
        """Wait until a child says that it cannot work, and return why."""
        return await asyncio.shield(self._failed)

    async def stop(self) -> None:
        """Stop all children, last one first; returns when no process of theirs is left.

        Cancelled while it waits, it kills what is left at once.
        """
        while self._kept:
            try:
                await self._kept.pop().stop()
            except asyncio.CancelledError:
                for kept in self._kept:
                    kept.signal(signal.SIGKILL)
                raise


class _Kept:
    """One child: its process now, and the loop that starts the next one when it ends."""

    def __init__(self, child: Child, log: Path, held: Sequence[int]) -> None:
        self.child = child
        self._log = log
        self._log_start = 0
        self._held = held
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._process = await self._spawn()
        ended = asyncio.create_task(self._process.wait())
        ready = asyncio.create_task(self._ready())
        try:
            await asyncio.wait(
                {ended, ready},
                timeout=self.child.ready_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            is_ready, has_ended = ready.done(), ended.done()
        finally:
            await _cancel(ready, ended)
        if has_ended:
            raise StackProblem(self._why_it_ended(ended.result()))
        if not is_ready:
            within = f"was not ready within {self.child.ready_seconds:.0f} s"
            raise StackProblem(f"{self.child.title} {within}: see {self._log}.")

    def keep(self, tell: Callable[[str], None], give_up: Callable[[StackProblem], None]) -> None:
        """From now on, start the child again when it ends."""
        self._keeper = asyncio.create_task(self._keep(tell, give_up))

    async def _ready(self) -> None:
        while True:
            if await self.child.is_ready():
                return
            await asyncio.sleep(READY_EVERY_SECONDS)

    async def _keep(
        self, tell: Callable[[str], None], give_up: Callable[[StackProblem], None]
    ) -> None:
        pause_seconds = FIRST_PAUSE_SECONDS
        while self._process:
            started = time.monotonic()
            status = await self._process.wait()
            if status == CANNOT_WORK:
                give_up(StackProblem(self._why_it_ended(status)))
                return
            if time.monotonic() - started > GOOD_RUN_SECONDS:
                pause_seconds = FIRST_PAUSE_SECONDS
            tell(f"{self.child.title} {_ended(status)} and is started again ({self._log}).")
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)
            self._process = await self._spawn()

    async def _spawn(self) -> asyncio.subprocess.Process:
        self._log_start = rotate(self._log)
        leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid())]
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *leash,
                *self.child.command,
                cwd=ROOT,
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
        self.signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), self.child.stop_seconds)
        except TimeoutError:
            pass
        finally:
            self.signal(signal.SIGKILL)
            await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Signal the process and all that it started in its group; none left is fine."""
        if self._process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _why_it_ended(self, status: int) -> str:
        last = last_line(self._log, self._log_start)
        if status == CANNOT_WORK and last:
            return last
        return f"{self.child.title} {_ended(status)}: {last or 'it said nothing'} ({self._log})."


def rotate(log: Path) -> int:
    """Put a log aside that has grown too long; returns the bytes that are in it now."""
    size = log.stat().st_size if log.exists() else 0
    if size <= LARGEST_LOG_BYTES:
        return size
    log.replace(log.with_name(log.name + ".1"))
    return 0


def last_line(log: Path, start: int) -> str:
    """The last line after byte `start` of a log that says something, "" where there is none."""
    with log.open("rb") as file:
        file.seek(max(start, log.stat().st_size - LONGEST_REASON_BYTES))
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
