"""The way by n8n: what is posted to it, and what its answers mean (n8n/code/answer.js)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from temporalio.exceptions import ApplicationError

from activities.discord_n8n import KEY_HEADER, N8n
from activities.discord_outlet import BodyRefused, MessageGone, Post
from demo.server import serve
from models.problems import Problem
from models.updates import UpdateKind
from tests.activities.chat import update

KEY = "key-of-n8n"
NOTE = Post(body={"content": "hello"}, update=update(UpdateKind.NOTE, text="hello"), part="note")


class StandIn:
    """Answers as n8n's workflow does, in the order of `answers`."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/webhook/coding-events")
        async def events(request: Request) -> Response:
            self.bodies.append(await request.json())
            self.headers.append(dict(request.headers))
            status, body = self.answers.pop(0)
            if isinstance(body, str):
                return HTMLResponse(body, status)
            return JSONResponse(body, status)

        @app.get("/healthz")
        async def health() -> dict[str, str]:
            return {"status": "ok"}

        return app

    def outlet(self) -> N8n:
        return N8n(self.url, KEY)

    def trouble(self, status: int, body: Any, post: Post = NOTE) -> Exception:
        self.answers.append((status, body))
        with pytest.raises((ApplicationError, BodyRefused, MessageGone)) as raised:
            self.outlet().send(post)
        return raised.value


@pytest.fixture
def n8n() -> Iterator[StandIn]:
    stand_in = StandIn()
    with serve(stand_in.app()) as control:
        stand_in.url = f"{control.base_url}/webhook/coding-events"
        yield stand_in


def test_an_update_goes_whole_with_the_call_that_n8n_is_to_make(n8n: StandIn) -> None:
    n8n.answers += [(200, {"ok": True, "message_id": "77"})] * 2
    assert n8n.outlet().send(replace(NOTE, files={"run.log": "x"})).message_id == "77"
    n8n.outlet().send(replace(NOTE, message_id="77"))
    posted, edited = n8n.bodies
    assert posted["discord"] == {
        "method": "POST",
        "message_id": None,
        "body": {"content": "hello", "allowed_mentions": {"parse": []}},
        "files": {"run.log": "x"},
    }
    assert (posted["kind"], posted["seq"], posted["task_id"]) == ("note", 1, "task-a7f3")
    assert (edited["discord"]["method"], edited["discord"]["message_id"]) == ("PATCH", "77")
    assert n8n.headers[0][KEY_HEADER.lower()] == KEY
    assert n8n.headers[0]["idempotency-key"] == posted["id"] == "task-a7f3-1-1795341600.000-note"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"message": "The requested webhook is not registered."}),
        (500, {"message": "Error in workflow"}),
        (302, {}),
        (502, {"ok": False, "discord_status": 500, "error": "Discord answered 500"}),
        (502, "<html>proxy</html>"),
    ],
)
def test_what_time_mends_is_tried_again(n8n: StandIn, status: int, body: Any) -> None:
    error = n8n.trouble(status, body)
    assert isinstance(error, ApplicationError)
    assert (error.type, error.non_retryable) == (Problem.CHANNEL_AWAY, False)


def test_a_pause_that_discord_asks_for_is_the_next_delay(n8n: StandIn) -> None:
    error = n8n.trouble(429, {"ok": False, "discord_status": 429, "retry_after": 1.5})
    assert isinstance(error, ApplicationError)
    assert error.next_retry_delay == timedelta(seconds=1.5)


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_said_with_what_to_set(n8n: StandIn, status: int) -> None:
    error = n8n.trouble(status, "Authorization data is wrong!")
    assert isinstance(error, ApplicationError)
    assert error.non_retryable
    assert "N8N_WEBHOOK_KEY" in error.message
    assert KEY not in error.message


def test_refusals_of_discord_itself_mean_what_they_mean_there(n8n: StandIn) -> None:
    def said(status: int, words: str) -> dict[str, Any]:
        return {"ok": False, "discord_status": status, "error": words}

    assert isinstance(n8n.trouble(422, said(400, "Invalid Form Body")), BodyRefused)
    gone = n8n.trouble(422, said(404, "Unknown Message"), replace(NOTE, message_id="7"))
    assert isinstance(gone, MessageGone)
    error = n8n.trouble(422, said(404, "Unknown Webhook"))
    assert isinstance(error, ApplicationError)
    assert "404 Unknown Webhook" in error.message
    assert error.non_retryable


def test_the_doctor_asks_for_its_health_alone(n8n: StandIn) -> None:
    assert "n8n is there" in n8n.outlet().look()
    with pytest.raises(ApplicationError, match="n8n was not reached"):
        N8n("http://127.0.0.1:9/webhook/coding-events", KEY).look()
    assert n8n.bodies == []
