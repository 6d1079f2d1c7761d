"""The api put together."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from starlette.middleware.cors import CORSMiddleware

from api.body_limit import BodyLimit
from api.codec import codec_router
from api.openapi import DESCRIPTION, TAGS, Api, problems
from api.parts import Parts
from api.problems import HANDLERS
from api.routes.confirmations import confirmations_router
from api.routes.discord import discord_router
from api.routes.events import NothingMore, events_router, on_nothing_more
from api.routes.health import health_router
from api.routes.steering import steering_router
from api.routes.tasks import tasks_router
from api.routes.voice import voice_router
from api.routes.webhook import webhook_router
from api.security import TokenGate

if TYPE_CHECKING:
    from api.mcp_tools import McpTools


def create_app(parts: Parts) -> Api:
    """Make the app. Only pages of `guard.origins` are let by the browser to read its answers."""
    tools = _mcp_tools(parts)
    app = Api(
        title="TARS background tasks",
        version="1",
        description=DESCRIPTION,
        openapi_tags=TAGS,
        docs_url=None,  # they fetch their scripts from other hosts
        redoc_url=None,
        redirect_slashes=False,
        responses=problems(400, 401, 422, 503),
        lifespan=tools.running if tools else None,
        exception_handlers={**HANDLERS, NothingMore: on_nothing_more},
    )
    app.add_middleware(BodyLimit)
    app.add_middleware(TokenGate, token=parts.token)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=sorted(parts.guard.origins),
        allow_methods=["POST"],
        allow_headers=["Content-Type", "X-Namespace"],
    )
    for router in (
        tasks_router(parts),
        steering_router(parts),
        confirmations_router(parts),
        events_router(parts),
        voice_router(parts),
        webhook_router(parts),
        discord_router(parts),
        health_router(parts),
        codec_router(parts.codec, parts.guard),
    ):
        app.include_router(router)
    if tools:
        tools.add_to(app)
    return app


def _mcp_tools(parts: Parts) -> "McpTools | None":
    """The package is an extra: half of its dependencies are needed by nothing else."""
    if find_spec("mcp") is None:
        return None
    from api.mcp_tools import McpTools  # noqa: PLC0415 - takes a second, where it is there at all

    return McpTools(parts)
