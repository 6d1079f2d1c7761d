"""The local stack with real processes: started once, kept alive, gone without a trace."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import psutil
import pytest

from connection import TemporalUnreachable, connect
from settings import ROOT, Settings
from starter.api_token import TOKEN_FILE
from starter.background import take_down
from starter.stack import local_stack
from starter.stack_files import AlreadyRuns, StackFiles, StackState
from starter.supervision import LARGEST_LOG_BYTES, Child, StackProblem, Supervisor, rotate
from starter.temporal_server import UI_PORT_OFFSET, is_free, missing_attributes

HERE = Path(__file__).parent
HOST = "127.0.0.1"


def free_port() -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port + UI_PORT_OFFSET < 64_000 and is_free(HOST, port + UI_PORT_OFFSET):
            return port


def quiet(_: str) -> None:
    """Tell nobody."""


def worker(*options: str) -> list[str]:
    return [sys.executable, str(HERE / "stand_in_worker.py"), *options]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        tars_home=tmp_path / "home",
        temporal_address=f"{HOST}:{free_port()}",
        api_port=free_port(),
    )


_earlier: set[psutil.Process] = set()
"""Processes of other tests, such as the session's own server."""


@pytest.fixture(autouse=True)
def _no_process_left() -> Iterator[None]:
    me = psutil.Process()
    _earlier.clear()
    _earlier.update(me.children(recursive=True))
    yield
    left = set(me.children(recursive=True)) - _earlier
    _, alive = psutil.wait_procs(left, timeout=10)
    assert not [process.cmdline() for process in alive]


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def child(name: str) -> psutil.Process:
    """The one process that this test has started with this in its command line."""
    (found,) = (
        process
        for process in set(psutil.Process().children(recursive=True)) - _earlier
        if name in " ".join(_cmdline(process)[:2]) and process.status() != psutil.STATUS_ZOMBIE
    )
    return found


def _cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


async def test_a_stack_is_up_survives_kills_and_leaves_nothing(settings: Settings) -> None:
    said: list[str] = []
    files = StackFiles(settings.tars_home)
    async with local_stack(settings, tell=said.append, worker=worker()) as stack:
        assert files.running() == stack.state
        assert stack.state.own_server
        assert httpx2.post(f"{stack.state.api}/codec/decode", json={}).json() == {}
        tasks, token = f"{stack.state.api}/tasks", (settings.tars_home / TOKEN_FILE).read_text()
        bearer = {"Authorization": f"Bearer {token.strip()}"}
        assert httpx2.get(tasks).status_code == 401
        assert httpx2.get(tasks, headers=bearer).json() == []
        page = httpx2.get(f"{stack.state.web_ui}/api/v1/settings").json()
        assert page["Codec"]["Endpoint"] == f"{stack.state.api}/codec"
        assert await missing_attributes(await connect(settings)) == set()

        first = {name: child(name) for name in ("temporal", "stand_in_worker")}
        for process in first.values():
            process.kill()
        await until(lambda: len(said) == 2)
        await until(lambda: all(pid_of(name) not in {0, old.pid} for name, old in first.items()))
        assert "The worker was ended by SIGKILL and is started again" in " ".join(said)
        await answering(settings)

        with pytest.raises(AlreadyRuns) as again:
            async with local_stack(settings, tell=said.append, worker=worker()):
                pass
        assert again.value.state == stack.state
    assert files.running() is None
    assert files.is_free()


async def answering(settings: Settings, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while True:
            try:
                await connect(settings)
            except TemporalUnreachable:
                continue
            return


def pid_of(name: str) -> int:
    """Of the child with this name, 0 while there is none."""
    try:
        return child(name).pid
    except (ValueError, psutil.Error):
        return 0


async def test_a_server_of_somebody_else_is_used_and_left_alone(
    settings: Settings, tmp_path: Path
) -> None:
    other = Settings(
        tars_home=tmp_path / "other",
        temporal_address=settings.temporal_address,
        api_port=free_port(),
    )
    async with local_stack(settings, tell=quiet, worker=worker()) as first:
        async with local_stack(other, tell=quiet, worker=worker()) as second:
            assert first.state.own_server
            assert not second.state.own_server
            assert second.state.web_ui is None
        await connect(settings)


async def test_a_worker_without_a_key_stops_it_all_with_its_sentence(settings: Settings) -> None:
    with pytest.raises(StackProblem, match=r"^ANTHROPIC_API_KEY is not set: put it into \.env\.$"):
        async with local_stack(settings, tell=quiet, worker=worker("--without-key")):
            pass
    assert StackFiles(settings.tars_home).is_free()


@contextmanager
def web_server(port: int) -> Iterator[None]:
    with ThreadingHTTPServer((HOST, port), BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


async def test_a_taken_port_is_told(settings: Settings) -> None:
    port = int(settings.temporal_address.rpartition(":")[2])
    for taken in (port, port + UI_PORT_OFFSET):
        told = pytest.raises(StackProblem, match=f"^Port {taken} is taken by another program")
        with web_server(taken), told:
            async with local_stack(settings, tell=quiet, worker=worker()):
                pass


@pytest.mark.parametrize("address", ["example.invalid:7233", "7233", "127.0.0.1:65000"])
async def test_an_address_that_is_not_here_starts_nothing(address: str, tmp_path: Path) -> None:
    settings = Settings(tars_home=tmp_path, temporal_address=address)
    with pytest.raises(StackProblem, match="TEMPORAL_ADDRESS"):
        async with local_stack(settings, tell=quiet, worker=worker()):
            pass


@pytest.fixture
def program(settings: Settings) -> "Iterator[subprocess.Popen[bytes]]":
    """The stack as a process of its own, up."""
    process = subprocess.Popen(
        [
            *(sys.executable, HERE / "stack_program.py"),
            *(settings.tars_home, settings.temporal_address, str(settings.api_port)),
        ],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout
        state = StackState.model_validate_json(process.stdout.readline())
        assert state.pid == process.pid
        yield process
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's death signal is Linux'")
async def test_a_killed_supervisor_takes_all_along(
    settings: Settings, program: "subprocess.Popen[bytes]"
) -> None:
    children = psutil.Process(program.pid).children(recursive=True)
    assert len(children) == 3
    os.kill(program.pid, signal.SIGKILL)
    files = StackFiles(settings.tars_home)
    await until(files.is_free, 10)
    assert not [one for one in children if one.is_running() and one.status() != "zombie"]
    assert files.running() is None


async def test_down_stops_a_stack_from_outside_and_soon(
    settings: Settings, program: "subprocess.Popen[bytes]"
) -> None:
    files = StackFiles(settings.tars_home)
    children = psutil.Process(program.pid).children(recursive=True)
    began = time.monotonic()
    assert await asyncio.to_thread(take_down, files)
    assert time.monotonic() - began < 8
    assert program.wait(5) == 0
    assert not any(one.is_running() for one in children)
    assert not take_down(files)


def sleeper(name: str, tmp_path: Path, *options: str) -> Child:
    ready = tmp_path / f"{name}.ready"

    async def is_ready() -> bool:
        return ready.exists()

    command = worker(*options, "--ready-file", str(ready))
    return Child(name, f"The {name}", command, is_ready, ready_seconds=5, stop_seconds=0.3)


async def test_who_does_not_stop_when_asked_is_killed(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, tell=quiet)
    await supervisor.start(sleeper("mule", tmp_path, "--stubborn"))
    stubborn = child("stand_in_worker")
    await supervisor.stop()
    assert not stubborn.is_running()


async def test_a_child_that_ends_at_once_is_told_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "hare.log").write_text("what an earlier one said\n")
    supervisor = Supervisor(tmp_path, tell=quiet)
    with pytest.raises(StackProblem, match=r"The hare ended with status 1: it said nothing \(.*\)"):
        await supervisor.start(sleeper("hare", tmp_path, "--broken"))
    await supervisor.stop()


async def test_a_child_that_never_gets_ready_is_told(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    command = worker("--ready-file", str(tmp_path / "ready"))
    supervisor = Supervisor(tmp_path, tell=quiet)
    with pytest.raises(StackProblem, match="The snail was not ready within 0 s"):
        await supervisor.start(Child("snail", "The snail", command, never, ready_seconds=0.2))
    await supervisor.stop()


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    assert rotate(log) == 0
    log.write_bytes(b"x" * LARGEST_LOG_BYTES)
    assert rotate(log) == LARGEST_LOG_BYTES
    log.write_bytes(b"x" * (LARGEST_LOG_BYTES + 1))
    assert rotate(log) == 0
    assert (tmp_path / "worker.log.1").stat().st_size == LARGEST_LOG_BYTES + 1
    assert not log.exists()
