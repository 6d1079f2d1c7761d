"""The functions as tools of MCP, called by the protocol's own client."""

from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from models.voice import VoiceFunction
from tests.api.conftest import Served
from tests.api.problem_documents import problem
from tests.api.test_tasks import HELLO
from tests.asking import CODE, asked, removal
from tests.house import Story


async def called(api: Served, name: str, **arguments: Any) -> tuple[str, dict[str, Any], bool]:
    """Call a tool; answers its words, its data and whether it says that it failed."""
    async with Client(streamable_http_client(f"{api.url}/mcp", http_client=api.http)) as client:
        result = await client.call_tool(name, arguments)
    said = result.content[0]
    assert said.type == "text"
    assert result.structured_content
    return said.text, result.structured_content, bool(result.is_error)


async def test_the_tools_are_the_functions(api: Served) -> None:
    async with Client(streamable_http_client(f"{api.url}/mcp", http_client=api.http)) as client:
        tools = (await client.list_tools()).tools
    assert {tool.name for tool in tools} == {one.value for one in VoiceFunction}
    start = next(tool for tool in tools if tool.name == VoiceFunction.START)
    assert start.input_schema["required"] == ["goal"]
    assert start.description
    assert start.output_schema


async def test_a_task_by_tools_alone(api: Served) -> None:
    goal = api.house.add(HELLO)
    said, data, failed = await called(api, VoiceFunction.START, goal=goal)
    assert not failed
    assert said == data["speech"]
    story = Story(api.house, data["data"]["task_id"], goal)
    await story.end()
    _, data, _ = await called(api, VoiceFunction.CHECK, task_id=story.task_id)
    assert data["data"]["state"] == "completed"


async def test_the_code_by_a_tool(api: Served) -> None:
    story = await api.house.start(removal())
    await asked(story)
    given = {"code": CODE, "task_id": story.task_id}
    _, data, failed = await called(api, VoiceFunction.CONFIRM, **given)
    assert (data["status"], failed) == ("ok", False)
    await story.end()


async def test_mistakes_are_words(api: Served) -> None:
    said, data, failed = await called(api, VoiceFunction.START, goal="")
    assert said
    assert data["status"] in {"unclear", "refused"}
    _, _, failed = await called(api, "make_tea")
    assert failed


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
async def test_it_needs_the_token(api: Served, path: str) -> None:
    async with httpx2.AsyncClient(base_url=api.url) as stranger:
        problem(await stranger.post(path, json={}), 401)
