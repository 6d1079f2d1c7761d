"""The stub Discord's HTTP side: webhooks, the part of the bot API that n8n uses, and files."""

import asyncio
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from demo.discord_channel import (
    BOT_TOKEN,
    CHANNEL_ID,
    WEBHOOK_ID,
    WEBHOOK_TOKEN,
    Discord,
    Fault,
    Message,
    Seen,
)
from demo.discord_forms import read_body
from demo.discord_page import page_router
from demo.discord_rules import DiscordError

_PROXY_PAGE = "<html><body><h1>502 Bad Gateway</h1>cloudflare</body></html>"
_TRUE = {"true", "True", "1"}
BOT = {"id": "3001", "username": "bridge", "bot": True}


def create_app(discord: Discord) -> FastAPI:
    """Answer the application that serves `discord`, at `/api` and `/api/v10` as the real one."""
    app = FastAPI(openapi_url=None)
    for prefix in ("/api/v{version:int}", "/api"):
        app.include_router(_webhooks(discord), prefix=prefix)
        app.include_router(_channels(discord), prefix=prefix)
    app.include_router(page_router(discord))
    app.add_exception_handler(DiscordError, _refused)
    return app


def _webhooks(discord: Discord) -> APIRouter:
    router = APIRouter(prefix="/webhooks/{webhook}/{token}")

    @router.get("")
    async def webhook(webhook: str, token: str) -> dict[str, Any]:
        _check_webhook(webhook, token)
        owner = "4001" if discord.app_owned else None
        known = {"id": webhook, "type": 1, "channel_id": CHANNEL_ID, "name": "TARS"}
        return known | {"application_id": owner}

    @router.post("")
    async def post(request: Request) -> Response:
        return await _answered(discord, request)

    @router.patch("/messages/{message}")
    async def edit(request: Request) -> Response:
        return await _answered(discord, request)

    @router.get("/messages/{message}")
    async def read(webhook: str, token: str, message: str, request: Request) -> Response:
        _check_webhook(webhook, token)
        channel = request.query_params.get("thread_id", CHANNEL_ID)
        return JSONResponse(discord.find(message, channel).model_dump(mode="json"))

    return router


async def _answered(discord: Discord, request: Request) -> Response:
    seen = Seen(method=request.method, path=request.url.path, query=dict(request.query_params))
    discord.seen.append(seen)
    try:
        response = await _taken(discord, request, seen)
    except DiscordError as error:
        seen.status = error.status
        raise
    seen.status = response.status_code
    return response


async def _taken(discord: Discord, request: Request, seen: Seen) -> Response:
    _check_webhook(request.path_params["webhook"], request.path_params["token"])
    fault = discord.next_fault()
    if fault and not fault.saved:
        return await _troubled(fault, request)
    left, reset_seconds = discord.limit.take()
    if left < 0:
        return _slow_down(reset_seconds, request)
    message = await _saved(discord, request, seen)
    if fault:
        return await _troubled(fault, request)
    headers = {
        "X-RateLimit-Limit": str(discord.limit.calls),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset-After": f"{reset_seconds:.3f}",
        "X-RateLimit-Bucket": "stub",
    }
    if request.method == "POST" and seen.query.get("wait") not in _TRUE:
        return Response(status_code=204, headers=headers)
    return JSONResponse(message.model_dump(mode="json"), headers=headers)


async def _saved(discord: Discord, request: Request, seen: Seen) -> Message:
    seen.body, files = await read_body(request)
    thread_id = seen.query.get("thread_id", "")
    if message_id := request.path_params.get("message"):
        return discord.edit(message_id, seen.body, files, thread_id=thread_id)
    return discord.post(seen.body, files, thread_id=thread_id)


def _channels(discord: Discord) -> APIRouter:
    router = APIRouter(prefix="/channels/{channel}/messages")

    @router.get("")
    async def history(
        channel: str, request: Request, after: str = "", limit: int = 50
    ) -> list[dict[str, Any]]:
        _check_bot(request)
        found = discord.history(channel, int(after or 0), max(1, min(limit, 100)))
        return [message.model_dump(mode="json") for message in found]

    @router.post("")
    async def post(channel: str, request: Request) -> dict[str, Any]:
        _check_bot(request)
        body, files = await read_body(request)
        message = discord.post(body, files, thread_id=channel, author=BOT)
        return message.model_dump(mode="json")

    @router.delete("/{message}", status_code=204)
    async def delete(channel: str, message: str, request: Request) -> None:
        _check_bot(request)
        discord.delete(message, channel)

    return router


def _check_webhook(webhook: str, token: str) -> None:
    if webhook != WEBHOOK_ID:
        raise DiscordError(404, "Unknown Webhook", 10015)
    if token != WEBHOOK_TOKEN:
        raise DiscordError(401, "Invalid Webhook Token", 50027)


def _check_bot(request: Request) -> None:
    if request.headers.get("authorization") != f"Bot {BOT_TOKEN}":
        raise DiscordError(401, "401: Unauthorized")


async def _troubled(fault: Fault, request: Request) -> Response:
    await asyncio.sleep(fault.hang_seconds)
    if fault.retry_after_seconds is not None:
        return _slow_down(fault.retry_after_seconds, request)
    if fault.html:
        return HTMLResponse(_PROXY_PAGE, status_code=fault.status)
    body = {"message": fault.message, "code": fault.code}
    return JSONResponse(body, status_code=fault.status)


def _slow_down(seconds: float, request: Request) -> Response:
    # an address without a version is version 6, and before 8 waits were in milliseconds
    in_ms = int(request.path_params.get("version", 6)) < 8
    after = round(seconds * 1_000) if in_ms else round(seconds, 3)
    body = {"message": "You are being rate limited.", "retry_after": after, "global": False}
    headers = {"Retry-After": str(after), "Via": "1.1 google", "X-RateLimit-Scope": "user"}
    return JSONResponse(body, status_code=429, headers=headers)


async def _refused(_request: Request, error: Exception) -> Response:
    status, body = (
        (500, {}) if not isinstance(error, DiscordError) else (error.status, error.body())
    )
    return JSONResponse(body, status_code=status)
