"""The seed's design as an honest baseline: Redis, rq, one forked process for every task.

Tuned where that changes nothing of the design: as many workers as there are tasks at once, the SDK
imported before the fork, Redis on a Unix socket. `baseline_job` tells what a task does.
"""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import psutil
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue
from rq.worker import Worker

from benchmarks.baseline_job import QUEUE, run_autonomous_programming
from benchmarks.side import CODE, TooLate

READY_SECONDS = 60.0
JOB_SECONDS = 15 * 60
_HOUSE = Path(__file__).parents[1]


class RedisMissing(Exception):
    """The baseline cannot be measured without redis-server; the message says how to get it."""


class Baseline:
    """The seed's `BackgroundTaskManager` before a running pool of workers."""

    name = "rq + redis"
    takes_codes = True

    def __init__(self, home: Path, redis: Redis, claude_url: str, pool_pid: int) -> None:
        self._home, self._redis = home, redis
        self._claude_url, self._pool_pid = claude_url, pool_pid
        self._queue = Queue(QUEUE, connection=redis)

    async def start(self, goal: str) -> str:
        """Note the task and put its job into the queue, all that the seed does to answer."""
        task_id = secrets.token_hex(4)
        workspace = self.workspace(task_id)
        workspace.mkdir()
        self._redis.hset(f"task:{task_id}", mapping={"goal": goal, "state": "running"})
        self._queue.enqueue(
            run_autonomous_programming,
            args=(task_id, goal, str(workspace), _address(self._home), self._claude_url),
            job_timeout=JOB_SECONDS,
        )
        return task_id

    async def state(self, task_id: str) -> str:
        """Read the state from the task's hash."""
        state = self._redis.hget(f"task:{task_id}", "state")
        return state.decode() if isinstance(state, bytes) else "unknown"

    async def confirm(self, task_id: str) -> None:
        """Store the code where the job looks for it every 2 s."""
        self._redis.set(f"task:{task_id}:confirmation", CODE)

    def workspace(self, task_id: str) -> Path:
        """Directory in which the commands of a task run."""
        return self._home / task_id

    def worker_pids(self) -> list[int]:
        """The pool, its workers and their jobs."""
        return _session(self._pool_pid)


@asynccontextmanager
async def baseline(claude_url: str, workers: int) -> AsyncIterator[Baseline]:
    """A Redis server and a pool of `workers` in a temporary directory, all gone afterwards.

    Raises RedisMissing, and TooLate when they do not come up.
    """
    with (
        tempfile.TemporaryDirectory(prefix="baseline-") as directory,
        _redis_server(Path(directory)),
        Redis.from_url(_address(Path(directory))) as redis,
        _pool(_address(Path(directory)), workers) as pool_pid,
    ):
        await _until(lambda: Worker.count(connection=redis) == workers, "the rq workers")
        yield Baseline(Path(directory), redis, claude_url, pool_pid)


def _address(home: Path) -> str:
    return f"unix://{home}/redis.sock"


@contextmanager
def _redis_server(home: Path) -> Iterator[None]:
    program = shutil.which("redis-server")
    if program is None:
        raise RedisMissing("redis-server is missing: apt-get install redis-server, then try again.")
    options = ["--port", "0", "--unixsocket", f"{home}/redis.sock", "--dir", str(home)]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        server.terminate()
        server.wait()


@contextmanager
def _pool(redis_url: str, workers: int) -> Iterator[int]:
    program = [sys.executable, "-m", "benchmarks.baseline_worker", redis_url, str(workers)]
    pool = subprocess.Popen(program, cwd=_HOUSE, start_new_session=True)
    try:
        yield pool.pid
    finally:
        # rq's own stop waits for running jobs, and ours may wait for a code.
        pool.kill()
        pool.wait()
        while members := _session(pool.pid):
            for pid in members:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def _session(leader: int) -> list[int]:
    """Processes of the session that `leader` began: jobs have process groups of their own."""
    return [process.pid for process in psutil.process_iter() if _is_in(process, leader)]


def _is_in(process: psutil.Process, session: int) -> bool:
    try:
        return os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, PermissionError, psutil.NoSuchProcess):
        return False


async def _until(is_so: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + READY_SECONDS
    while not _holds(is_so):
        if time.monotonic() > give_up:
            raise TooLate(f"Nothing seen of {what} for {READY_SECONDS:g} s.")
        await asyncio.sleep(0.05)


def _holds(is_so: Callable[[], bool]) -> bool:
    try:
        return is_so()
    except RedisConnectionError:
        return False
