"""Whether everything is there."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from api.parts import Parts
from api.security import has_token
from models.checks import Check
from starter.health import health


class Health(BaseModel):
    """`degraded` if tasks cannot be started now; `checks` are for callers with the token."""

    status: Literal["ok", "degraded"]
    checks: list[Check] = []


def health_router(parts: Parts) -> APIRouter:
    """Make the route `GET /health`."""
    router = APIRouter(tags=["health"])

    @router.get(
        "/health",
        summary="Whether everything is there",
        responses={503: {"model": Health, "description": "Temporal or the worker is away"}},
    )
    async def look(request: Request, response: Response) -> Health:
        """Answer 200 or 503; what is wrong and how to mend it is told to callers with the token."""
        checks = await health(parts.settings, parts.door.tasks())
        is_well = all(check.ok for check in checks)
        response.status_code = 200 if is_well else 503
        told = checks if has_token(request.headers, parts.token) else []
        return Health(status="ok" if is_well else "degraded", checks=told)

    return router
