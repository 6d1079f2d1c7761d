"""The example of a Gemini Live call, with the vendor's own client on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from google import genai
from google.genai import types
from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from demo.scenarios.steps import finish
from demo.script import Turn
from examples import gemini_live
from tests.api.conftest import TOKEN, Served, a_served_house
from tests.asking import run
from tests.examples.gemini_stub import Gemini, a_gemini
from tests.workflows.conftest import claude, server

__all__ = ["claude", "server"]


@pytest.fixture
async def voice(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> AsyncIterator[Served]:
    settings = {"voice_events": True, "confirmation_code": "6283"}
    async with a_served_house(server, claude, tmp_path, **settings) as served:
        yield served


async def anna() -> AsyncIterator[str]:
    """What the user says."""
    yield "How is it going?"


@asynccontextmanager
async def a_call(voice: Served, place: Path) -> AsyncIterator[Gemini]:
    """Run the example against the stub."""
    async with a_gemini(place) as (gemini, address, trusting):
        options = types.HttpOptions(base_url=address, async_client_args={"ssl": trusting})
        client = genai.Client(api_key="of-nobody", http_options=options)
        tars = gemini_live.Tars(voice.url, TOKEN, session_id="call-1")
        calling = asyncio.create_task(gemini_live.main(client, tars, anna()))
        try:
            yield gemini
        finally:
            calling.cancel()
            with suppress(asyncio.CancelledError):
                await calling
            await tars.close()
            await client.aio.aclose()
            client.close()


async def test_a_call_starts_a_task_hears_of_it_and_hands_the_code_over(
    voice: Served, tmp_path: Path
) -> None:
    gone = Turn(blocks=[finish("Gone.", spoken="It is gone.", checks=["true"])])
    goal = voice.house.add([Turn(blocks=[run("touch a && rm a")]), gone])
    async with a_call(voice, tmp_path) as gemini:
        started = await gemini.call("start_autonomous_coding", "function-call-1", goal=goal)
        assert started["response"]["status"] == "ok"
        assert started["scheduling"] == "WHEN_IDLE"
        assert started["will_continue"] is True
        asks = await gemini.response(lambda one: one["scheduling"] == "INTERRUPT")
        assert asks["id"] == "function-call-1"
        assert "needs your code" in asks["response"]["speak"]
        given = await gemini.call(
            "submit_background_confirmation", "function-call-2", code="six two eight three"
        )
        assert given["response"]["speech"] == "Thank you, the task goes on."
        end = await gemini.response(lambda one: not one["will_continue"] and one["id"][-1] == "1")
        assert end["response"]["speak"] == "It is gone."
        assert end["scheduling"] == "WHEN_IDLE"
    declared = gemini.setup["tools"][0]["functionDeclarations"]
    assert declared[0]["behavior"] == "NON_BLOCKING"
    assert any("How is it going?" in str(one.get("realtime_input")) for one in gemini.heard)


async def test_news_of_tasks_that_others_started_is_told_in_words(
    voice: Served, tmp_path: Path
) -> None:
    async with a_call(voice, tmp_path) as gemini:
        await gemini.call("check_coding_progress", "function-call-1")
        story = await voice.house.start(
            [Turn(blocks=[run("true")]), Turn(blocks=[finish("Done.", checks=["true"])])]
        )
        await story.end()
        async with asyncio.timeout(20):
            while not any("Done." in str(one.get("client_content")) for one in gemini.heard):
                await asyncio.sleep(0.02)
