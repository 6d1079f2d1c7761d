"""Payloads in clear for Temporal's Web UI and command line, by its remote codec protocol.

https://docs.temporal.io/codec-server: POST a JSON `temporal.api.common.v1.Payloads`, get another.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from pydantic import BaseModel
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.converter import PayloadCodec

from api.openapi import problems
from api.security import Guard
from encryption import KeyProblem

_Json = dict[str, Any]


class _Given(BaseModel):
    """The shape of what is given; the parser of protobuf takes a text for an empty message."""

    payloads: list[dict[str, Any]] | None = None


_BODY = {
    "requestBody": {
        "required": True,
        "description": "A JSON temporal.api.common.v1.Payloads",
        "content": {"application/json": {"schema": _Given.model_json_schema()}},
    }
}

Coding = Callable[[Sequence[Payload]], Awaitable[list[Payload]]]


def codec_router(codec: PayloadCodec, guard: Guard) -> APIRouter:
    """Make the routes `POST /codec/encode` and `POST /codec/decode`."""
    router = APIRouter(
        prefix="/codec",
        tags=["codec"],
        dependencies=[Depends(guard)],
        responses=problems(400, 403, 413),
    )

    @router.post("/encode", summary="Encrypt payloads", openapi_extra=_BODY, response_model=_Json)
    async def encode(request: Request) -> Response:
        """Encrypt payloads, for instance of a signal that is sent by hand."""
        return await _coded(request, codec.encode)

    @router.post("/decode", summary="Decrypt payloads", openapi_extra=_BODY, response_model=_Json)
    async def decode(request: Request) -> Response:
        """Decrypt payloads; those in clear come back as they are."""
        return await _coded(request, codec.decode)

    return router


async def _coded(request: Request, coding: Coding) -> Response:
    body = await request.body()
    try:
        _Given.model_validate_json(body)
        given = Parse(body, Payloads(), ignore_unknown_fields=True)
        result = Payloads(payloads=await coding(given.payloads))
    except (ParseError, ValueError) as error:
        raise HTTPException(
            400, "The body is not a JSON temporal.api.common.v1.Payloads."
        ) from error
    except KeyProblem as problem:
        raise HTTPException(422, str(problem)) from problem
    return Response(MessageToJson(result, indent=None), media_type="application/json")
