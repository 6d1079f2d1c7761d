"""The local stack in the background: bringing it up from another command, and taking it down."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel
from rich.console import Console

from connection import TemporalUnreachable, connect
from settings import ROOT, Settings
from starter.stack_files import LOOK_EVERY_SECONDS, StackFiles, StackState
from starter.supervision import StackProblem, last_line, rotate
from starter.tasks import Tasks

STOPPING_SECONDS = 20
"""What a stack gets to stop in order before it is killed."""

KILLED_SECONDS = 10
"""What its processes get to notice that it was killed."""


def ensure_up(settings: Settings) -> None:
    """Bring the stack up in the background unless a worker is there to take tasks.

    Raises:
        StackProblem: it could not start; nothing is left of it.
    """
    if asyncio.run(_is_served(settings)):
        return
    with Console(stderr=True).status("Starting Temporal and a worker in the background ..."):
        bring_up(StackFiles(settings.tars_home))


async def _is_served(settings: Settings) -> bool:
    try:
        client = await connect(settings)
    except TemporalUnreachable:
        return False
    return await Tasks(client, settings.task_queue).worker_listens()


class _Answer(BaseModel):
    """The one line that `up --json` prints: what is up, or why nothing is."""

    error: str = ""


def bring_up(files: StackFiles) -> StackState:
    """Start the stack in a session of its own and return once its worker polls.

    Raises:
        StackProblem: it could not start; nothing is left of it.
    """
    files.make()
    log = files.logs / "stack.log"
    log_start = rotate(log)
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "starter", "up", "--json"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        return _read_answer(process, log, log_start)
    except BaseException:
        process.terminate()
        process.wait()
        raise


def _read_answer(process: "subprocess.Popen[bytes]", log: Path, log_start: int) -> StackState:
    line = next(iter(process.stdout or ()), b"")
    if not line:
        raise StackProblem(f"The stack could not start: {last_line(log, log_start)} ({log}).")
    if error := _Answer.model_validate_json(line).error:
        raise StackProblem(error)
    return StackState.model_validate_json(line)


def take_down(files: StackFiles) -> bool:
    """Stop the stack, wherever it was started; False when none was up.

    Raises:
        StackProblem: a process of it cannot be ended.
    """
    if files.is_free():
        return False
    for number, seconds in ((signal.SIGTERM, STOPPING_SECONDS), (signal.SIGKILL, KILLED_SECONDS)):
        with suppress(ProcessLookupError):
            os.kill(files.holder(), number)
        if _becomes_free(files, seconds):
            return True
    raise StackProblem(f"The stack in {files.home} does not end: its log is {files.logs}.")


def _becomes_free(files: StackFiles, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not files.is_free():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY_SECONDS)
    return True
