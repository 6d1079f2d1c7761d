"""What a bridge such as N8N calls when a person has answered in a chat."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import from_json

from api.openapi import problems
from api.parts import Parts
from api.routes.confirmations import replies, respond
from api.security import has_token
from api.signed import BadSignature, BridgeKey
from models.replies import ConfirmReply
from models.requests import ConfirmationEnvelope, ConfirmationMessage

_UNSIGNED = (
    "This needs the header Authorization: Bearer API_TOKEN, or a signature made less than "
    "5 minutes ago with CONFIRMATION_WEBHOOK_SECRET (Standard Webhooks)."
)


def webhook_router(parts: Parts) -> APIRouter:
    """Make the route `POST /webhook/background-confirmation`."""
    router = APIRouter(prefix="/webhook", tags=["bridges"])
    secret = parts.settings.confirmation_webhook_secret
    key = BridgeKey(secret) if secret else None

    async def signed(request: Request) -> ConfirmationMessage:
        body = await request.body()
        is_signed = _is_signed(key, body, request)
        if not (is_signed or has_token(request.headers, parts.token)):
            raise HTTPException(401, _UNSIGNED, {"WWW-Authenticate": "Bearer"})
        message, headers = _parsed(body), request.headers
        if "webhook-id" in headers and message.message_id is None:
            message = message.model_copy(update={"message_id": headers["webhook-id"][:200]})
        if is_signed and message.said_at is None:
            said_at = _end_of_second(headers["webhook-timestamp"])
            message = message.model_copy(update={"said_at": said_at})
        return message

    @router.post(
        "/background-confirmation",
        summary="Bring a code, or a no, from a chat",
        description=_DESCRIPTION,
        response_model=ConfirmReply,
        responses={**replies(), **problems(401)},
        openapi_extra=_BODY,
    )
    async def confirm(request: Request) -> Response:
        message = await signed(request)
        parts.code_limit(request)  # strangers must not use up what a bridge may do
        allowed = parts.settings.discord_users
        if allowed and message.discord_user_id and message.discord_user_id not in allowed:
            raise HTTPException(403, "This Discord user is not in DISCORD_ALLOWED_USERS.")
        tasks = await parts.door.tasks()
        task_id = await tasks.find(message.task_id) if message.task_id else None
        answer = message.answer.model_copy(
            update={
                "channel": message.channel or "webhook",
                "actor": message.actor or message.discord_user_id or "",
            }
        )
        return respond(await tasks.confirm(answer, task_id, message.message_id))

    return router


def _is_signed(key: BridgeKey | None, body: bytes, request: Request) -> bool:
    try:
        if key:
            key.verify(body, request.headers)
    except BadSignature:
        return False
    return key is not None


def _end_of_second(timestamp: str) -> datetime:
    """The last moment at which what was signed then can have been said."""
    return datetime.fromtimestamp(int(float(timestamp)) + 1, UTC)


def _parsed(body: bytes) -> ConfirmationMessage:
    """Read either form; what was given stays out of the error, for it may be a code."""
    try:
        given = from_json(body)
        if isinstance(given, dict) and "data" in given:
            return ConfirmationEnvelope.model_validate(given).data
        return ConfirmationMessage.model_validate(given)
    except ValidationError as error:
        wrong = [{"loc": ("body", *one["loc"]), "msg": one["msg"]} for one in error.errors()]
    except ValueError:
        wrong = [{"loc": ("body",), "msg": "This is no JSON"}]
    raise RequestValidationError(wrong)


_DESCRIPTION = """Takes `{"code": "6283"}`, or that as `data` of an envelope of Standard Webhooks.

The caller bears the token, or signs with `CONFIRMATION_WEBHOOK_SECRET`. A message counts once by
its `message_id`, or else by its header `webhook-id`: delivered again, it is answered as before.
What was asked after its `said_at`, or else after it was signed, it does not decide."""


def _schema() -> dict[str, Any]:
    """Either form; it stands here for the body is verified before anybody parses it."""
    message = ConfirmationMessage.model_json_schema()
    envelope = ConfirmationEnvelope.model_json_schema()
    del envelope["$defs"]
    envelope["properties"]["data"] = message
    return {"anyOf": [{**message, "not": {"required": ["data"]}}, envelope]}


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _schema(),
                "examples": {
                    "code": {"value": {"code": "6283", "task_id": "a7f3"}},
                    "no": {"value": {"approve": False, "reason": "I still need it"}},
                },
            }
        },
    }
}
