"""For voice agents: the functions a model may call, and what it hears of the tasks."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from temporalio.client import Client

from api.openapi import Responses, problems
from api.parts import Parts
from api.routes.paths import After, LastEventId
from models.announcements import Listener
from models.voice import VoiceAnswer, VoiceCall, VoiceFunction, VoiceStatus
from starter.tasks import Tasks
from starter.voice_dialects import Declaration, Dialect, declarations
from starter.voice_feed import VoiceFeed
from starter.voice_functions import VoiceFunctions
from starter.voice_listening import Listening
from starter.voice_sentences import problem_answer

TOO_MANY_CODES = VoiceAnswer(
    status=VoiceStatus.UNAVAILABLE,
    speech="Those were too many codes, please wait a minute.",
    retryable=True,
)
TOO_LONG = VoiceAnswer(
    status=VoiceStatus.REFUSED, speech="That was too long for me, please say it in fewer words."
)
_SAID_FOR = {429: TOO_MANY_CODES, 413: TOO_LONG}
"""What the limits answer others with, in words."""

STREAM: Responses = {
    200: {
        "description": "`event: announcement` with an `Announcement`, whose number over all tasks "
        "is the `id`; first, after an absence, `event: catch_up` with a `CatchUp`. Comments keep "
        "the line alive.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
}


class Voice:
    """The feed of this process, with one reader for all who listen to it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._client: Client | None = None
        self._feed: VoiceFeed | None = None

    async def feed(self) -> VoiceFeed:
        """Return the feed; raises as the door does."""
        client = await self._parts.door.client()
        if self._feed is None or self._client is not client:
            self._client = client
            self._feed = VoiceFeed(client, self._parts.settings.task_queue)
        return self._feed

    async def functions(self) -> VoiceFunctions:
        """Return what carries functions out; raises as the door does."""
        tasks = await self._parts.door.tasks()
        return VoiceFunctions(tasks, await self.feed(), self._parts.settings.limits)

    async def listening(
        self,
        listener: Annotated[Listener | None, Query(description="Who listens")] = None,
        after: After = None,
        last_event_id: LastEventId = None,
    ) -> Listening:
        """Begin to listen; a dependency, so that what cannot be done is told before the stream."""
        if not self._parts.settings.voice_events:
            raise HTTPException(404, "Nothing is announced here: VOICE_EVENTS is false.")
        cursor = last_event_id if last_event_id is not None else after
        tasks: Tasks = await self._parts.door.tasks()
        return Listening(await self.feed(), tasks, listener, cursor)


def voice_router(parts: Parts) -> APIRouter:
    """Make the routes `/voice/functions`, `/voice/functions/{name}` and `/voice/events`."""
    router = APIRouter(prefix="/voice", tags=["voice"])
    voice = Voice(parts)

    @router.get("/functions", summary="The functions, declared for a voice model")
    async def functions(dialect: Dialect = Dialect.GEMINI) -> list[Declaration]:
        """Declare the functions in the dialect of a vendor; `mcp` has plain JSON Schema."""
        return declarations(dialect)

    @router.post(
        "/functions/{name}",
        summary="Call a function",
        openapi_extra=_BODY,
        response_model=VoiceAnswer,
    )
    async def call(
        name: Annotated[str, Path(max_length=100, examples=["check_coding_progress"])],
        request: Request,
    ) -> VoiceAnswer:
        """Carry out a function and answer in words to say.

        Whatever goes wrong is an answer with status 200 as well, for a voice model can say a
        sentence and can do nothing with an error; `status` and `retryable` tell what it was.
        """
        try:
            given = VoiceCall.model_validate_json(await request.body() or b"{}")
            if name == VoiceFunction.CONFIRM:
                parts.code_limit(request)
            return await (await voice.functions()).call(name, given)
        except HTTPException as error:
            return _SAID_FOR.get(error.status_code) or problem_answer(error)
        except Exception as error:
            return problem_answer(error)

    @router.get(
        "/events",
        summary="Hear what happens in all tasks",
        response_class=EventSourceResponse,
        responses={**STREAM, **problems(404)},
    )
    async def events(
        listening: Annotated[Listening, Depends(voice.listening)],
    ) -> AsyncIterator[ServerSentEvent]:
        """Tell what comes after the cursor, then everything as it happens.

        The cursor is the header `Last-Event-ID`, else `after`, else where `listener` has been when
        they hung up, else now. What is sent within the last second before a line breaks is sent
        again.
        """
        async with aclosing(listening.events()) as heard:
            async for event in heard:
                yield ServerSentEvent(id=str(event.cursor), event=event.name, data=event.data)

    return router


_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": VoiceCall.model_json_schema(),
                "examples": {
                    "code": {"value": {"args": {"code": "six two eight three"}}},
                    "start": {
                        "value": {
                            "args": {"goal": "Build a calculator with tests"},
                            "call_id": "function-call-1",
                            "session_id": "call-of-anna",
                            "listener": "anna",
                        }
                    },
                },
            }
        },
    }
}
"""It stands here, for a body that cannot be read must be answered in words too."""
