"""A command outlives its worker, and never runs twice, wherever processes are killed."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.commands import finished, nap, printed, run, running_with, spec_of, start, until
from workspace.processes import (
    Command,
    CommandNotStarted,
    CommandSpec,
    Finished,
    Launcher,
    Lost,
    NeverStarted,
    Running,
)

ROOT = Path(__file__).parents[2]

WORKER = """
import asyncio, sys
from pathlib import Path
from tests.commands import spec_of, start
from workspace.processes import Launcher

async def work():
    place = Path(sys.argv[1])
    await start(Launcher(), place, spec_of(sys.argv[2], place))
    print("started", flush=True)
    await asyncio.sleep(600)

asyncio.run(work())
"""


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    launcher = Launcher()
    yield launcher
    launcher.close()


def worker(place: Path, command: str) -> subprocess.Popen[str]:
    """A worker in a process of its own, in which a command runs."""
    words = [sys.executable, "-c", WORKER, str(place), command]
    secrets = {**os.environ, "ANTHROPIC_API_KEY": "sk-ant-very-secret"}
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=secrets)
    assert process.stdout
    assert process.stdout.readline() == "started\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout
    process.stdout.close()


def fork_servers() -> list[psutil.Process]:
    """Those of this process."""
    return [child for child in psutil.Process().children() if "fork_server" in _words(child)]


def supervisors() -> list[psutil.Process]:
    """What the fork servers have forked: one that waits for a request, others at work."""
    return [child for server in fork_servers() for child in _children(server)]


def _words(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def _children(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return process.children()
    return []


async def test_a_command_outlives_its_killed_worker(tmp_path: Path) -> None:
    goes_on = "echo before; until [ -e go ]; do sleep 0.02; done; seq 3; exit 7"
    process = worker(tmp_path, goes_on)
    command = Command(tmp_path / "command")
    await until(lambda: printed(command) == "before\n")
    kill(process)
    assert command.state() == Running()
    (tmp_path / "files" / "go").touch()
    end = finished(await command.wait(10))
    assert (end.exit_code, end.stopped) == (7, False)
    assert printed(command) == "before\n1\n2\n3\n"
    assert end.output_bytes == command.output.stat().st_size


async def test_no_secret_of_the_worker_is_near_a_command(tmp_path: Path) -> None:
    process = worker(tmp_path, "sleep 600")
    command = Command(tmp_path / "command")
    note = json.loads((tmp_path / "command" / "status").read_text())
    family = psutil.Process(note["pid"]).children(recursive=True)
    for pid in (note["pid"], *(child.pid for child in family)):
        assert b"sk-ant" not in Path(f"/proc/{pid}/environ").read_bytes()
    kill(process)
    await command.stop()
    assert b"sk-ant" not in (tmp_path / "command" / "spec.json").read_bytes()


async def test_a_killed_worker_leaves_no_fork_server(tmp_path: Path) -> None:
    process = worker(tmp_path, "true")
    servers = psutil.Process(process.pid).children(recursive=True)
    assert servers
    kill(process)
    await until(lambda: not any(server.is_running() for server in servers), "the server's end")


async def test_a_later_worker_stops_what_an_earlier_one_began(tmp_path: Path) -> None:
    word = nap()
    process = worker(tmp_path, f"setsid sleep {word} & sleep {word}")
    kill(process)
    await until(lambda: running_with(word))
    started = time.monotonic()
    assert finished(await Command(tmp_path / "command").stop()).stopped
    assert time.monotonic() - started < 2
    assert not running_with(word)


async def test_two_waiters_see_the_same_end(launcher: Launcher, tmp_path: Path) -> None:
    command = await start(launcher, tmp_path, spec_of("sleep 0.2; exit 2", tmp_path))
    others = [Command(tmp_path / "command") for _ in range(5)]
    ends = await asyncio.gather(*(waiter.wait(10) for waiter in (command, *others)))
    assert {finished(end).exit_code for end in ends} == {2}


async def test_a_killed_supervisor_is_told_and_leaves_nothing(
    launcher: Launcher, tmp_path: Path
) -> None:
    word = nap()
    command = await start(
        launcher, tmp_path, spec_of(f"(setsid sleep {word} &) ; sleep {word}; :", tmp_path)
    )
    await until(lambda: len(running_with(f"sleep\0{word}")) == 2)
    waiting = asyncio.create_task(command.wait(10))
    os.kill(json.loads((command.directory / "status").read_text())["pid"], signal.SIGKILL)
    end = await waiting
    assert isinstance(end, Lost)
    assert "killed" in end.reason
    await until(lambda: not running_with(word))
    assert await launcher.start(command.directory, spec_of("touch again", tmp_path)) is not None
    assert isinstance(await command.stop(), Lost)
    assert not (tmp_path / "files" / "again").exists()


async def test_a_restarted_machine_is_told(tmp_path: Path) -> None:
    command = Command(tmp_path / "command")
    command.directory.mkdir()
    (command.directory / "status").write_text('{"pid": 1, "started_at": 1, "boot_id": "another"}')
    assert command.state() == Lost("The machine was restarted while the command ran.")


@pytest.mark.parametrize("note", ["", '{"pid"', "[]", "null"])
async def test_a_claim_cut_short_counts_as_run(
    launcher: Launcher, tmp_path: Path, note: str
) -> None:
    command = Command(tmp_path / "command")
    command.directory.mkdir()
    (command.directory / "status").write_text(note)
    assert isinstance(command.state(), Lost)
    await start(launcher, tmp_path, spec_of("touch ran", tmp_path))
    assert isinstance(await command.wait(5), Lost)
    assert isinstance(await command.stop(), Lost)
    assert not (tmp_path / "files" / "ran").exists()


async def test_killed_before_it_takes_the_request(launcher: Launcher, tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    await run(launcher, tmp_path / "first", spec_of("true", tmp_path / "first"))
    await until(lambda: len(supervisors()) == 1, "the one that waits")
    (waiting,) = supervisors()
    waiting.suspend()
    command = tmp_path / "command"
    starting = asyncio.create_task(start(launcher, tmp_path, spec_of("echo ran >> ran", tmp_path)))
    await until((command / "spec.json").exists)
    assert Command(command).state() == NeverStarted()
    waiting.kill()
    assert finished(await (await starting).wait(10)).exit_code == 0
    assert (tmp_path / "files" / "ran").read_text() == "ran\n"


async def test_killed_between_claim_and_start(launcher: Launcher, tmp_path: Path) -> None:
    (tmp_path / "command").mkdir()
    os.mkfifo(tmp_path / "command" / "output")  # opening it for writing blocks
    starting = asyncio.create_task(start(launcher, tmp_path, spec_of("touch ran", tmp_path)))
    command = Command(tmp_path / "command")
    await until(lambda: command.claimed and (command.directory / "status").stat().st_size)
    assert command.state() == Running()
    os.kill(json.loads((command.directory / "status").read_text())["pid"], signal.SIGKILL)
    await starting
    assert isinstance(await command.wait(10), Lost)
    await start(launcher, tmp_path, spec_of("touch ran", tmp_path))
    assert isinstance(command.state(), Lost)
    assert not (tmp_path / "files" / "ran").exists()


@pytest.mark.parametrize("victims", [supervisors, fork_servers])
async def test_killed_anywhere_it_runs_at_most_once_and_says_so(
    tmp_path: Path, victims: Callable[[], list[psutil.Process]]
) -> None:
    seen = Counter[str]()
    chance = random.Random(7)  # noqa: S311
    launcher = Launcher()
    for number in range(80):
        place = tmp_path / str(number)
        place.mkdir()
        spec = spec_of("echo ran >> ran; exit 5", place)
        starting = asyncio.create_task(start(launcher, place, spec))
        await asyncio.sleep(chance.uniform(0, 0.012))
        for victim in victims():
            with suppress(psutil.Error):
                victim.kill()
        with suppress(CommandNotStarted):
            await starting
        seen[await _outcome(launcher, place, spec)] += 1
    launcher.close()
    assert seen["Finished"]
    assert seen.total() - seen["Finished"], seen


async def _outcome(launcher: Launcher, place: Path, spec: CommandSpec) -> str:
    """Check what is answered against what happened, and that starting again is safe."""
    end = await Command(place / "command").wait(10)
    ran = _times_run(place)
    again = await (await start(launcher, place, spec)).wait(10)
    match end:
        case Finished():
            assert (end.exit_code, ran, again) == (5, 1, end)
        case Lost():
            assert ran <= 1
            assert isinstance(again, Lost)
        case _:
            assert ran == 0
            assert isinstance(again, Finished)
    assert _times_run(place) == (1 if isinstance(again, Finished) else ran)
    return type(end).__name__


def _times_run(place: Path) -> int:
    with suppress(FileNotFoundError):
        return (place / "files" / "ran").read_text().count("ran")
    return 0


async def test_a_killed_fork_server_is_replaced(launcher: Launcher, tmp_path: Path) -> None:
    for number in range(3):
        place = tmp_path / str(number)
        place.mkdir()
        end, output = await run(launcher, place, spec_of(f"echo {number}", place))
        assert (end.exit_code, output) == (0, f"{number}\n")
        for server in fork_servers():
            server.kill()
