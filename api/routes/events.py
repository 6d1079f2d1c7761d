"""What happens in a task, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from api.openapi import Responses, problems
from api.parts import Parts
from api.routes.paths import After, LastEventId, WhichTask
from starter.tasks import Tasks

LOOK_SECONDS = 5
"""For a worker to tell whether an ended task has more to tell; without one, the stream waits."""

STREAM: Responses = {
    200: {
        "description": "One event an update: `id` is its `seq`, `event` its `kind`, `data` an "
        "`Update`. Comments keep the line alive. It ends after the task's last update.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    204: {"description": "The task has ended, and everything after the cursor was told."},
}


class NothingMore(Exception):
    """The task has ended and all was told: 204 tells a browser not to connect again."""


class Cursor(NamedTuple):
    """The open door, a task, and the last update that a listener has."""

    tasks: Tasks
    task_id: str
    after: int


def events_router(parts: Parts) -> APIRouter:
    """Make the route `GET /tasks/{task}/events`."""
    router = APIRouter(prefix="/tasks", tags=["events"])

    async def cursor(
        task: WhichTask, after: After = None, last_event_id: LastEventId = None
    ) -> Cursor:
        tasks = await parts.door.tasks()
        task_id = await tasks.find(task)
        seen = last_event_id if last_event_id is not None else after or 0
        has_ended = await tasks.has_ended(task_id)
        if seen and has_ended:
            await _raise_if_all_told(tasks, task_id, seen)
        return Cursor(tasks, task_id, seen)

    @router.get(
        "/{task}/events",
        summary="Listen to a task",
        response_class=EventSourceResponse,
        responses={**STREAM, **problems(404)},
    )
    async def events(
        cursor: Annotated[Cursor, Depends(cursor)],
    ) -> AsyncIterator[ServerSentEvent]:
        """Tell all updates after the cursor, then each as it happens, until the task ends.

        The header `Last-Event-ID`, which a browser sends by itself when it connects again, goes
        before `after`.
        """
        async with aclosing(parts.hub.listen(*cursor)) as updates:
            async for update in updates:
                yield ServerSentEvent(
                    raw_data=update.model_dump_json(), event=update.kind, id=str(update.seq)
                )

    return router


async def on_nothing_more(_request: Request, _told: Exception) -> Response:
    """Answer 204."""
    return Response(status_code=204)


async def _raise_if_all_told(tasks: Tasks, task_id: str, seen: int) -> None:
    async with aclosing(tasks.follow(task_id, seen)) as rest:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                if await anext(rest, None) is None:
                    raise NothingMore
        except TimeoutError:
            return
