"""What tests of commands share: quick starts, and looking for processes."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from workspace.jail import NoWalls, Walls
from workspace.processes import Command, CommandSpec, End, Finished, Launcher

DEADLINE_SECONDS = 20.0


def spec_of(
    command: str,
    place: Path,
    walls: Walls | None = None,
    *,
    timeout_seconds: float = 60.0,
    output_limit_bytes: int = 1_000_000,
) -> CommandSpec:
    """How to run a shell command in `place`/files, its directory being `place`/command."""
    files = place / "files"
    files.mkdir(exist_ok=True)
    walls = walls or NoWalls(os.environ)
    launch = walls.wrap(command, files, Command(place / "command").scratch)
    return CommandSpec.of(launch, timeout_seconds, output_limit_bytes)


async def start(launcher: Launcher, place: Path, spec: CommandSpec) -> Command:
    return await launcher.start(place / "command", spec)


async def run(launcher: Launcher, place: Path, spec: CommandSpec) -> tuple[Finished, str]:
    """Run to the end; answers how it ended and what it printed."""
    command = await start(launcher, place, spec)
    return finished(await command.wait(DEADLINE_SECONDS)), printed(command)


def finished(end: End | None) -> Finished:
    assert isinstance(end, Finished), end
    return end


def printed(command: Command) -> str:
    return command.read_output(0, 10_000_000).decode()


async def until(condition: Callable[[], object], what: str = "it") -> None:
    give_up = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < give_up, f"waited in vain for {what}"
        await asyncio.sleep(0.01)


def running_with(word: str) -> set[int]:
    """Living processes that have this word among their arguments."""
    return {
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and word.encode() in _arguments(entry)
    }


def _arguments(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


def nap(number: int = 0) -> str:
    """A word that no other process has: `sleep WORD` sleeps for minutes."""
    return f"{600 + number}.{time.monotonic_ns()}"
