"""One scripted Claude for the tests of this room, talked to by the real client over a socket."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anthropic
import pytest
from anthropic.types import Message

from demo.app import create_app
from demo.claude import ScriptedClaude
from demo.control import Control
from demo.scenarios import all_scenarios
from demo.script import Scenario
from demo.server import serve

MODEL = "claude-sonnet-5-5"


class Stage:
    """A served scripted Claude and clients that talk to it."""

    def __init__(self, claude: ScriptedClaude, control: Control) -> None:
        self.claude = claude
        self.control = control
        self.now = 0.0
        self._clients: list[anthropic.AsyncAnthropic] = []

    def client(
        self, scenario: str = "hello", *, key: str = "demo-key", read_seconds: float = 10.0
    ) -> anthropic.AsyncAnthropic:
        client = anthropic.AsyncAnthropic(
            api_key=key,
            base_url=self.control.url(scenario) if scenario else self.control.base_url,
            max_retries=0,
            timeout=anthropic.Timeout(20, connect=5, read=read_seconds),
        )
        self._clients.append(client)
        return client

    def script(self, name: str, scenario: Scenario) -> anthropic.AsyncAnthropic:
        self.claude.scenarios[name] = scenario
        return self.client(name)

    async def close(self) -> None:
        for client in self._clients:
            await client.close()


@pytest.fixture
def served() -> Iterator[Stage]:
    stage: Stage
    claude = ScriptedClaude(
        all_scenarios(pace=0), pace=0, clock=lambda: stage.now, keep_bodies=True
    )
    with serve(create_app(claude)) as control:
        stage = Stage(claude, control)
        yield stage


@pytest.fixture
async def stage(served: Stage) -> AsyncIterator[Stage]:
    yield served
    await served.close()


async def ask(client: anthropic.AsyncAnthropic, messages: list[Any], **changes: Any) -> Message:
    """Stream one answer, as the project does."""
    request = {
        "model": MODEL,
        "max_tokens": 32_000,
        "thinking": {"type": "adaptive", "display": "summarized"},
        **changes,
    }
    async with client.messages.stream(messages=messages, **request) as stream:
        return await stream.get_final_message()


def user(content: Any = "Do it.") -> dict[str, Any]:
    return {"role": "user", "content": content}


def said(message: Message) -> dict[str, Any]:
    """The assistant turn as it is replayed: verbatim."""
    return {
        "role": "assistant",
        "content": [block.model_dump(mode="json", exclude_unset=True) for block in message.content],
    }


def results(message: Message, content: str = "hello", *, error: bool = False) -> dict[str, Any]:
    """A result for every tool call of a message."""
    calls = [block for block in message.content if block.type == "tool_use"]
    return user(
        [
            {
                "type": "tool_result",
                "tool_use_id": call.id,
                "content": content,
                **({"is_error": True} if error else {}),
            }
            for call in calls
        ]
    )
