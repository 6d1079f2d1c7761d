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
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

from benchmarks.side import CODE
from connection import connect
from models.contract import SearchAttribute
from models.replies import ConfirmationAnswer
from models.task import TaskInput
from settings import Settings
from starter.api_process import api_url
from starter.api_token import api_token
from starter.tasks import Tasks
from starter.temporal_server import UI_PORT_OFFSET, is_free

HOST = "127.0.0.1"
_STATE = SearchAttributeKey.for_keyword(SearchAttribute.STATE.value)
_HOUSE = Path(__file__).parents[1]


class StackMissing(Exception):
    """The local stack did not come up; its own words say why."""


class Ours:
    """Tasks on Temporal, with one worker however many tasks there are."""

    name = "Temporal (ours)"
    takes_codes = True

    def __init__(
        self, client: Client, tasks: Tasks, settings: Settings, stack: psutil.Process
    ) -> None:
        self._client, self._tasks = client, tasks
        self._settings, self._stack = settings, stack

    @property
    def api_url(self) -> str:
        """Where the api of the stack is."""
        return api_url(self._settings)

    @property
    def bearer(self) -> dict[str, str]:
        """The header that it wants."""
        return {"Authorization": f"Bearer {api_token(self._settings).get_secret_value()}"}

    async def start(self, goal: str) -> str:
        """Start a task, as every door does."""
        return await self._tasks.start(TaskInput(goal=goal, limits=self._settings.limits))

    async def state(self, task_id: str) -> str:
        """Ask the server how a task stands; that costs the worker, which is measured, nothing."""
        described = await self._client.get_workflow_handle(task_id).describe()
        return described.typed_search_attributes.get(_STATE) or ""

    async def confirm(self, task_id: str) -> None:
        """Give the code, as every door does."""
        await self._tasks.confirm(ConfirmationAnswer(code=CODE), task_id)

    async def history(self, task_id: str) -> tuple[int, int]:
        """Events and bytes of a task's history, all its runs together."""
        events = size_bytes = 0
        latest = await self._client.get_workflow_handle(task_id).fetch_history()
        started = latest.events[0].workflow_execution_started_event_attributes
        run_id = started.first_execution_run_id
        while run_id:
            history = await self._client.get_workflow_handle(task_id, run_id=run_id).fetch_history()
            events += len(history.events)
            size_bytes += sum(event.ByteSize() for event in history.events)
            last = history.events[-1]
            run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        return events, size_bytes

    def workspace(self, task_id: str) -> Path:
        """Directory in which the commands of a task run."""
        return self._settings.tars_home / "tasks" / task_id / "workspace"

    def worker_pids(self) -> list[int]:
        """The worker and what it has started."""
        return self._pids("worker.py")

    def api_pids(self) -> list[int]:
        """The api."""
        return self._pids("api")

    def _pids(self, program: str) -> list[int]:
        return [
            member.pid
            for child in self._stack.children()
            if any(Path(word).name == program for word in child.cmdline())
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
            client = await connect(settings)
            tasks = Tasks(client, settings.task_queue)
            yield Ours(client, tasks, settings, psutil.Process(stack.pid))


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
        "CONFIRMATION_CODE": CODE,
        "CONFIRMATION_TIMEOUT_SECONDS": "3600",
        "SANDBOX_NETWORK": "none",
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
