"""A house whose api is really served: dev server, worker with the scripted Claude, uvicorn."""

import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from api.__main__ import listening
from api.__main__ import server as serving
from api.app import create_app
from api.parts import Parts, make_parts
from connection import connect
from demo.claude import ScriptedClaude
from demo.server import serve
from settings import Settings
from tests.api.discord_stub import ALLOWED, Discord
from tests.asking import CODE
from tests.house import House, a_house
from tests.ports import free_port
from tests.workflows.conftest import claude, server

__all__ = ["claude", "server"]

TOKEN = "a-long-token-of-the-api"
SECRET = "secret-of-the-bridge-0123456789"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Served:
    """A house and its api; `http` bears the token."""

    def __init__(self, house: House, parts: Parts, http: httpx2.AsyncClient) -> None:
        self.house = house
        self.parts = parts
        self.http = http

    @property
    def url(self) -> str:
        return str(self.http.base_url)


@contextlib.contextmanager
def served(settings: Settings) -> Iterator[Parts]:
    """Serve the api in a thread of its own, as `python -m api` does in a process."""
    parts = make_parts(settings)
    with listening(settings) as sock:
        running = serving(create_app(parts))
        thread = threading.Thread(target=running.run, args=([sock],))
        thread.start()
        try:
            yield parts
        finally:
            running.should_exit = True
            thread.join()


def settings_of(server: WorkflowEnvironment, home: Path, **more: Any) -> dict[str, Any]:
    return {
        "tars_home": home,
        "temporal_address": server.client.service_client.config.target_host,
        "api_port": free_port(),
        "api_token": TOKEN,
        "api_codes_per_minute": 1000,
        "confirmation_code": CODE,
        "confirmation_webhook_secret": SECRET,
        **more,
    }


@contextlib.asynccontextmanager
async def a_served_house(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], home: Path, **more: Any
) -> AsyncIterator[Served]:
    given = settings_of(server, home, **more)
    client = await connect(Settings(_env_file=None, **given))
    del given["tars_home"]
    async with a_house(client, claude, home, **given) as house:
        with served(house.settings) as parts:
            url = f"http://127.0.0.1:{house.settings.api_port}"
            async with httpx2.AsyncClient(base_url=url, headers=BEARER, timeout=30) as http:
                yield Served(house, parts, http)
        await end_tasks(house)


async def end_tasks(house: House) -> None:
    """Leave no task open: for the next house it would be the latest, with nobody to answer."""
    queue = house.settings.task_queue
    query = f"TaskQueue = '{queue}' AND ExecutionStatus = 'Running' AND WorkflowType = 'CodingTask'"
    async for execution in house.client.list_workflows(query):
        with contextlib.suppress(RPCError):  # it has ended by itself
            await house.client.get_workflow_handle(execution.id).terminate()


@pytest.fixture(scope="session")
def discord() -> Discord:
    return Discord()


@pytest.fixture(scope="module")
async def api(
    server: WorkflowEnvironment,
    claude: tuple[ScriptedClaude, str],
    tmp_path_factory: pytest.TempPathFactory,
    discord: Discord,
) -> AsyncIterator[Served]:
    home = tmp_path_factory.mktemp("api")
    with serve(discord.app) as elsewhere:
        buttons = {
            "discord_public_key": discord.public_key,
            "discord_allowed_users": f"1, {ALLOWED}",
            "discord_api_url": elsewhere.base_url,
        }
        async with a_served_house(server, claude, home, **buttons) as served:
            yield served
