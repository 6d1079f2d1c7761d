"""Our side: the local stack as `./tars up` starts it, in a temporary directory."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from connection import connect
from models.task import TaskInput
from settings import Settings
from starter.tasks import Tasks
from starter.temporal_server import UI_PORT_OFFSET, is_free

HOST = "127.0.0.1"
_HOUSE = Path(__file__).parents[1]


class StackMissing(Exception):
    """The local stack did not come up; its own words say why."""


class Ours:
    """Tasks on Temporal, with one worker however many tasks there are."""

    name = "Temporal (ours)"
    takes_codes = False  # until tasks can be confirmed

    def __init__(self, tasks: Tasks, settings: Settings, stack: psutil.Process) -> None:
        self._tasks, self._settings, self._stack = tasks, settings, stack

    async def start(self, goal: str) -> str:
        """Start a task, as every door does."""
        return await self._tasks.start(TaskInput(goal=goal, limits=self._settings.limits))

    async def state(self, task_id: str) -> str:
        """Ask the task how it stands."""
        return (await self._tasks.progress(task_id)).state.value

    async def confirm(self, task_id: str) -> None:
        """Raise NotImplementedError: `takes_codes` says so beforehand."""
        raise NotImplementedError(task_id)

    def workspace(self, task_id: str) -> Path:
        """Directory in which the commands of a task run."""
        return self._settings.tars_home / "tasks" / task_id / "workspace"

    def worker_pids(self) -> list[int]:
        """The worker and what it has started."""
        return [
            member.pid
            for child in self._stack.children()
            if any(word.endswith("worker.py") for word in child.cmdline())
            for member in (child, *child.children(recursive=True))
        ]


@asynccontextmanager
async def ours(claude_url: str, workers: int) -> AsyncIterator[Ours]:
    """A Temporal server and one worker, whatever `workers` says, all gone afterwards.

    Raises StackMissing.
    """
    del workers
    with tempfile.TemporaryDirectory(prefix="ours-") as directory:
        environment = _environment(Path(directory), claude_url)
        with _stack(environment) as stack:
            given = {name.lower(): value for name, value in environment.items()}
            settings = Settings.model_validate(given)
            tasks = Tasks(await connect(settings), settings.task_queue)
            yield Ours(tasks, settings, psutil.Process(stack.pid))


def _environment(home: Path, claude_url: str) -> dict[str, str]:
    return {
        "ANTHROPIC_API_KEY": "demo-key",
        "ANTHROPIC_BASE_URL": claude_url,
        "API_PORT": str(_free_port()),
        "TARS_HOME": str(home),
        "TARS_ENV_FILE": os.devnull,
        "TEMPORAL_ADDRESS": f"{HOST}:{_free_port()}",
        "TEMPORAL_CONFIG_FILE": os.devnull,
        "MAX_ITERATIONS": "10000",
    }


@contextmanager
def _stack(environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    stack = subprocess.Popen(
        [sys.executable, "-m", "starter", "up", "--json"],
        cwd=_HOUSE,
        env={"PATH": os.environ["PATH"], "HOME": environment["TARS_HOME"], **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    with stack:
        try:
            if not (stack.stdout and stack.stdout.readline()):
                raise StackMissing("The local stack did not come up: see what it said above.")
            yield stack
        finally:
            stack.send_signal(signal.SIGINT)


def _free_port() -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port + UI_PORT_OFFSET < 65_536 and is_free(HOST, port + UI_PORT_OFFSET):
            return port
