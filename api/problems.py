"""What went wrong, as an answer: one table from the kinds of error to status codes."""

import http
import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from temporalio.service import RPCError

from api.problem_documents import ProblemDocument, WrongField, plain, respond
from connection import TemporalUnreachable
from encryption import KeyProblem
from models.requests import WaitingTask
from starter.problems import (
    KeyReused,
    NoQuestion,
    NotYet,
    NoWorker,
    Refused,
    ServerAway,
    SeveralWait,
    TaskClosed,
    TaskProblem,
    UnknownTask,
)
from starter.projects import ProjectUnusable
from starter.rpc_problems import server_away

STATUS: Mapping[type[Exception], int] = {
    UnknownTask: 404,
    TaskClosed: 409,
    SeveralWait: 409,
    NoQuestion: 409,
    NotYet: 409,
    KeyReused: 409,
    Refused: 409,
    ProjectUnusable: 409,
    NoWorker: 503,
    ServerAway: 503,
    TemporalUnreachable: 503,
    KeyProblem: 503,
    TaskProblem: 503,
}
"""The nearest class counts; the rest of `TaskProblem` is Temporal's or a worker's doing.

What would be wrong at any time is 422, and has to do with the schema alone. What is wrong as things
stand is 409.
"""


async def on_http(request: Request, error: Exception) -> Response:
    """What a route, or the routing, refused."""
    if not isinstance(error, HTTPException):
        raise error
    detail, headers = error.detail, dict(error.headers or {})
    if allowed := error.status_code == 405 and request.app.methods_at(request.url.path):
        headers["Allow"] = ", ".join(allowed)
    if detail == http.HTTPStatus(error.status_code).phrase:  # the framework has no words
        detail = _DETAILS.get(error.status_code, detail)
    return plain(error.status_code, f"{detail.removesuffix('.')}.", headers)


async def on_validation(_request: Request, error: Exception) -> Response:
    """What does not fit the schema; what was given stays out of it, for it may be a code."""
    if not isinstance(error, RequestValidationError):
        raise error
    wrong = [
        WrongField(field=".".join(map(str, one["loc"])), message=one["msg"])
        for one in error.errors()
    ]
    document = ProblemDocument(
        title=http.HTTPStatus(422).phrase,
        status=422,
        detail=f"The request cannot be used: {wrong[0].field}: {wrong[0].message}.",
        errors=wrong,
    )
    return respond(document)


async def on_problem(_request: Request, error: Exception) -> Response:
    """What the door says it cannot do."""
    known: Any = server_away(error) if isinstance(error, RPCError) else error
    status = next(STATUS[kind] for kind in type(known).__mro__ if kind in STATUS)
    document = ProblemDocument(
        type=f"urn:tars:{_kebab(type(known).__name__)}",
        title=http.HTTPStatus(status).phrase,
        status=status,
        detail=str(known),
        waiting=_waiting(known),
    )
    return respond(document)


EXPECTED: tuple[type[Exception], ...] = (HTTPException, RPCError, *STATUS)
"""Whatever has a sentence for a person."""


def sentence(error: Exception) -> str:
    """What went wrong, for channels that are spoken to in sentences."""
    if isinstance(error, HTTPException):
        return str(error.detail)
    return str(server_away(error) if isinstance(error, RPCError) else error)


async def on_fault(_request: Request, _error: Exception) -> Response:
    """A mistake of ours; the log has it."""
    return plain(500, "Something unexpected went wrong: the log of the api has the details.")


def _waiting(error: Exception) -> list[WaitingTask]:
    tasks = error.waiting if isinstance(error, SeveralWait) else []
    return [
        WaitingTask(task_id=task.task_id, goal=task.goal, waiting_for=task.waiting_for)
        for task in tasks
        if task.waiting_for
    ]


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


_DETAILS = {
    404: "There is nothing at this path: GET /openapi.json lists what there is.",
    405: "This path does not take this method: the header Allow says which it takes.",
}

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]

HANDLERS: dict[int | type[Exception], Handler] = {
    HTTPException: on_http,
    RequestValidationError: on_validation,
    RPCError: on_problem,
    Exception: on_fault,
    **dict.fromkeys(STATUS, on_problem),
}
"""For the app; Starlette takes the handler of the nearest class."""
