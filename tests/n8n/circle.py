"""All of it as real processes: Temporal, worker, api and n8n, between a stub Discord and Claude."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from demo.discord import WEBHOOK_PATH, serve_discord
from demo.discord_channel import BOT_TOKEN, CHANNEL_ID, Discord, File, Message
from settings import ROOT
from tests.end_to_end.machine import Crew, Machine, until
from tests.ports import free_port

CODE = "6283"
KEY = "key-of-the-circle"
SECRET = "signs-what-the-circle-brings"
PERSON = {"id": "5001", "username": "person", "bot": False}
START_SECONDS = 240.0
"""A first start of n8n migrates its database and imports the workflows."""


class Server:
    """A program that serves HTTP, and can be killed and started again."""

    def __init__(self, command: list[str], env: dict[str, str], health: str, log: Path) -> None:
        self._command, self._env, self._health, self.log = command, env, health, log
        self._process: subprocess.Popen[bytes] | None = None
        self.seconds = 0.0

    async def start(self) -> None:
        """Start it; `seconds` tells how long it took to be ready."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while not await asyncio.to_thread(self._answers):
            assert self._process.poll() is None, self.log.read_text()[-3_000:]
            assert time.monotonic() - began < START_SECONDS, self.log.read_text()[-3_000:]
            await asyncio.sleep(0.2)
        self.seconds = time.monotonic() - began

    def stop(self) -> None:
        """End it and what it has started."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _answers(self) -> bool:
        try:
            return httpx2.get(self._health, timeout=2).status_code < 500
        except httpx2.TransportError:
            return False


class Channel(Discord):
    """A Discord that can be away, and counts how often somebody has read it."""

    polls = 0
    url = ""

    def __init__(self) -> None:
        super().__init__()
        self._port = free_port()
        self._served = contextlib.ExitStack()

    def up(self) -> None:
        self.url = self._served.enter_context(serve_discord(self, self._port))

    def down(self) -> None:
        self._served.close()

    def history(self, channel_id: str, after: int, limit: int) -> list[Message]:
        self.polls += 1
        return super().history(channel_id, after, limit)


class Circle:
    """The channel, the task side and n8n."""

    def __init__(
        self, discord: Channel, crew: Crew, api: Server, n8n: Server, n8n_url: str
    ) -> None:
        self.discord, self.crew, self.api, self.n8n = discord, crew, api, n8n
        self.n8n_url = n8n_url

    def forget_import(self) -> None:
        """Have the next start of n8n import its workflows again."""
        for stamp in self.crew.house.settings.tars_home.glob("n8n/.n8n/tars.imported"):
            stamp.write_text("another")

    def types(self, text: str) -> Message:
        """A person writes into the channel."""
        no_files: list[File] = []
        return self.discord.post({"content": text}, no_files, thread_id=CHANNEL_ID, author=PERSON)

    def shown(self) -> str:
        """All that stands in the channel."""
        return "\n".join(message.model_dump_json() for message in self.discord.messages)

    def heads(self, *names: str) -> list[str]:
        """What rings for a task: the first lines of its messages, which silent ones have not."""
        texts = [message.content for message in self.discord.messages]
        return [text for text in texts if any(name in text for name in names)]

    async def until_shown(self, fits: Callable[[str], object], what: str) -> float:
        """Wait until the channel shows it; answers for how many seconds."""
        began = time.monotonic()
        await until(lambda: fits(self.shown()), what)
        return time.monotonic() - began

    async def two_polls(self) -> None:
        """Wait until the channel has been read twice more; the first may have begun before."""
        until_then = self.discord.polls + 2
        await until(lambda: self.discord.polls >= until_then, "two polls")


@asynccontextmanager
async def a_circle(
    machine: Machine, crew: Crew, discord: Channel, n8n_home: Path
) -> AsyncIterator[Circle]:
    """Start worker, api and n8n; nothing of them is left afterwards."""
    n8n_port, api_port = free_port(), free_port()
    settings = crew.house.settings
    common = {
        "PATH": os.environ["PATH"],
        "HOME": str(machine.home),
        "TARS_ENV_FILE": os.devnull,
        "TARS_HOME": str(settings.tars_home),
        "TEMPORAL_ADDRESS": settings.temporal_address,
        "TASK_QUEUE": settings.task_queue,
        "API_PORT": str(api_port),
        "CONFIRMATION_WEBHOOK_SECRET": SECRET,
    }
    api = Server(
        [sys.executable, "-m", "api"],
        common,
        f"http://127.0.0.1:{api_port}/openapi.json",
        machine.home / "api.log",
    )
    n8n = Server(
        [sys.executable, "scripts/n8n-local", "--home", str(n8n_home)],
        common
        | {
            "DISCORD_API_URL": f"{discord.url}/api/v10",
            "DISCORD_BOT_TOKEN": BOT_TOKEN,
            "DISCORD_CHANNEL_ID": CHANNEL_ID,
            "DISCORD_WEBHOOK_URL": discord.url + WEBHOOK_PATH,
            "N8N_PORT": str(n8n_port),
            "N8N_RUNNERS_BROKER_PORT": str(free_port()),
            "N8N_USER_FOLDER": str(machine.home / "n8n"),
            "N8N_WEBHOOK_KEY": KEY,
        },
        f"http://127.0.0.1:{n8n_port}/healthz/readiness",
        machine.home / "n8n.log",
    )
    try:
        await api.start()
        await n8n.start()
        await crew.start_worker(
            CONFIRMATION_CODE=CODE,
            DISCORD_MODE="n8n",
            N8N_WEBHOOK_URL=f"http://127.0.0.1:{n8n_port}/webhook/coding-events",
            N8N_WEBHOOK_KEY=KEY,
        )
        # what is typed before the first poll of all is history to it
        await until(lambda: discord.polls, "the first poll")
        yield Circle(discord, crew, api, n8n, f"http://127.0.0.1:{n8n_port}/webhook")
    finally:
        n8n.stop()
        api.stop()
