"""Nothing of a command is left when it has ended, whatever it tried."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import finished, nap, printed, run, running_with, spec_of, start, until
from workspace.processes import Launcher, NeverStarted, stop_all

STOP_SECONDS = 2.0

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.chdir("/")
        for number in range(3): os.close(number)
        os.execvpe("sleep", ["sleep", sys.argv[1]], {"PATH": os.environ["PATH"]})
    os._exit(0)
os.wait()
time.sleep(float(sys.argv[2]))
"""

RESPAWNER = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
end = time.monotonic() + 20  # the bound: it never outlives the test for long
while time.monotonic() < end:
    if os.fork():
        os._exit(0)
    os.setsid()
"""


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    launcher = Launcher()
    yield launcher
    launcher.close()


async def test_background_children_end_with_the_command(launcher: Launcher, tmp_path: Path) -> None:
    word = nap()
    spec = spec_of(f"sleep {word} & nohup sleep {word} & setsid sleep {word} & echo ok", tmp_path)
    end, output = await run(launcher, tmp_path, spec)
    assert (end.exit_code, output) == (0, "ok\n")
    assert (end.stopped, end.timed_out) == (False, False)
    assert not running_with(word)


async def test_daemons_end_with_the_command(launcher: Launcher, tmp_path: Path) -> None:
    word = nap()
    (tmp_path / "daemon.py").write_text(DAEMON)
    end, _ = await run(launcher, tmp_path, spec_of(f"python3 ../daemon.py {word} 0.1", tmp_path))
    assert end.exit_code == 0
    assert not running_with(word)


async def test_daemons_end_on_stop(launcher: Launcher, tmp_path: Path) -> None:
    word = nap()
    (tmp_path / "daemon.py").write_text(DAEMON)
    command = await start(
        launcher, tmp_path, spec_of(f"python3 ../daemon.py {word} 600; :", tmp_path)
    )
    await until(lambda: any("sleep" in _name(pid) for pid in running_with(word)))
    started = time.monotonic()
    end = finished(await command.stop())
    assert time.monotonic() - started < STOP_SECONDS
    assert (end.stopped, end.timed_out, end.signal) == (True, False, 15)
    assert not running_with(word)


async def test_ignoring_sigterm_does_not_help(launcher: Launcher, tmp_path: Path) -> None:
    word = nap()
    spec = spec_of(
        f"trap '' TERM; sleep {word} & echo ready; while :; do sleep 0.1; done", tmp_path
    )
    command = await start(launcher, tmp_path, spec)
    await until(lambda: printed(command) == "ready\n")
    started = time.monotonic()
    end = finished(await command.stop())
    assert time.monotonic() - started < STOP_SECONDS
    assert (end.stopped, end.signal) == (True, 9)
    assert not running_with(word)


async def test_last_words_are_kept_on_stop(launcher: Launcher, tmp_path: Path) -> None:
    spec = spec_of(
        "trap 'echo bye; exit 4' TERM; echo ready; while :; do sleep 0.05; done", tmp_path
    )
    command = await start(launcher, tmp_path, spec)
    await until(lambda: printed(command) == "ready\n")
    end = finished(await command.stop())
    assert (end.exit_code, end.stopped) == (4, True)
    assert printed(command).endswith("bye\n")


async def test_processes_that_never_stop_forking_are_caught(
    launcher: Launcher, tmp_path: Path
) -> None:
    (tmp_path / "respawner.py").write_text(RESPAWNER)
    word = nap()
    spec = spec_of(
        f"for i in 1 2 3; do python3 ../respawner.py {word} & done; wait; sleep 9", tmp_path
    )
    command = await start(launcher, tmp_path, spec)
    await until(lambda: len(running_with(word)) >= 3)
    started = time.monotonic()
    end = finished(await command.stop())
    assert time.monotonic() - started < STOP_SECONDS
    assert end.stopped
    assert not running_with(word)


async def test_a_tree_that_grows_is_caught_whole(launcher: Launcher, tmp_path: Path) -> None:
    word = nap()
    more = "[ $1 -gt 0 ] && { grow $(($1-1)) & grow $(($1-1)) & }"
    grow = f"grow() {{ sleep {word} & {more}; wait; }}"
    command = await start(launcher, tmp_path, spec_of(f"trap '' TERM; {grow}; grow 6", tmp_path))
    await until(lambda: len(running_with(word)) > 20)
    started = time.monotonic()
    finished(await command.stop())
    assert time.monotonic() - started < STOP_SECONDS
    assert not running_with(word)


async def test_the_time_limit_ends_it(launcher: Launcher, tmp_path: Path) -> None:
    word = nap()
    spec = spec_of(f"echo begun; setsid sleep {word} & sleep {word}", tmp_path, timeout_seconds=0.3)
    end, output = await run(launcher, tmp_path, spec)
    assert (end.timed_out, end.stopped, end.signal) == (True, False, 15)
    assert 0.3 <= end.duration_seconds < 0.3 + STOP_SECONDS
    assert output == "begun\n"
    assert not running_with(word)


async def test_the_time_limit_holds_during_a_flood(launcher: Launcher, tmp_path: Path) -> None:
    spec = spec_of("yes", tmp_path, timeout_seconds=0.3, output_limit_bytes=1_000)
    end, output = await run(launcher, tmp_path, spec)
    assert end.timed_out
    assert end.duration_seconds < 0.3 + STOP_SECONDS
    assert len(output) == 1_000
    assert end.dropped_bytes > 1_000


async def test_a_stopped_supervisor_is_ended_too(launcher: Launcher, tmp_path: Path) -> None:
    word = nap()
    command = await start(launcher, tmp_path, spec_of(f"kill -STOP $PPID; sleep {word}", tmp_path))
    await until(lambda: running_with(word))
    end = await command.stop()
    assert not isinstance(end, NeverStarted)
    await until(lambda: not running_with(word))  # a killed process is there for a moment more


async def test_stopping_twice_is_fine(launcher: Launcher, tmp_path: Path) -> None:
    command = await start(launcher, tmp_path, spec_of("sleep 600", tmp_path))
    first = await command.stop()
    assert await command.stop() == first
    assert finished(first).stopped


def test_stop_all_stops_what_runs(tmp_path: Path) -> None:
    stop_all(tmp_path / "nothing-there")
    words = [nap(1), nap(2)]
    launcher = Launcher()

    async def begin() -> None:
        for number, word in enumerate(words):
            await launcher.start(tmp_path / "all" / str(number), spec_of(f"sleep {word}", tmp_path))

    asyncio.run(begin())
    launcher.close()
    stop_all(tmp_path / "all")
    assert not any(map(running_with, words))


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""
