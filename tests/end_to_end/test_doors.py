"""A task from door to door, while every door is killed once: nothing is lost, nothing doubled.

The third way for a code, through n8n, is tests/n8n/test_circle.py.
"""

import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from demo.app import create_app
from demo.claude import ScriptedClaude
from demo.discord import WEBHOOK_PATH
from demo.discord_channel import BOT_TOKEN, CHANNEL_ID
from demo.scenarios import all_scenarios
from demo.server import serve
from models.buttons import Button, Press, parse_button
from tests.api.discord_stub import ALLOWED, Discord
from tests.api.listening import an_ear
from tests.api.test_discord import filled_in, pressed
from tests.asking import asked, commands_run, removal
from tests.end_to_end.machine import Crew, Machine, a_machine, free_port, until
from tests.house import Story
from tests.n8n.circle import Server

CODE = "6283"
TOKEN = "token-of-the-doors-0123"
COMMAND = "rm scratch.txt"


@pytest.fixture(scope="module")
def claude() -> Iterator[tuple[ScriptedClaude, str]]:
    scripted = ScriptedClaude(all_scenarios(0.0), pace=0.0)
    with serve(create_app(scripted)) as control:
        yield scripted, control.base_url


@pytest.fixture(scope="module")
async def machine(
    claude: tuple[ScriptedClaude, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Machine]:
    async with a_machine(tmp_path_factory.mktemp("machine"), claude) as machine:
        yield machine


class Doors:
    """The api and a stub Discord as processes, beside a worker; `http` bears the token."""

    def __init__(self, crew: Crew, api: Server, channel: Server, urls: tuple[str, str]) -> None:
        self.crew, self.api, self.channel = crew, api, channel
        self.url, self._channel_url = urls
        self.http: httpx2.AsyncClient = httpx2.AsyncClient(
            base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20
        )

    async def call(self, function: str, **args: Any) -> dict[str, Any]:
        """Call a voice function."""
        answer = await self.http.post(f"/voice/functions/{function}", json={"args": args})
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        assert said["speech"]
        return said

    def messages(self) -> list[dict[str, Any]]:
        """What stands in the channel, oldest first."""
        answer = httpx2.get(
            f"{self._channel_url}/api/v10/channels/{CHANNEL_ID}/messages?limit=100",
            headers={"Authorization": f"Bot {BOT_TOKEN}"},
        )
        found: list[dict[str, Any]] = answer.json()
        return found[::-1]

    def messages_with(self, words: str) -> list[dict[str, Any]]:
        """Those in which these words stand."""
        return [one for one in self.messages() if words in json.dumps(one, ensure_ascii=False)]


@asynccontextmanager
async def the_doors(
    machine: Machine, place: Path, public_key: str = "", **more: str
) -> AsyncIterator[Doors]:
    """Start worker, api and stub; nothing of them is left afterwards."""
    api_url, channel_url = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    async with machine.crew() as crew:
        settings = crew.house.settings
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(place),
            "TARS_ENV_FILE": os.devnull,
            "TARS_HOME": str(settings.tars_home),
            "TEMPORAL_ADDRESS": settings.temporal_address,
            "TASK_QUEUE": settings.task_queue,
            "API_PORT": api_url.rpartition(":")[2],
            "API_TOKEN": TOKEN,
            "DISCORD_PUBLIC_KEY": public_key,
            "DISCORD_ALLOWED_USERS": ALLOWED,
        }
        api = Server(
            [sys.executable, "-m", "api"], env, f"{api_url}/openapi.json", place / "api.log"
        )
        port = channel_url.rpartition(":")[2]
        stub = [sys.executable, "-m", "demo.discord", "--port", port, "--calls", "1000"]
        keep = ["--app-owned", "--keep", str(place / "channel.json")]
        channel = Server([*stub, *keep], env, f"{channel_url}/", place / "discord.log")
        doors = Doors(crew, api, channel, (api_url, channel_url))
        try:
            await api.start()
            await channel.start()
            await crew.start_worker(
                CONFIRMATION_CODE=CODE,
                DISCORD_MODE="webhook",
                DISCORD_WEBHOOK_URL=channel_url + WEBHOOK_PATH,
                **more,
            )
            yield doors
        finally:
            await doors.http.aclose()
            api.stop()
            channel.stop()


async def test_a_task_by_voice_while_the_doors_are_killed(machine: Machine, tmp_path: Path) -> None:
    async with the_doors(machine, tmp_path) as doors:
        goal = doors.crew.house.add(removal())
        async with an_ear(doors, "?listener=anna") as ear:
            started = await doors.call("start_autonomous_coding", goal=goal)
            task_id = started["data"]["task_id"]
            doors.channel.stop()
            heard = await ear.kind("confirmation.requested", task_id)
            assert heard["data"]["urgency"] == "interrupt"
            before = ear.ids
        doors.api.stop()
        await doors.api.start()
        await doors.channel.start()
        story = Story(doors.crew.house, task_id, goal)
        word = (await asked(story)).word
        async with an_ear(doors, headers={"Last-Event-ID": str(before[-1])}) as ear:
            wrong = await doors.call("submit_background_confirmation", code="0000")
            assert "wrong" in wrong["speech"].lower()
            right = await doors.call("submit_background_confirmation", code="six two eight three")
            assert right["data"]["outcome"] == "accepted"
            await ear.kind("task.completed", task_id)
            after = ear.ids
        assert before + after == list(range(before[0], after[-1] + 1))
        assert commands_run(await story.updates()).count(COMMAND) == 1
        await _told_once(doors, story, word)


async def test_a_code_by_button(machine: Machine, tmp_path: Path) -> None:
    discord = Discord()
    buttons = {"DISCORD_BUTTONS": "true", "DISCORD_PUBLIC_KEY": discord.public_key}
    async with the_doors(machine, tmp_path, discord.public_key, **buttons) as doors:
        story = await doors.crew.house.start(removal())
        word = (await asked(story)).word
        yes = await _button(doors, story)
        doors.api.stop()
        await doors.api.start()
        form = await discord.send(doors.url, pressed(yes))
        approved = await discord.send(doors.url, filled_in(form["data"]["custom_id"], CODE))
        assert approved["data"]["content"].endswith("Approved; the task goes on.")
        assert commands_run(await story.updates()).count(COMMAND) == 1
        await _told_once(doors, story, word)


async def _told_once(doors: Doors, story: Story, word: str) -> None:
    """The channel shows the question and the end in one message each, and who was heard."""
    short = f"#{story.task_id.removeprefix('task-')}"
    ended = f"Task {short} completed"
    await until(lambda: doors.messages_with(ended), "the end")
    for once in (f"{short} · {word}", ended):
        assert len(doors.messages_with(once)) == 1, once
    assert doors.messages_with(f"{word} was approved")


async def _button(doors: Doors, story: Story) -> Button:
    found: list[Button] = []

    def is_there() -> bool:
        ids: list[str] = []
        _collect(doors.messages_with("custom_id"), ids.append)
        found[:] = [
            button
            for custom_id in ids
            if (button := parse_button(custom_id)) and button.press is Press.CONFIRM
        ]
        return any(button.task_id == story.task_id for button in found)

    await until(is_there, "the button")
    return next(button for button in found if button.task_id == story.task_id)


def _collect(value: Any, take: Callable[[str], object]) -> None:
    match value:
        case {"custom_id": str(custom_id)}:
            take(custom_id)
        case dict():
            for inner in value.values():
                _collect(inner, take)
        case list():
            for inner in value:
                _collect(inner, take)
