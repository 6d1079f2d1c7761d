"""The scripted Claude's HTTP side: the Messages API, and `/_demo` for those who rehearse."""

import secrets
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel
from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from demo.catalogue import all_models, model_info
from demo.claude import ScriptedClaude, Seen
from demo.errors import ApiError, invalid
from demo.script import Turn

MAX_BODY_BYTES = 32 * 1024 * 1024
"""Size limit of the Messages API (docs, request size limits)."""


class NewScenario(BaseModel):
    """A scenario that is added at run time."""

    name: str
    turns: list[Turn]


class Gate(BaseModel):
    """The name of a gate."""

    gate: str


def create_app(claude: ScriptedClaude) -> FastAPI:
    """Answer the application that serves `claude`.

    The API stands at the root and, for one scenario, under `/s/SCENARIO`.
    """
    app = FastAPI(openapi_url=None)
    api = _api(claude)
    app.include_router(api)
    app.include_router(api, prefix="/s/{scenario}")
    app.include_router(_control(claude), prefix="/_demo")
    app.add_exception_handler(ApiError, _refused)
    app.add_exception_handler(HTTPException, _refused)
    return app


def _api(claude: ScriptedClaude) -> APIRouter:
    api = APIRouter(prefix="/v1")

    @api.post("/messages")
    async def messages(request: Request) -> Response:
        body = await _body(request, claude.api_key)
        scenario = request.path_params.get("scenario", "")
        return claude.answer(body, scenario, _request_id())

    @api.post("/messages/count_tokens")
    async def count_tokens(request: Request) -> Response:
        body = await _body(request, claude.api_key)
        counted = {"input_tokens": claude.count(body)}
        return JSONResponse(counted, headers={"request-id": _request_id()})

    @api.get("/models")
    async def models(request: Request) -> Response:
        _check_key(request, claude.api_key)
        return JSONResponse(all_models(), headers={"request-id": _request_id()})

    @api.get("/models/{model}")
    async def model(request: Request, model: str) -> Response:
        _check_key(request, claude.api_key)
        info = model_info(model)
        if info is None:
            raise ApiError(404, f"model: {model}")
        return JSONResponse(info, headers={"request-id": _request_id()})

    return api


def _control(claude: ScriptedClaude) -> APIRouter:
    control = APIRouter()

    @control.get("/requests")
    async def requests() -> list[Seen]:
        return claude.requests

    @control.get("/refusals")
    async def refusals() -> list[str]:
        return claude.refusals

    @control.post("/scenarios", status_code=201)
    async def scenarios(new: NewScenario) -> None:
        claude.scenarios[new.name] = new.turns

    @control.post("/hold", status_code=204)
    async def hold(gate: Gate) -> None:
        claude.hold(gate.gate)

    @control.post("/release", status_code=204)
    async def release(gate: Gate) -> None:
        claude.release(gate.gate)

    return control


async def _body(request: Request, api_key: str) -> dict[str, Any]:
    _check_key(request, api_key)
    raw = await request.body()
    if len(raw) > MAX_BODY_BYTES:
        raise ApiError(413, "Request exceeds the maximum size")
    try:
        body = from_json(raw)
    except ValueError as error:
        raise invalid(f"The request body is not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise invalid("The request body is not a JSON object")
    return body


def _check_key(request: Request, api_key: str) -> None:
    if "anthropic-version" not in request.headers:
        raise invalid("anthropic-version: header is required")
    # The SDK sends its key as a bearer token since 2.x, other clients as x-api-key.
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    given = request.headers.get("x-api-key") or bearer
    if not secrets.compare_digest(given.encode(), api_key.encode()):
        raise ApiError(401, "invalid x-api-key", headers={"x-should-retry": "false"})


def _request_id() -> str:
    return f"req_{secrets.token_hex(12)}"


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        error = ApiError(getattr(error, "status_code", 500), str(error))
    request_id = _request_id()
    headers = {**error.headers, "request-id": request_id}
    return JSONResponse(error.body(request_id), status_code=error.status, headers=headers)
