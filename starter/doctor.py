"""Looking at every outside part: is it there, does it work, and if not, what mends it."""

import asyncio
import shutil
import sys
from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError
from temporalio.client import Client
from temporalio.service import RPCError

from connection import TemporalUnreachable, connect
from encryption import KeyProblem, encryption
from models.checks import Check
from settings import ROOT, Settings
from starter.stack_files import StackFiles
from starter.supervision import StackProblem
from starter.tasks import Tasks
from starter.temporal_server import find_binary, missing_attributes, server_address

LEAST_FREE_BYTES = 500_000_000
"""With less room on the disk, a checkpoint or the database may fail in the middle of a task."""

WORKER_CHECK_SECONDS = 60
"""The worker asks the model's provider; a slow line needs its time."""

WORKER_CHECK = (sys.executable, str(ROOT / "worker.py"), "--check", "--json")


async def examine(settings: Settings, worker_check: Sequence[str] = WORKER_CHECK) -> list[Check]:
    """Check the parts that this program meets itself, and ask the worker about its own."""
    asking = asyncio.create_task(_ask_worker(worker_check))
    checks = [*await _temporal(settings), _data_directory(settings)]
    seen = {check.name for check in checks}
    return [*checks, *(check for check in await asking if check.name not in seen)]


async def _temporal(settings: Settings) -> list[Check]:
    try:
        key_id = encryption(settings).key_id
        client = await connect(settings)
    except KeyProblem as error:
        return [_bad("Encryption", str(error))]
    except TemporalUnreachable as error:
        return [_encrypted(key_id), _startable(settings, str(error))]
    return [
        _encrypted(key_id),
        _good("Temporal", f"answers at {settings.temporal_address}"),
        await _attributes(client),
        await _listening(Tasks(client, settings.task_queue), settings.task_queue),
    ]


def _encrypted(key_id: str) -> Check:
    return _good("Encryption", f"what Temporal keeps is encrypted with the key {key_id}")


def _startable(settings: Settings, unreachable: str) -> Check:
    """A local server that does not run is no fault: the first `start` brings it up."""
    try:
        server_address(settings)
        find_binary()
    except StackProblem:
        return _bad("Temporal", unreachable)
    return _good("Temporal", "is not running; ./tars up, or the first ./tars start, starts it")


async def _attributes(client: Client) -> Check:
    name = "Attributes"
    try:
        missing = ", ".join(sorted(await missing_attributes(client)))
    except RPCError as error:
        return _good(name, f"Temporal does not tell which it knows ({error.message})")
    if not missing:
        return _good(name, "Temporal knows the search attributes of tasks")
    return _bad(name, f"Temporal lacks the search attributes {missing}: run ./tars up.")


async def _listening(tasks: Tasks, queue: str) -> Check:
    if await tasks.worker_listens():
        return _good("Worker", f"polls the task queue {queue}")
    return _bad("Worker", f"none polls the task queue {queue}: run ./tars up.")


def _data_directory(settings: Settings) -> Check:
    home = settings.tars_home
    try:
        StackFiles(home).make()
        free_bytes = shutil.disk_usage(home).free
    except (StackProblem, OSError) as error:
        return _bad("Disk", f"{error} Set TARS_HOME to a directory that can be written.")
    detail = f"{home} has {free_bytes / 1e9:.1f} GB left"
    if free_bytes < LEAST_FREE_BYTES:
        return _bad("Disk", f"{detail}: make room, or set TARS_HOME to a larger disk.")
    return _good("Disk", detail)


async def _ask_worker(command: Sequence[str]) -> list[Check]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        answer, complaint = await asyncio.wait_for(process.communicate(), WORKER_CHECK_SECONDS)
        return TypeAdapter(list[Check]).validate_json(answer)
    except TimeoutError:
        process.kill()
        await process.wait()
        return [_bad("Checks", f"the worker did not answer within {WORKER_CHECK_SECONDS} s")]
    except ValidationError:
        lines = complaint.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        return [_bad("Checks", f"the worker cannot be asked: {lines[-1]}")]


def _good(name: str, detail: str) -> Check:
    return Check(name=name, ok=True, detail=detail)


def _bad(name: str, detail: str) -> Check:
    return Check(name=name, ok=False, detail=detail)
