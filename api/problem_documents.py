"""Problem documents (RFC 9457): how every error is written."""

import http
from collections.abc import Mapping

from fastapi import Response
from pydantic import BaseModel, Field

from models.requests import WaitingTask

MEDIA_TYPE = "application/problem+json"

RETRY_AFTER_SECONDS = 5
"""About what a worker or a server takes to come back."""


class WrongField(BaseModel):
    """A part of a request that cannot be used."""

    field: str = Field(examples=["body.goal"])
    message: str = Field(examples=["String should have at least 1 character"])


class ProblemDocument(BaseModel):
    """What went wrong, as RFC 9457 says. `detail` is a sentence for a person."""

    type: str = Field(default="about:blank", examples=["urn:tars:unknown-task"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(ge=400, le=599, examples=[404])
    detail: str = Field(examples=["There is no task #a7f3: try ./tars list."])
    errors: list[WrongField] = Field(default=[], description="What cannot be used, where it is 422")
    waiting: list[WaitingTask] = Field(
        default=[], description="The tasks that a code could be for, where several wait"
    )


def respond(document: ProblemDocument, headers: Mapping[str, str] | None = None) -> Response:
    """Make the response for a problem."""
    empty = {name for name in ("errors", "waiting") if not getattr(document, name)}
    content = document.model_dump_json(exclude=empty)
    wait = {"Retry-After": str(RETRY_AFTER_SECONDS)} if document.status == 503 else {}
    return Response(content, document.status, {**wait, **(headers or {})}, media_type=MEDIA_TYPE)


def plain(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """Make the response for a problem that HTTP itself has a name for."""
    title = http.HTTPStatus(status).phrase
    return respond(ProblemDocument(title=title, status=status, detail=detail), headers)
