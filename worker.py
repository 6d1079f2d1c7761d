"""Composition root: builds the clients, hands them to the activities, runs the worker."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import anthropic
from temporalio.exceptions import ApplicationError

from activities.model_check import check_model
from cannot_work import CannotWork
from checks import check
from composition import Composition, claude_client, walls_of
from connection import TemporalUnreachable, connect, until_worker_listens
from encryption import KeyProblem
from logs import log_to_stderr, make_redactor
from models.checks import Check
from models.problems import Problem
from settings import Settings, SettingsProblem, load_settings
from workspace.processes import Launcher

CANNOT_WORK = 2
"""Exit status that tells a supervisor not to start the worker again."""

log = logging.getLogger("worker")


async def run(settings: Settings, on_ready: Callable[[], object]) -> None:
    """Work until SIGTERM or SIGINT. `on_ready` is called once tasks are picked up.

    Raises:
        CannotWork: key, model or another thing only a person can give is missing.
        KeyProblem: the keys of the payloads cannot be used.
        TemporalUnreachable: no server answers.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with claude_client(settings) as claude:
        await _check_model(claude, settings.claude_model)
        client = await connect(settings)
        launcher = Launcher()
        try:
            async with walls_of(settings, launcher) as walls:
                log.info(walls.describe())
                async with Composition(settings, claude, launcher, walls).worker(client):
                    await until_worker_listens(client, settings.task_queue)
                    log.info("Working on task queue %s", settings.task_queue)
                    on_ready()
                    await stopped.wait()
        finally:
            launcher.close()


async def _check_model(claude: anthropic.AsyncAnthropic, model: str) -> None:
    """Stop at what only a person can mend; a provider that is away may be back in time."""
    try:
        for warning in await check_model(claude, model):
            log.warning(warning)
    except ApplicationError as error:
        if error.type == Problem.PROVIDER_REJECTED:
            raise CannotWork(error.message) from None
        log.warning(error.message)


def main() -> int:
    """Run, or check; the exit status tells a supervisor whether another start may help."""
    parser = argparse.ArgumentParser(prog="python worker.py", description=__doc__)
    parser.add_argument("--ready-file", type=Path, help="is made once tasks are picked up")
    parser.add_argument("--check", action="store_true", help="only look at what it needs")
    parser.add_argument("--json", action="store_true", help="with --check: print JSON")
    options = parser.parse_args()
    try:
        settings = load_settings()
        log_to_stderr(make_redactor(settings))
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        if options.check:
            return _report(asyncio.run(check(settings)), as_json=options.json)
        asyncio.run(run(settings, options.ready_file.touch if options.ready_file else _nothing))
    except (CannotWork, SettingsProblem, KeyProblem) as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_WORK
    except TemporalUnreachable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _nothing() -> None:
    """Nobody waits for the worker to be ready."""


def _report(checks: list[Check], *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps([one.model_dump() for one in checks]) + "\n")
    else:
        for one in checks:
            sys.stdout.write(f"{'ok ' if one.ok else 'BAD'} {one.name}: {one.detail}\n")
    return 0 if all(one.ok for one in checks) else 1


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    sys.stdout.flush()
    # Python's own end may abort in a thread of the SDK, and 134 is not what a supervisor must read.
    os._exit(status)
