"""Reads what is sent to the stub Discord: a message as JSON, or a form with files beside it."""

import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, cast

from starlette.requests import Request

from demo.discord_channel import File
from demo.discord_rules import DiscordError


async def read_body(request: Request) -> tuple[dict[str, Any], list[File]]:
    """Answer the message and its files.

    Raises:
        DiscordError: what was sent is no JSON object.
    """
    raw = await request.body()
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return _json_of(raw), []
    # the standard library reads forms as it reads mails
    parser = BytesParser(policy=HTTP)
    form = parser.parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + raw)
    body: dict[str, Any] = {}
    files: list[File] = []
    for part in form.iter_parts():
        content = cast(bytes, part.get_payload(decode=True))
        if name := part.get_filename():
            files.append(File(name, content))
        else:
            body = _json_of(content)
    return body, files


def _json_of(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        raise DiscordError(400, "The request body contains invalid JSON.", 50109) from None
    if not isinstance(body, dict):
        raise DiscordError(400, "Invalid Form Body", 50035)
    return body
