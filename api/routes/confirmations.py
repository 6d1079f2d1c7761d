"""What waits for the code, and giving it."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Response
from fastapi.responses import JSONResponse

from api.openapi import Responses, problems
from api.parts import Parts
from api.problem_documents import RETRY_AFTER_SECONDS
from api.routes.examples import WAITING
from api.routes.paths import WhichTask
from models.replies import ConfirmationAnswer, ConfirmOutcome, ConfirmReply
from models.requests import WaitingTask

STATUS: Mapping[ConfirmOutcome, int] = {
    ConfirmOutcome.ACCEPTED: 200,
    ConfirmOutcome.DENIED: 200,
    ConfirmOutcome.WRONG_CODE: 403,
    ConfirmOutcome.UNKNOWN_REQUEST: 404,
    ConfirmOutcome.NOTHING_WAITING: 409,
    ConfirmOutcome.TOO_EARLY: 409,
    ConfirmOutcome.ALREADY_ANSWERED: 409,
    ConfirmOutcome.EXPIRED: 410,
    ConfirmOutcome.LOCKED: 423,
    ConfirmOutcome.NOT_CHECKED: 503,
}
"""How an answer was received, as HTTP says it. The body is a `ConfirmReply` with each of them."""

Given = Annotated[
    ConfirmationAnswer,
    Body(examples=[{"code": "6283"}, {"approve": False, "reason": "I still need it"}]),
]

_REPLY = {"application/json": {"schema": {"$ref": "#/components/schemas/ConfirmReply"}}}


def replies() -> Responses:
    """Declare what becomes of a code, beside the problems that it shares a status with."""
    declared = problems(403, 404, 409, 413, 422, 429, 503)
    for outcome, status in STATUS.items():
        known = declared.setdefault(status, {"description": outcome.value, "content": {}})
        known["content"] = {**known["content"], **_REPLY}
    return declared


def respond(reply: ConfirmReply) -> Response:
    """Make the response for what became of a code."""
    status = STATUS[reply.outcome]
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if status == 503 else None
    return JSONResponse(reply.model_dump(mode="json"), status, headers)


def confirmations_router(parts: Parts) -> APIRouter:
    """Make the routes `GET /confirmations` and `POST /tasks/{task}/confirmation`."""
    router = APIRouter(tags=["confirmations"])

    @router.get("/confirmations", summary="What waits for the code", responses=WAITING)
    async def waiting() -> list[WaitingTask]:
        """List the tasks that wait for the code, each with its command, reason and deadline."""
        return [
            WaitingTask(task_id=task.task_id, goal=task.goal, waiting_for=task.waiting_for)
            for task in await (await parts.door.tasks()).waiting()
            if task.waiting_for and task.waiting_for.kind == "confirmation"
        ]

    @router.post(
        "/tasks/{task}/confirmation",
        summary="Give the code, or say no",
        response_model=ConfirmReply,
        responses=replies(),
        dependencies=[Depends(parts.code_limit)],
    )
    async def confirm(task: WhichTask, answer: Given) -> Response:
        """Answer the request that waits; a no (`approve: false`) needs no code."""
        tasks = await parts.door.tasks()
        given = answer.model_copy(update={"channel": answer.channel or "http"})
        return respond(await tasks.confirm(given, await tasks.find(task)))

    return router
