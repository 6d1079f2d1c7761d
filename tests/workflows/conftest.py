"""A real server and a house on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from temporalio.testing import TimeSkipper, TimeSkippingConfig, WorkflowEnvironment

from connection import plugin
from demo.app import create_app
from demo.claude import ScriptedClaude
from demo.scenarios import all_scenarios
from demo.server import serve
from models.contract import SearchAttribute
from starter.temporal_server import DYNAMIC_CONFIG, find_binary
from tests.house import House, Story, a_house
from tests.workflows.discord_house import Line

Pass: TypeAlias = Callable[[Story, timedelta], Awaitable[None]]


@pytest.fixture(scope="session")
def claude() -> Iterator[tuple[ScriptedClaude, str]]:
    scripted = ScriptedClaude(all_scenarios(0.0), pace=0.0, keep_bodies=True)
    with serve(create_app(scripted)) as control:
        yield scripted, control.base_url


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[WorkflowEnvironment]:
    """The dev server as `./tars up` runs it, in memory."""
    flags = [word for value in DYNAMIC_CONFIG for word in ("--dynamic-config-value", value)]
    flags += ["--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=400"]
    flags += ["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"]
    for name in SearchAttribute:
        flags += ["--search-attribute", f"{name.value}=Keyword"]
    environment = await WorkflowEnvironment.start_local(
        plugins=[plugin()],
        dev_server_existing_path=str(find_binary()),
        dev_server_extra_args=flags,
        dev_server_log_level="error",
    )
    async with environment:
        yield environment


@pytest.fixture
async def house(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> AsyncIterator[House]:
    async with a_house(server.client, claude, tmp_path) as house:
        yield house


@pytest.fixture
def line() -> Iterator[Line]:
    """A stub Discord that is up."""
    line = Line()
    line.up()
    yield line
    line.down()


@pytest.fixture
def let_pass(server: WorkflowEnvironment) -> Pass:
    """Let time pass for a task that stands still; skips its timers and retries, not its work."""
    skipper = TimeSkipper(server.client, config=TimeSkippingConfig(enabled=False))

    async def let_pass(story: Story, duration: timedelta) -> None:
        async with asyncio.timeout(60):
            await skipper.fast_forward(story.handle, duration)

    return let_pass
