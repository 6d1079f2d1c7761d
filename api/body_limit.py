"""How large a request may be; what is larger is refused before anybody reads it."""

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problem_documents import plain

MAX_BODY_BYTES = 300_000
"""The longest text is a goal of 20,000 characters, which JSON may escape with 12 bytes each."""

MAX_CODEC_BYTES = 16_000_000
"""Temporal hands out at most 4 MB at once; base64 in JSON makes that 6."""


class BodyLimit:
    """ASGI middleware that answers 413; the framework's own would say it in plain text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through as long as it is not too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = MAX_CODEC_BYTES if scope["path"].startswith("/codec/") else MAX_BODY_BYTES
        sentence = f"The body is larger than {most:,} bytes."
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > most:
            await plain(413, sentence)(scope, receive, send)
            return
        received_bytes = 0

        async def counted() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > most:
                raise HTTPException(413, sentence)
            return message

        await self._app(scope, counted, send)
