"""Others that are posted to: a webhook's receiver and as much of Twilio as calls need."""

from collections import deque
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse


class Received(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


class Receiver:
    """Answers 200 to everything, but first what `answers` holds: statuses with headers."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: deque[tuple[int, dict[str, str]]] = deque()
        self.app = FastAPI(openapi_url=None)
        self.app.api_route("/{path:path}", methods=["GET", "POST"])(self._take)

    async def _take(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Received(request.method, request.url.path, headers, await request.body())
        self.received.append(seen)
        if self.answers:
            status, more = self.answers.popleft()
            return Response("no", status, more)
        return self.answer(seen)

    def answer(self, _seen: Received) -> Response:
        return Response()


class Twilio(Receiver):
    """Keeps the calls; `status` is the account's."""

    def __init__(self, status: str = "active") -> None:
        super().__init__()
        self._status = status
        self.calls: list[dict[str, Any]] = []

    def answer(self, seen: Received) -> Response:
        if not seen.path.endswith("/Calls.json"):
            return JSONResponse({"sid": "AC0", "status": self._status})
        if seen.method == "GET":
            return JSONResponse({"calls": self.calls[::-1], "page": 0, "page_size": 50})
        call = {
            "sid": f"CA{len(self.calls):032x}",
            "date_created": format_datetime(datetime.now(UTC)),
            "status": "queued",
            **{name.lower(): value for name, value in seen.form.items()},
        }
        self.calls.append(call)
        return JSONResponse(call, 201)

    @property
    def said(self) -> list[str]:
        """TwiML of the calls."""
        return [str(call["twiml"]) for call in self.calls]


class HalfDeaf(Twilio):
    """Places a call and then answers as if it had not."""

    def answer(self, seen: Received) -> Response:
        placed = super().answer(seen)
        return Response("oh", 500) if seen.method == "POST" and len(self.calls) == 1 else placed
