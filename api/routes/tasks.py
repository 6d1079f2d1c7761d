"""Starting tasks, and how they stand."""

import asyncio
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import WithJsonSchema

from api.openapi import problems
from api.parts import Parts
from api.routes.examples import PROGRESS, ROW, STARTED
from api.routes.paths import WhichTask
from api.routes.text import Markdown, Patch, prefers
from models.requests import Received, StartRequest
from models.shown import Diff, Log
from models.task import Progress, State
from starter.naming import short_id
from starter.projects import find_project
from starter.starting import Once
from starter.task_rows import TaskRow

MOST_LISTED = 200

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        description="The same key starts the same task, however often the request is sent",
    ),
]


_STATE = {"type": "string", "enum": [state.value for state in State]}


def tasks_router(parts: Parts) -> APIRouter:
    """Make the routes `POST /tasks`, `GET /tasks`, and those that look at one task."""
    router = APIRouter(prefix="/tasks", tags=["tasks"])
    door = parts.door

    @router.post(
        "", status_code=201, summary="Start a task", responses={**STARTED, **problems(409, 413)}
    )
    async def start(
        asked: StartRequest, response: Response, idempotency_key: IdempotencyKey = None
    ) -> Received:
        """Start a task; it works in the background, and the answer comes at once."""
        task = asked.task(parts.settings.limits)
        if task.project:
            task.project = await asyncio.to_thread(find_project, Path(task.project))
        once = Once(idempotency_key, asked.model_dump_json()) if idempotency_key else None
        task_id = await (await door.tasks()).start(task, once)
        response.headers["Location"] = f"/tasks/{task_id}"
        return Received(task_id=task_id, message=f"Task {short_id(task_id)} has started.")

    @router.get("", summary="List tasks, the latest first", responses=ROW)
    async def list_tasks(
        state: Annotated[
            State | None, Query(description="Only tasks in this state"), WithJsonSchema(_STATE)
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 20,
    ) -> list[TaskRow]:
        """List what Temporal lists, which is a moment behind the tasks themselves."""
        return await (await door.tasks()).list_tasks(state, limit)

    @router.get("/{task}", summary="How a task stands", responses={**PROGRESS, **problems(404)})
    async def progress(task: WhichTask) -> Progress:
        """Ask the task itself, also after its end."""
        tasks = await door.tasks()
        return await tasks.progress(await tasks.find(task))

    @router.get(
        "/{task}/diff",
        summary="The change so far",
        response_model=Diff,
        responses={200: Patch.declared, **problems(404, 409)},
    )
    async def diff(task: WhichTask, request: Request) -> Diff | Response:
        """Show the change as JSON, or with `Accept: text/x-diff` as a patch alone."""
        tasks = await door.tasks()
        shown = await tasks.diff(await tasks.find(task))
        return Patch(shown.patch) if prefers(request, Patch) else shown

    @router.get(
        "/{task}/log",
        summary="The conversation with Claude so far",
        response_model=Log,
        responses={200: Markdown.declared, **problems(404, 409)},
    )
    async def log(task: WhichTask, request: Request) -> Log | Response:
        """Show the conversation as JSON, or with `Accept: text/markdown` as a text."""
        tasks = await door.tasks()
        shown = await tasks.log(await tasks.find(task))
        return Markdown.of(shown) if prefers(request, Markdown) else shown

    return router
