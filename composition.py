"""The house put together: who is handed what."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import anthropic
from temporalio.client import Client
from temporalio.worker import Worker

from activities.claude import ClaudeActivities
from activities.codes import Codes
from activities.commands import Allowance, CommandActivities
from activities.gate import Gate
from activities.redacting import RedactActivities
from activities.safety import SafetyActivities
from activities.showing import ShowingActivities
from activities.workspace import WorkspaceActivities
from cannot_work import CannotWork
from chat import discord_channels, make_discord
from logs import make_redactor
from models.notices import Channel
from policy.commands import Mode, judge
from policy.secrets import command_environment
from settings import Settings
from voices import make_calls, make_voice, voice_channels
from workflows.announcements import Announcements
from workflows.coding_task import CodingTask
from workflows.delivery import Delivery
from workflows.misshapen import DropMisshapenSignals
from workspace.jail import Walls, choose_walls
from workspace.limits import ResourceLimits
from workspace.network.network import Network
from workspace.network.rules import MisshapenHost, allowed_hosts
from workspace.processes import Launcher
from workspace.remote import Remote
from workspace.walls import WallsUnavailable

MEGABYTE = 2**20

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


def make_remote(settings: Settings) -> Remote | None:
    """Make the remote of the checkpoints, if one is configured."""
    url = settings.checkpoint_remote
    return Remote(url, settings.process_environment) if url else None


def channels_of(settings: Settings) -> list[Channel]:
    """Where people are told what a task does, as far as it is set up."""
    return [*discord_channels(settings), *voice_channels(settings)]


def _remarks(codes: Codes) -> list[str]:
    return [] if codes.is_set_up else [NO_CODE_SET_UP]


def make_network(settings: Settings) -> Network | None:
    """Make what commands may reach, if it is anything; without walls nothing holds them.

    Raises:
        CannotWork: SANDBOX_ALLOWED_HOSTS names something that is no host.
    """
    reach = settings.sandbox_network
    if reach == "none" or settings.sandbox == "off":
        return None
    try:
        own = allowed_hosts(settings.allowed_hosts)
    except MisshapenHost as error:
        raise CannotWork(f"SANDBOX_ALLOWED_HOSTS cannot be used: {error}") from None
    return Network(settings.tars_home / "walls", reach, own, settings.process_environment)


@asynccontextmanager
async def walls_of(settings: Settings, launcher: Launcher) -> AsyncIterator[Walls]:
    """Put up the walls for commands, and what they may reach through them.

    Raises:
        CannotWork: no walls stand on this machine and nobody asked for none.
    """
    place = settings.tars_home / "walls"
    environment = settings.process_environment
    network = make_network(settings)
    if network:
        network.begin()
    try:
        yield await choose_walls(
            settings.sandbox,
            place=place,
            launcher=launcher,
            worker_environment=environment,
            limits=ResourceLimits(
                processes=settings.sandbox_processes,
                memory_bytes=settings.sandbox_memory_mb * MEGABYTE,
                file_bytes=settings.sandbox_file_mb * MEGABYTE,
            ),
            network=network,
        )
    except WallsUnavailable as error:
        raise CannotWork(str(error)) from None
    finally:
        if network:
            await network.close()


class Composition:
    """The house put together: who is handed what."""

    def __init__(
        self,
        settings: Settings,
        claude: anthropic.AsyncAnthropic,
        launcher: Launcher,
        walls: Walls,
    ) -> None:
        home, model = settings.tars_home, settings.claude_model
        codes = make_codes(settings)
        mode = Mode(settings.judging_mode)
        gate = Gate(
            partial(judge, mode=mode),
            mode=mode,
            environment_names=command_environment(settings.process_environment),
            has_code=codes.is_set_up,
        )
        allowance = Allowance(
            timeout_seconds=settings.command_timeout_seconds,
            output_bytes=settings.command_output_mb * MEGABYTE,
        )
        redactor = make_redactor(settings)
        self._interceptors = [DropMisshapenSignals(), RedactActivities(redactor)]
        remote = make_remote(settings)
        self._task_queue = settings.task_queue
        self._mind = ClaudeActivities(claude, home, redactor, remote=remote)
        remarks = _remarks(codes)
        self._files = WorkspaceActivities(
            home,
            model,
            walls.describe(),
            redactor,
            remarks=remarks,
            remote=remote,
            channels=channels_of(settings),
        )
        self._safety = SafetyActivities(home, gate, codes, settings.asking, remote)
        self._shell = CommandActivities(home, launcher, walls, gate, redactor, allowance, remote)
        self._showing = ShowingActivities(home, remote)
        # a log that is on another host only is left out: fetching it would hold up the notice
        self._discord = make_discord(settings, redactor, ShowingActivities(home).show_log)
        self._voice, self._calls = make_voice(settings), make_calls(settings)

    def worker(self, client: Client) -> Worker:
        """Make the worker; it runs for as long as its context lasts."""
        files, showing = self._files, self._showing
        return Worker(
            client,
            task_queue=self._task_queue,
            workflows=[CodingTask, Delivery, Announcements],
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
                self._discord.post_update,
                self._voice.announce,
                self._voice.speak,
                self._calls.call_user,
            ],
            activity_executor=ThreadPoolExecutor(MAX_ACTIVITIES, thread_name_prefix="hand"),
            max_concurrent_activities=MAX_ACTIVITIES,
            max_cached_workflows=CACHED_WORKFLOWS,
            max_heartbeat_throttle_interval=CANCEL_NOTICE,
            default_heartbeat_throttle_interval=CANCEL_NOTICE,
            graceful_shutdown_timeout=timedelta(seconds=2),
        )
