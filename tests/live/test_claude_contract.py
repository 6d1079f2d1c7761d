"""What the scripted Claude takes for granted, asked of the real one. Costs about two cents."""

import os
from collections.abc import AsyncIterator

import anthropic
import pytest

from activities import prompt
from activities.model_check import check_model
from activities.stream import ask
from models.tools import TOOL_INPUTS, Tool
from policy import prices
from workspace.transcript import Message, tool_uses

pytestmark = pytest.mark.live

MODEL = os.environ.get("CLAUDE_MODEL", "claude-sonnet-5-5")
GOAL = (
    "Find out which Python version is installed with one command (python3 --version), then finish."
    " Change nothing."
)


@pytest.fixture
async def client() -> AsyncIterator[anthropic.AsyncAnthropic]:
    key = os.environ.get("ANTHROPIC_API_KEY")
    if not key:
        pytest.skip("ANTHROPIC_API_KEY is not set")
    async with anthropic.AsyncAnthropic(api_key=key, max_retries=0) as client:
        yield client


async def test_the_model_can_be_called_and_has_a_price(client: anthropic.AsyncAnthropic) -> None:
    assert await check_model(client, MODEL) == []
    assert prices.is_known(MODEL)


async def test_two_turns_as_a_task_makes_them(client: anthropic.AsyncAnthropic) -> None:
    """Strict tools, adaptive thinking, verbatim replay and the prompt cache are as assumed."""
    frozen = prompt.frozen(MODEL, "Commands run in a sandbox without network.")
    messages = [Message(role="user", content=prompt.first_message(GOAL))]
    said: list[str] = []
    first = await ask(client, frozen, messages, said.append)
    assert first.stop_reason == "tool_use"
    for use in tool_uses(first):
        TOOL_INPUTS[Tool(use["name"])].model_validate(use["input"])
    results = [
        {"type": "tool_result", "tool_use_id": use["id"], "content": "Python 3.11.7\nexit code 0"}
        for use in tool_uses(first)
    ]
    messages += [first, Message(role="user", content=results)]
    second = await ask(client, frozen, messages, said.append)
    assert second.stop_reason in {"tool_use", "end_turn"}
    assert second.usage is not None
    assert second.usage["cache_read_input_tokens"] > 1000
    assert any(text.strip() for text in said)


async def test_a_wrong_key_is_told_as_such(client: anthropic.AsyncAnthropic) -> None:
    async with client.copy(api_key="sk-ant-wrong") as stranger:
        with pytest.raises(Exception, match="set ANTHROPIC_API_KEY"):
            await check_model(stranger, MODEL)
