"""Finds the processes of a command and ends them, however they tried to get away.

Runs in the supervisor too: standard library only.
"""

import os
import signal
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
MARK = "TARS_COMMAND"
"""Environment variable that names the command a process belongs to."""


class Process(NamedTuple):
    """One row of the process table."""

    pid: int
    parent: int
    group: int


def process_table() -> list[Process]:
    """All processes of this machine that can be seen.

    Zombies too: one may be the ended first thread of a process whose other threads run on.
    """
    if PROC.is_dir():
        return [row for pid in _pids() if (row := _row(pid))]
    with os.popen("ps -axo pid=,ppid=,pgid=") as listing:  # noqa: S605  # fixed words, on macOS
        return [Process(*map(int, line.split())) for line in listing]


def descendants(root: int, group: int | None = None) -> set[int]:
    """Processes that come from `root`, and those of a process group; `root` is not among them."""
    table = process_table()
    children: dict[int, list[int]] = {}
    for row in table:
        children.setdefault(row.parent, []).append(row.pid)
    found: set[int] = set()
    ahead = [root] + [row.pid for row in table if row.group == group]
    while ahead:
        pid = ahead.pop()
        if pid not in found:
            found.add(pid)
            ahead.extend(children.get(pid, ()))
    return found - {root}


def marked(mark: str) -> set[int]:
    """Processes whose environment carries the mark, and what comes from them (Linux)."""
    line = f"{MARK}={mark}".encode()
    own = {pid for pid in _pids() if line in _environment(pid).split(b"\0")}
    return own.union(*map(descendants, own)) - {os.getpid()}


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to each, as a rule to parents first; what is not there is passed over."""
    for pid in sorted(pids):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def kill_all(find: Callable[[], Collection[int]]) -> bool:
    """Kill what `find` finds; return whether there was anything.

    All are stopped first, again and again until no new one appears: a process that is stopped
    cannot fork, so a tree that keeps growing is caught whole.
    """
    held: set[int] = set()
    while new := set(find()) - held:
        signal_all(new, signal.SIGSTOP)
        held |= new
    signal_all(held, signal.SIGKILL)
    return bool(held)


def started_at(pid: int) -> int | None:
    """Start of a process in clock ticks since boot (proc(5), field 22): tells a reused pid."""
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def _pids() -> list[int]:
    with suppress(FileNotFoundError):
        return [int(entry.name) for entry in os.scandir(PROC) if entry.name.isdecimal()]
    return []


def _row(pid: int) -> Process | None:
    fields = _stat(pid)
    return Process(pid, int(fields[1]), int(fields[2])) if fields else None


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; the name before may hold anything."""
    with suppress(OSError):
        return (PROC / f"{pid}/stat").read_bytes().rpartition(b")")[2].decode().split()
    return []


def _environment(pid: int) -> bytes:
    with suppress(OSError):
        return (PROC / f"{pid}/environ").read_bytes()
    return b""
