"""Saying something to a task: what the command line's verbs do as well."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Body

from api.openapi import problems
from api.parts import Parts
from api.routes.paths import WhichTask
from models.replies import Extended, Extension, Instruction
from models.requests import Received
from starter.naming import short_id
from starter.tasks import Tasks

Said = Annotated[Instruction, Body(examples=[{"text": "Use argparse"}])]
More = Annotated[Extension, Body(examples=[{"minutes": 10, "turns": 20, "dollars": 1}])]
Send = Callable[[Tasks, str], Awaitable[None]]


def steering_router(parts: Parts) -> APIRouter:
    """Make the routes that a task takes messages by; they answer once it has them."""
    router = APIRouter(prefix="/tasks/{task}", tags=["steering"], responses=problems(404, 409, 413))

    async def send(written: str, message: Send, effect: str) -> Received:
        tasks = await parts.door.tasks()
        task_id = await tasks.find(written)
        await message(tasks, task_id)
        return Received(task_id=task_id, message=f"Task {short_id(task_id)} {effect}.")

    @router.post("/cancel", status_code=202, summary="Cancel; the work is kept")
    async def cancel(task: WhichTask) -> Received:
        """End the task as soon as it can leave its step."""
        return await send(task, Tasks.cancel, "is being cancelled; its work is kept")

    @router.post("/pause", status_code=202, summary="Pause before the next step")
    async def pause(task: WhichTask) -> Received:
        """Let the task stand still until it is resumed."""
        return await send(task, Tasks.pause, "pauses before its next step")

    @router.post("/resume", status_code=202, summary="Let a paused or parked task go on")
    async def resume(task: WhichTask) -> Received:
        """Let the task go on."""
        return await send(task, Tasks.resume, "goes on")

    @router.post("/instruction", status_code=202, summary="Tell Claude something")
    async def instruction(task: WhichTask, words: Said) -> Received:
        """Give Claude words to read before its next turn."""
        return await send(task, lambda tasks, found: tasks.tell(found, words.text), "will read it")

    @router.post("/answer", status_code=202, summary="Answer a question of Claude")
    async def answer(task: WhichTask, words: Said) -> Received:
        """Answer the question that the task waits with; 409 where it has asked none."""
        return await send(
            task, lambda tasks, found: tasks.answer(found, words.text), "has your answer"
        )

    @router.post("/extension", summary="Give more minutes, turns or dollars")
    async def extend(task: WhichTask, extension: More) -> Extended:
        """Add to the limits; wakes a task that is parked for want of room."""
        tasks = await parts.door.tasks()
        return await tasks.extend(await tasks.find(task), extension)

    return router
