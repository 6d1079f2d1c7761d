"""A voice for background tasks: one Gemini Live session that starts them and hears of them.

    pip install google-genai httpx2
    GEMINI_API_KEY=... TARS_API_TOKEN=... python examples/gemini_live.py

You type and read what would be said; `Voice.hear` and `Voice.say` are where a microphone and a
loudspeaker go. All else is as in a real call.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2
from google import genai
from google.genai import types
from google.genai.live import AsyncSession

MODEL = "gemini-3.8-live"
LISTENER = "anna"
"""Who listens: after a pause, "since you hung up ..." is counted for them."""

INSTRUCTION = """You are TARS, a terse voice assistant. You start programming tasks in the
background and speak of them in the words that you are given. Codes the user says go to
submit_background_confirmation at once; never say a code yourself."""


class Tars:
    """The api of the background tasks."""

    def __init__(self, url: str, token: str, session_id: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx2.AsyncClient(base_url=url, headers=headers, timeout=30)
        self._session_id = session_id

    async def close(self) -> None:
        """Hang up on the api."""
        await self._http.aclose()

    async def tools(self) -> list[types.FunctionDeclaration]:
        """The functions, as Gemini wants them declared."""
        answer = await self._http.get("/voice/functions", params={"dialect": "gemini"})
        answer.raise_for_status()
        return [types.FunctionDeclaration.model_validate(one) for one in answer.json()]

    async def call(self, name: str, args: dict[str, Any], call_id: str) -> dict[str, Any]:
        """Call a function; the answer is always one to say, also of what went wrong."""
        body = {
            "args": args,
            "call_id": call_id,
            "session_id": self._session_id,
            "listener": LISTENER,
        }
        answer = await self._http.post(f"/voice/functions/{name}", json=body)
        answer.raise_for_status()
        spoken: dict[str, Any] = answer.json()
        return spoken

    async def news(self) -> AsyncIterator[dict[str, Any]]:
        """What happens in all tasks, for ever; a broken line goes on where it broke."""
        headers: dict[str, str] = {}
        while True:
            try:
                async with self._http.stream(
                    "GET",
                    "/voice/events",
                    params={"listener": LISTENER},
                    headers=headers,
                    timeout=httpx2.Timeout(10, read=60),  # a comment comes each 15 s
                ) as lines:
                    lines.raise_for_status()
                    async for line in lines.aiter_lines():
                        name, _, value = line.partition(": ")
                        if name == "id":
                            headers = {"Last-Event-ID": value}
                        elif name == "data":
                            yield json.loads(value)
            except httpx2.HTTPError:
                await asyncio.sleep(1)


class Voice:
    """One call: what the model wants done, and what it is told meanwhile."""

    def __init__(self, session: AsyncSession, tars: Tars, user: AsyncIterator[str]) -> None:
        self._session = session
        self._tars = tars
        self._user = user
        self._names: dict[str, str] = {}  # of this call's functions, by the model's id of the call

    async def run(self) -> None:
        """Until somebody hangs up."""
        await asyncio.gather(self.hear(), self.answer(), self.tell())

    async def hear(self) -> None:
        """Hand on what the user says. With a microphone: send_realtime_input(audio=...)."""
        async for words in self._user:
            await self._session.send_realtime_input(text=words)

    async def say(self, text: str) -> None:
        """Say something. With a loudspeaker: the audio of the message instead."""
        sys.stdout.write(text)
        sys.stdout.flush()

    async def answer(self) -> None:
        """Carry out what the model calls."""
        while True:
            async for message in self._session.receive():
                for call in (message.tool_call and message.tool_call.function_calls) or []:
                    await self._carry_out(call)
                content = message.server_content
                if content and content.output_transcription:
                    await self.say(content.output_transcription.text or "")

    async def _carry_out(self, call: types.FunctionCall) -> None:
        name, call_id = call.name or "", call.id or ""
        self._names[call_id] = name
        answer = await self._tars.call(name, call.args or {}, call_id)
        await self._respond(call_id, answer, answer["scheduling"], goes_on=answer["will_continue"])

    async def tell(self) -> None:
        """Tell the model what happens, when it should be said."""
        async for news in self._tars.news():
            call_id = news.get("function_call_id", "")
            if call_id in self._names:
                is_end = news["kind"] in ENDS
                await self._respond(call_id, news, news["urgency"].upper(), goes_on=not is_end)
            elif news["urgency"] != "silent":
                # of a task that another call started: there is no call of ours to answer
                said = f"[news of a background task, say it] {news['speak']}"
                turn = types.Content(role="user", parts=[types.Part(text=said)])
                await self._session.send_client_content(turns=turn, turn_complete=True)

    async def _respond(
        self, call_id: str, answer: dict[str, Any], scheduling: str, *, goes_on: bool
    ) -> None:
        """Answer a call; one that goes on may be answered again and again."""
        await self._session.send_tool_response(
            function_responses=types.FunctionResponse(
                id=call_id,
                name=self._names[call_id],
                response=answer,
                scheduling=types.FunctionResponseScheduling(scheduling),
                will_continue=goes_on,
            )
        )


ENDS = {"task.completed", "task.failed", "task.cancelled", "task.timed_out"}


async def keyboard() -> AsyncIterator[str]:
    """What is typed, line by line."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        yield line


async def main(client: genai.Client, tars: Tars, user: AsyncIterator[str]) -> None:
    """Make a call."""
    config = types.LiveConnectConfig(
        response_modalities=[types.Modality.AUDIO],
        output_audio_transcription=types.AudioTranscriptionConfig(),
        system_instruction=INSTRUCTION,
        tools=[types.Tool(function_declarations=await tars.tools())],
    )
    async with client.aio.live.connect(model=MODEL, config=config) as session:
        await Voice(session, tars, user).run()


if __name__ == "__main__":
    asyncio.run(
        main(
            genai.Client(api_key=os.environ["GEMINI_API_KEY"]),
            Tars(
                os.environ.get("TARS_API_URL", "http://127.0.0.1:8800"),
                os.environ["TARS_API_TOKEN"],
                session_id=f"call-{os.getpid()}",
            ),
            keyboard(),
        )
    )
