"""A machine of real processes, each of which can be killed: Temporal, workers, commands."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import psutil
from pydantic import SecretStr
from temporalio.client import Client

from connection import connect
from demo.claude import ScriptedClaude
from settings import ROOT, Settings
from starter.stack import WORKER
from starter.supervision import Child
from starter.temporal_server import UI_PORT_OFFSET, dev_server, is_free
from tests.house import House, Story

DEADLINE_SECONDS = 60.0
"""For what takes a dead worker to be noticed (10 s) and more, on a loaded machine."""

STOP_SECONDS = 5.0
"""What a supervisor of processes gives a worker to end in order (starter/supervision.py)."""

HOST = "127.0.0.1"


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition with a deadline."""
    give_up = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < give_up, f"waited in vain for {what}"
        await asyncio.sleep(0.02)


class TemporalProcess:
    """Temporal's dev server on a database file, with the flags of the local stack."""

    def __init__(self, child: Child, log: Path) -> None:
        self._child = child
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._child.command, env=self._child.environment, stdout=log, stderr=log
            )
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not await self._child.is_ready():
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


class WorkerProcess:
    """`python worker.py`, as the local stack runs it."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log

    def kill(self) -> None:
        """SIGKILL: nothing in it gets a last word."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    async def terminate(self) -> float:
        """SIGTERM; answers how many seconds it took to end."""
        started = time.monotonic()
        self.process.terminate()
        await until(lambda: self.process.poll() is not None, "the worker's end")
        assert self.process.returncode == 0, self.log.read_text()
        return time.monotonic() - started


class Machine:
    """One machine with its disk (`home`), a Temporal server and the scripted Claude."""

    def __init__(self, home: Path, claude: tuple[ScriptedClaude, str]) -> None:
        self.home = home
        self.claude, self._claude_url = claude
        port = free_port()
        self.settings = self._settings("unused", f"{HOST}:{port}")
        self.server = TemporalProcess(dev_server(self.settings), home / "temporal.log")

    def _settings(self, task_queue: str, address: str) -> Settings:
        return Settings(
            _env_file=None,
            anthropic_api_key=SecretStr("demo-key"),
            anthropic_base_url=self._claude_url,
            temporal_address=address,
            task_queue=task_queue,
            tars_home=self.home,
            max_cost_usd=None,
        )

    async def client(self) -> Client:
        return await connect(self.settings)

    @asynccontextmanager
    async def crew(self) -> AsyncIterator["Crew"]:
        """Workers on a task queue of their own, ended with the context."""
        settings = self._settings(f"crew-{uuid.uuid4()}", self.settings.temporal_address)
        crew = Crew(House(await self.client(), settings, self.claude))
        try:
            yield crew
        finally:
            for worker in crew.workers:
                worker.kill()


class Crew:
    """The workers of one task queue, and the house of tasks they work on."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.workers: list[WorkerProcess] = []

    async def start_worker(self, **environment: str) -> WorkerProcess:
        """Start a worker; returns when it picks up tasks. `environment` is added to its own."""
        settings = self.house.settings
        name = uuid.uuid4().hex[:8]
        ready = settings.tars_home / f"ready-{name}"
        log = settings.tars_home / f"worker-{name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [*WORKER, "--ready-file", str(ready)],
                cwd=ROOT,
                stdout=file,
                stderr=file,
                env={
                    **_basics(),
                    "ANTHROPIC_API_KEY": "demo-key",
                    "ANTHROPIC_BASE_URL": settings.anthropic_base_url,
                    "CLAUDE_MODEL": settings.claude_model,
                    "TEMPORAL_ADDRESS": settings.temporal_address,
                    "TASK_QUEUE": settings.task_queue,
                    "TARS_HOME": str(settings.tars_home),
                    "SANDBOX_NETWORK": "none",
                    **environment,
                },
            )
        worker = WorkerProcess(process, log)
        self.workers.append(worker)
        await until(lambda: ready.exists() or process.poll() is not None, "a worker")
        assert process.poll() is None, log.read_text()
        return worker


def _basics() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def free_port() -> int:
    """A port for Temporal, whose Web UI takes another one."""
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port + UI_PORT_OFFSET < 65_000 and is_free(HOST, port + UI_PORT_OFFSET):
            return port


def supervisor_of(story: Story) -> psutil.Process:
    """The process that watches over the one command of a task."""
    (status,) = story.home.glob("commands/*/status")
    return psutil.Process(json.loads(status.read_text())["pid"])


def family(process: psutil.Process) -> list[psutil.Process]:
    """A process and all it started."""
    with suppress(psutil.NoSuchProcess):
        return [process, *process.children(recursive=True)]
    return []


def living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that still run."""
    return [one for one in processes if _lives(one)]


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


@asynccontextmanager
async def a_machine(home: Path, claude: tuple[ScriptedClaude, str]) -> AsyncIterator[Machine]:
    """A machine that is up; nothing of it is left afterwards."""
    machine = Machine(home, claude)
    async with AsyncExitStack() as stack:
        stack.callback(machine.server.kill)
        await machine.server.start()
        yield machine
