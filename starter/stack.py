"""The local stack: Temporal's dev server, the worker and the api, one per TARS_HOME."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from connection import TemporalUnreachable, connect
from settings import ROOT, Settings
from starter.api_process import api, api_url
from starter.api_token import api_token
from starter.stack_files import StackFiles, StackState
from starter.supervision import Child, StackProblem, Supervisor
from starter.temporal_server import dev_server, ensure_search_attributes, server_address, web_ui

WORKER = (sys.executable, str(ROOT / "worker.py"))
"""The worker's command line, but for `--ready-file PATH`."""


@dataclass(frozen=True)
class RunningStack:
    """A stack that is up; `failure` waits until it cannot go on and returns why."""

    state: StackState
    failure: Callable[[], Coroutine[None, None, StackProblem]]


@asynccontextmanager
async def local_stack(
    settings: Settings,
    *,
    tell: Callable[[str], None],
    worker: Sequence[str] = WORKER,
    before: Sequence[Child] = (),
) -> AsyncIterator[RunningStack]:
    """Keep a stack up for as long as the context lasts; `before` is started ahead of all else.

    Where a Temporal server answers already, it is used and left alone. `tell` gets a sentence
    whenever a process had to be started again.

    Raises:
        AlreadyRuns: another process keeps this stack up.
        StackProblem: something could not start; nothing is left of the rest.
    """
    files = StackFiles(settings.tars_home)
    async with files.hold() as lock:
        supervisor = Supervisor(files.logs, held=[lock], tell=tell)
        api_token(settings)  # before the worker starts, which blanks it
        try:
            for child in before:
                await supervisor.start(child)
            state = await _start_server(supervisor, settings, files)
            await supervisor.start(api(settings, files), _worker(worker, files))
            files.write(state)
            yield RunningStack(state, supervisor.failure)
        finally:
            files.forget()
            await supervisor.stop()


async def serve(
    settings: Settings, *, on_ready: Callable[[StackState], None], tell: Callable[[str], None]
) -> None:
    """Keep a stack up until SIGINT or SIGTERM.

    Raises:
        AlreadyRuns: another process keeps this stack up.
        StackProblem: it could not start or could not go on.
    """
    stop_on_signals(tell)
    try:
        async with local_stack(settings, tell=tell) as stack:
            on_ready(stack.state)
            raise await stack.failure()
    except asyncio.CancelledError:
        return


def stop_on_signals(tell: Callable[[str], None]) -> None:
    """Let SIGINT and SIGTERM cancel the current task, so that what it opened is closed."""
    task = asyncio.current_task()

    def stop() -> None:
        tell("Stopping ...")
        if task:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)


async def _start_server(
    supervisor: Supervisor, settings: Settings, files: StackFiles
) -> StackState:
    state = StackState(
        pid=os.getpid(),
        temporal=settings.temporal_address,
        api=api_url(settings),
        home=str(files.home),
        logs=str(files.logs),
    )
    try:
        client = await connect(settings)
    except TemporalUnreachable:
        await supervisor.start(dev_server(settings))
        return state.model_copy(update={"web_ui": web_ui(*server_address(settings))})
    await ensure_search_attributes(client)
    return state.model_copy(update={"own_server": False})


def _worker(command: Sequence[str], files: StackFiles) -> Child:
    async def is_ready() -> bool:
        return files.ready.exists()

    with_ready_file = [*command, "--ready-file", str(files.ready)]
    return Child("worker", "The worker", with_ready_file, is_ready)
