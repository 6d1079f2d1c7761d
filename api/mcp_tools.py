"""The voice functions as tools of the Model Context Protocol, for any assistant that speaks it.

The package `mcp` is an extra; without it there is no `/mcp`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException
from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request

from api.parts import Parts
from api.routes.voice import TOO_MANY_CODES, Voice
from models.voice import VoiceAnswer, VoiceCall, VoiceFunction, VoiceStatus
from starter.voice_dialects import Dialect, declarations
from starter.voice_sentences import problem_answer

PATH = "/mcp"

INSTRUCTIONS = (
    "Background programming tasks. Start one, and later ask how it goes; some wait for a "
    "confirmation code that only the user knows."
)

Context = ServerRequestContext[Any, Request]


class McpTools:
    """A server without sessions: each call stands for itself, as each of HTTP does."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._voice = Voice(parts)
        self._server: Server[Any] = Server(
            "tars",
            instructions=INSTRUCTIONS,
            on_list_tools=self._list,
            on_call_tool=self._call,
        )
        self._app = self._server.streamable_http_app(
            streamable_http_path=PATH,
            json_response=True,
            stateless_http=True,
            # a page whose host name was rebound to this address does not have the token
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )

    def add_to(self, app: FastAPI) -> None:
        """Let an app take calls at `PATH`."""
        app.router.routes.extend(self._app.routes)

    @asynccontextmanager
    async def running(self, _app: FastAPI) -> AsyncIterator[None]:
        """Take calls for as long as the app runs; its lifespan."""
        async with self._server.session_manager.run():
            yield

    async def _list(
        self, _context: Context, _page: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        output = VoiceAnswer.model_json_schema(mode="serialization")
        tools = [
            types.Tool.model_validate({**declared, "outputSchema": output})
            for declared in declarations(Dialect.MCP)
        ]
        return types.ListToolsResult(tools=tools)

    async def _call(
        self, context: Context, asked: types.CallToolRequestParams
    ) -> types.CallToolResult:
        answer = await self._answer(context, asked)
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=answer.speech)],
            structured_content=answer.model_dump(mode="json"),
            is_error=answer.status in {VoiceStatus.REFUSED, VoiceStatus.UNAVAILABLE},
        )

    async def _answer(self, context: Context, asked: types.CallToolRequestParams) -> VoiceAnswer:
        """Carry it out; whatever goes wrong is words too, and a wrong code is nobody's error."""
        try:
            if asked.name == VoiceFunction.CONFIRM and context.request:
                self._parts.code_limit(context.request)
            call = VoiceCall(args=asked.arguments or {})
            return await (await self._voice.functions()).call(asked.name, call)
        except HTTPException:  # of the limit
            return TOO_MANY_CODES
        except Exception as error:
            return problem_answer(error)
