"""Composition root: builds the clients, hands them to the activities, runs the worker."""

import argparse
import asyncio
import json
import logging
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path

import anthropic
from temporalio.client import Client
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.claude import ClaudeActivities
from activities.codes import Codes
from activities.commands import CommandActivities
from activities.gate import Gate
from activities.model_check import check_model
from activities.redacting import RedactActivities
from activities.safety import SafetyActivities
from activities.showing import ShowingActivities
from activities.workspace import WorkspaceActivities
from connection import TemporalUnreachable, connect, until_worker_listens
from encryption import KeyProblem
from logs import log_to_stderr, make_redactor
from models.checks import Check
from models.problems import Problem
from policy.commands import Mode, judge
from policy.secrets import command_environment
from settings import Settings, SettingsProblem, load_settings
from workflows.coding_task import CodingTask
from workflows.misshapen import DropMisshapenSignals
from workspace.jail import NoWalls
from workspace.processes import Launcher

MAX_ACTIVITIES = 200
"""At once. Claude calls and commands mostly wait, as coroutines; file hands take a thread each,
and as many threads as slots must be there (the SDK warns of fewer)."""

CACHED_WORKFLOWS = 2_000
"""Waiting tasks stay in memory up to this number, at well under 0.2 MB each."""

CANCEL_NOTICE = timedelta(seconds=1)
"""Heartbeats are sent at least this often, so a cancel reaches an activity within about it."""

NO_CODE_SET_UP = (
    "No confirmation code is set up, so commands that need one are refused: set CONFIRMATION_CODE."
)

CANNOT_WORK = 2
"""Exit status that tells a supervisor not to start the worker again."""

log = logging.getLogger("worker")


class CannotWork(Exception):
    """The worker lacks something only a person can give; the message says what."""


def claude_client(settings: Settings) -> anthropic.AsyncAnthropic:
    """Make the one client of this process. Retries belong to Temporal, so it makes none.

    Raises:
        CannotWork: there is no key.
    """
    if settings.anthropic_api_key is None:
        raise CannotWork("ANTHROPIC_API_KEY is not set: put it into .env, or try ./tars demo.")
    return anthropic.AsyncAnthropic(
        api_key=settings.anthropic_api_key.get_secret_value(),
        base_url=settings.anthropic_base_url,
        max_retries=0,
        timeout=anthropic.Timeout(600, connect=5, read=120),
    )


def make_codes(settings: Settings) -> Codes:
    """Make what tells right codes from wrong ones.

    Raises:
        CannotWork: the secret of the one-time codes is none.
    """
    code, totp_secret = (
        secret.get_secret_value() if secret else None
        for secret in (settings.confirmation_code, settings.confirmation_totp_secret)
    )
    try:
        return Codes(code, totp_secret, settings.tars_home / "one-time-codes.json")
    except ValueError:
        raise CannotWork(
            "CONFIRMATION_TOTP_SECRET cannot be used: it must be base 32, of 23 characters or more."
        ) from None


def _remarks(codes: Codes) -> list[str]:
    return [] if codes.is_set_up else [NO_CODE_SET_UP]


class Composition:
    """The house put together: who is handed what."""

    def __init__(
        self, settings: Settings, claude: anthropic.AsyncAnthropic, launcher: Launcher
    ) -> None:
        walls = NoWalls(settings.process_environment)
        home, model = settings.tars_home, settings.claude_model
        codes = make_codes(settings)
        gate = Gate(
            partial(judge, mode=Mode(settings.confirm)),
            mode=settings.confirm,
            environment_names=command_environment(settings.process_environment),
            has_code=codes.is_set_up,
        )
        seconds = settings.command_timeout_seconds
        redactor = make_redactor(settings)
        self._interceptors = [DropMisshapenSignals(), RedactActivities(redactor)]
        self._task_queue = settings.task_queue
        self._mind = ClaudeActivities(claude, home, redactor)
        remarks = _remarks(codes)
        self._files = WorkspaceActivities(home, model, walls.describe(), redactor, remarks=remarks)
        self._safety = SafetyActivities(home, gate, codes, settings.asking)
        self._shell = CommandActivities(home, launcher, walls, gate, redactor, seconds)
        self._showing = ShowingActivities(home)

    def worker(self, client: Client) -> Worker:
        """Make the worker; it runs for as long as its context lasts."""
        files, showing = self._files, self._showing
        return Worker(
            client,
            task_queue=self._task_queue,
            workflows=[CodingTask],
            interceptors=self._interceptors,
            activities=[
                self._mind.think,
                self._mind.keep_warm,
                self._safety.judge_step,
                self._safety.check_code,
                self._shell.run_command,
                files.open_workspace,
                files.read_file,
                files.write_file,
                files.edit_file,
                files.search,
                files.list_files,
                files.close_workspace,
                showing.show_diff,
                showing.show_log,
            ],
            activity_executor=ThreadPoolExecutor(MAX_ACTIVITIES, thread_name_prefix="hand"),
            max_concurrent_activities=MAX_ACTIVITIES,
            max_cached_workflows=CACHED_WORKFLOWS,
            max_heartbeat_throttle_interval=CANCEL_NOTICE,
            default_heartbeat_throttle_interval=CANCEL_NOTICE,
            graceful_shutdown_timeout=timedelta(seconds=2),
        )


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
            async with Composition(settings, claude, launcher).worker(client):
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


async def check(settings: Settings) -> list[Check]:
    """Look at every part the worker needs, without working."""
    return [
        await _checked("Temporal", connect(settings), f"answers at {settings.temporal_address}"),
        await _checked(
            "Claude", _ask_for_model(settings), f"{settings.claude_model} can be called"
        ),
        _check_git(),
        _check_codes(settings),
        Check(name="Sandbox", ok=True, detail=NoWalls().describe()),
    ]


async def _ask_for_model(settings: Settings) -> None:
    async with claude_client(settings) as claude:
        warnings = await check_model(claude, settings.claude_model)
    if warnings:
        raise CannotWork(" ".join(warnings))


async def _checked(name: str, attempt: Awaitable[object], good: str) -> Check:
    try:
        await attempt
    except (CannotWork, TemporalUnreachable, KeyProblem) as error:
        return Check(name=name, ok=False, detail=str(error))
    except ApplicationError as error:
        return Check(name=name, ok=False, detail=error.message)
    return Check(name=name, ok=True, detail=good)


def _check_codes(settings: Settings) -> Check:
    name = "Codes"
    try:
        ok = make_codes(settings).is_set_up
    except CannotWork as error:
        return Check(name=name, ok=False, detail=str(error))
    return Check(name=name, ok=ok, detail="a code is set up" if ok else NO_CODE_SET_UP)


def _check_git() -> Check:
    git = shutil.which("git")
    return Check(
        name="git",
        ok=git is not None,
        detail=git or "git is missing: install it with your system's package manager.",
    )


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
