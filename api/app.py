"""The api put together."""

import http

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from temporalio.converter import PayloadCodec

from api.codec import codec_router
from api.security import Guard


def create_app(codec: PayloadCodec, guard: Guard) -> FastAPI:
    """Make the app. Only pages of `guard.origins` are let by the browser to read its answers."""
    app = FastAPI(title="TARS", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=sorted(guard.origins),
        allow_methods=["POST"],
        allow_headers=["Content-Type", "X-Namespace"],
    )
    app.add_exception_handler(HTTPException, _problem)
    app.include_router(codec_router(codec, guard))
    return app


async def _problem(_request: Request, error: Exception) -> Response:
    """RFC 9457."""
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse(
        {
            "type": "about:blank",
            "title": http.HTTPStatus(error.status_code).phrase,
            "status": error.status_code,
            "detail": error.detail,
        },
        error.status_code,
        error.headers,
        media_type="application/problem+json",
    )
