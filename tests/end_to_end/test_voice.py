"""A voice by real processes: api, worker and server are killed, and nothing is lost or doubled."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
import pytest

from demo.app import create_app
from demo.claude import ScriptedClaude
from demo.scenarios import all_scenarios
from demo.server import serve
from models.task import State
from settings import ROOT
from tests.asking import COMMAND, commands_run, removal
from tests.end_to_end.machine import HOST, Crew, Machine, a_machine, until
from tests.house import House, Story
from tests.ports import free_port

CODE = "6283"
TOKEN = "token-of-this-machine"


@pytest.fixture(scope="module")
def claude() -> Iterator[tuple[ScriptedClaude, str]]:
    scripted = ScriptedClaude(all_scenarios(0.0), pace=0.0)
    with serve(create_app(scripted)) as control:
        yield scripted, control.base_url


@pytest.fixture
async def machine(
    claude: tuple[ScriptedClaude, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Machine]:
    async with a_machine(tmp_path_factory.mktemp("machine"), claude) as machine:
        yield machine


class Api:
    """`python -m api` on a port that it keeps."""

    def __init__(self, crew: Crew) -> None:
        self._settings = crew.house.settings
        self._port = free_port()
        self.url = f"http://{HOST}:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        ready = self._settings.tars_home / "api-ready"
        ready.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "api", "--ready-file", str(ready)],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "TARS_HOME": str(self._settings.tars_home),
                "TARS_ENV_FILE": os.devnull,
                "TEMPORAL_ADDRESS": self._settings.temporal_address,
                "TASK_QUEUE": self._settings.task_queue,
                "API_PORT": str(self._port),
                "API_TOKEN": TOKEN,
            },
        )
        await until(ready.exists, "the api")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


class Listener:
    """A voice process: it connects again with its cursor whenever the line breaks."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.heard: list[dict[str, Any]] = []
        self._http = http

    async def listen(self) -> None:
        headers: dict[str, str] = {}
        while True:
            with suppress(httpx2.HTTPError):
                async with self._http.stream("GET", "/voice/events?after=0", headers=headers) as up:
                    async for line in up.aiter_lines():
                        name, _, value = line.partition(": ")
                        if name == "id":
                            headers = {"Last-Event-ID": value}
                        elif name == "data":
                            self.heard.append(json.loads(value))
            await asyncio.sleep(0.05)

    def has_heard(self, kind: str) -> bool:
        return any(one.get("kind") == kind for one in self.heard)


@asynccontextmanager
async def a_listener(http: httpx2.AsyncClient) -> AsyncIterator[Listener]:
    listener = Listener(http)
    listening = asyncio.create_task(listener.listen())
    try:
        yield listener
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


async def called(http: httpx2.AsyncClient, name: str, **args: str) -> dict[str, Any]:
    call = {"args": args, "call_id": "call-1", "session_id": "anna-at-ten"}
    answer = await http.post(f"/voice/functions/{name}", json=call)
    spoken: dict[str, Any] = answer.json()
    return spoken


async def test_a_voice_starts_hears_and_confirms_through_all_deaths(machine: Machine) -> None:
    async with machine.crew() as crew:
        worker = await crew.start_worker(CONFIRMATION_CODE=CODE)
        api = Api(crew)
        await api.start()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx2.AsyncClient(base_url=api.url, headers=headers, timeout=30) as http:
            try:
                async with a_listener(http) as listener:
                    goal = crew.house.add(removal())
                    started = await called(http, "start_autonomous_coding", goal=goal)
                    await until(lambda: listener.has_heard("task.started"), "the start")
                    api.kill()
                    await until(lambda: asks(crew), "the question")
                    await api.start()
                    asked = "confirmation.requested"
                    await until(lambda: listener.has_heard(asked), "the question at the voice")

                    worker.kill()
                    machine.server.kill()
                    await machine.server.start()
                    api.kill()
                    await crew.start_worker(CONFIRMATION_CODE=CODE)
                    await api.start()
                    again = await called(http, "start_autonomous_coding", goal=goal)
                    assert again["data"] == started["data"]
                    given = await called(http, "submit_background_confirmation", code=CODE)
                    assert given["speech"] == "Thank you, the task goes on."
                    await until(lambda: listener.has_heard("task.completed"), "the end")
            finally:
                api.kill()
        house = House(await machine.client(), crew.house.settings, machine.claude)
        story = Story(house, started["data"]["task_id"], goal)
        assert (await story.end()).state is State.COMPLETED
        assert commands_run(await story.updates()).count(COMMAND) == 1
    news = [one for one in listener.heard if "task_seq" in one]
    assert [one["seq"] for one in news] == list(range(1, len(news) + 1))
    assert len({(one["task_id"], one["task_seq"]) for one in news}) == len(news)
    assert {one["function_call_id"] for one in news} == {"call-1"}


def asks(crew: Crew) -> bool:
    """Whether Claude has been asked for the destructive command."""
    return len(crew.house.claude.requests) >= 2
