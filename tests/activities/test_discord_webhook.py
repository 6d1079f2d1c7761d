"""The webhook over real HTTP: what Discord may answer, and what becomes of it."""

import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response
from temporalio.exceptions import ApplicationError

from activities.discord_note import SILENT
from activities.discord_outlet import BodyRefused, MessageGone, Post
from activities.discord_webhook import SILENT_POSTS_A_MINUTE, MisshapenAddress, Webhook
from demo.discord import WEBHOOK_PATH, serve_discord
from demo.discord_channel import WEBHOOK_TOKEN, Discord, Fault, Limit
from demo.server import serve
from models.problems import Problem
from models.updates import UpdateKind
from tests.activities.chat import update

HELLO = Post(body={"content": "hello"}, update=update(UpdateKind.NOTE), part="note")


class Line:
    """A stub that is served, and a webhook to it."""

    def __init__(self, discord: Discord, url: str) -> None:
        self.discord, self.url = discord, url
        self.webhook = Webhook(url + WEBHOOK_PATH)

    def trouble(self, post: Post = HELLO, **fault: Any) -> ApplicationError:
        """Send while Discord is in trouble; answer what was raised."""
        if fault:
            self.discord.faults.append(Fault(**fault))
        with pytest.raises(ApplicationError) as raised:
            self.webhook.send(post)
        return raised.value


@pytest.fixture
def line() -> Iterator[Line]:
    discord = Discord()
    with serve_discord(discord) as url:
        yield Line(discord, url)


def test_a_message_is_posted_edited_and_nothing_else_is_sent(line: Line) -> None:
    body = {"content": "hello", "flags": 4_096, "embeds": [{"title": "x"}]}
    sent = line.webhook.send(replace(HELLO, body=body | {"proxies": "no", "timeout": 3}))
    edit = replace(HELLO, body={"content": "bye"}, message_id=sent.message_id)
    assert line.webhook.send(edit).message_id == sent.message_id
    posted, edited = line.discord.seen
    quiet: dict[str, Any] = {"allowed_mentions": {"parse": []}}
    assert posted.path.startswith("/api/v10/webhooks/")
    assert (posted.query, posted.body) == ({"wait": "True"}, body | quiet)
    assert (edited.method, edited.body) == ("PATCH", {"content": "bye"} | quiet)
    assert line.discord.contents == ["bye"]


def test_files_buttons_and_threads_go_along(line: Line) -> None:
    line.discord.app_owned = True
    button = {"type": 2, "style": 3, "label": "Yes", "custom_id": "x"}
    rows = [{"type": 1, "components": [button]}]
    body = {"content": "log", "components": rows}
    sent = line.webhook.send(replace(HELLO, body=body, files={"run.log": "£\n"}, thread_id="77"))
    assert sent.channel_id == "77"
    (message,) = line.discord.messages
    assert line.discord.files[message.attachments[0]["id"]] == "£\n".encode()
    assert line.discord.seen[0].query["with_components"] == "true"
    edit = replace(HELLO, message_id=sent.message_id, thread_id="77")
    assert line.webhook.send(edit).message_id == sent.message_id


def test_a_thread_in_the_address_or_in_the_settings_is_where_messages_go(line: Line) -> None:
    address = line.url + WEBHOOK_PATH
    assert Webhook(f"{address}?thread_id=88").send(HELLO).channel_id == "88"
    assert Webhook(address, "99").send(HELLO).channel_id == "99"


@pytest.mark.parametrize("after", [0.5, 40.0])
def test_a_pause_that_discord_asks_for_is_the_next_delay(line: Line, after: float) -> None:
    error = line.trouble(status=429, retry_after_seconds=after)
    assert error.type == Problem.CHANNEL_AWAY
    assert error.next_retry_delay == timedelta(seconds=after)
    assert not error.non_retryable


def test_a_pause_holds_for_all_tasks_and_for_posts_or_edits_alone(line: Line) -> None:
    now = 0.0
    line.webhook = Webhook(line.url + WEBHOOK_PATH, clock=lambda: now)
    sent = line.webhook.send(HELLO)
    line.trouble(status=429, retry_after_seconds=40)
    assert line.trouble().next_retry_delay == timedelta(seconds=40)
    assert len(line.discord.seen) == 2
    line.webhook.send(replace(HELLO, message_id=sent.message_id))
    now = 41.0
    line.webhook.send(HELLO)


def test_silent_messages_leave_room_for_what_rings(line: Line) -> None:
    now = 0.0
    line.discord.limit = Limit(1_000, 2.0, time.monotonic)
    line.webhook = Webhook(line.url + WEBHOOK_PATH, clock=lambda: now)
    silent = replace(HELLO, body={"content": "x", "flags": SILENT})
    for _ in range(SILENT_POSTS_A_MINUTE):
        line.webhook.send(silent)
        now += 1
    error = line.trouble(silent)
    assert error.next_retry_delay == timedelta(seconds=60 - SILENT_POSTS_A_MINUTE)
    line.webhook.send(HELLO)
    now = 60
    line.webhook.send(silent)


def test_a_ban_by_the_proxy_has_no_json_and_is_waited_out(line: Line) -> None:
    assert line.trouble(status=429, html=True).next_retry_delay == timedelta(minutes=1)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"status": 502, "html": True},
        {"status": 200, "html": True},
        {"status": 403, "html": True},
        {"status": 408},
    ],
)
def test_what_time_mends_is_tried_again(line: Line, fault: dict[str, Any]) -> None:
    error = line.trouble(**fault)
    assert error.type == Problem.CHANNEL_AWAY
    assert not error.non_retryable
    assert error.next_retry_delay is None


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_nothing_mends_is_said_with_what_to_set(line: Line, status: int) -> None:
    error = line.trouble(status=status, message="Unknown Webhook", code=10015)
    assert error.type == Problem.CHANNEL_REFUSED
    assert error.non_retryable
    assert error.message == (
        f"Discord takes no messages ({status} Unknown Webhook): "
        "set DISCORD_WEBHOOK_URL to one that works."
    )


def test_an_address_that_leads_elsewhere_is_refused(line: Line) -> None:
    app = FastAPI()

    @app.post("/{path:path}")
    async def moved() -> Response:
        return RedirectResponse(line.url + WEBHOOK_PATH, 301)

    with serve(app) as control, pytest.raises(ApplicationError, match="elsewhere") as raised:
        Webhook(control.base_url + WEBHOOK_PATH).send(HELLO)
    assert raised.value.non_retryable
    assert line.discord.messages == []


def test_a_message_that_breaks_a_rule_and_one_that_was_deleted_are_told_apart(line: Line) -> None:
    with pytest.raises(BodyRefused):
        line.webhook.send(replace(HELLO, body={"content": "x" * 2_001}))
    with pytest.raises(MessageGone):
        line.webhook.send(replace(HELLO, message_id="123"))


def test_silence_is_not_waited_for_for_ever(line: Line) -> None:
    line.webhook = Webhook(line.url + WEBHOOK_PATH, read_seconds=0.2)
    assert "ReadTimeout" in line.trouble(hang_seconds=5).message


def test_nobody_there_is_told_without_the_address(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}{WEBHOOK_PATH}"
        with caplog.at_level(logging.DEBUG), pytest.raises(ApplicationError) as raised:
            Webhook(address).send(HELLO)
    error = raised.value
    assert error.message == "Discord was not reached: ConnectionError."
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert WEBHOOK_TOKEN not in str(error)


def test_the_limit_is_told_before_it_is_passed(line: Line) -> None:
    rests = [line.webhook.send(HELLO).rest_seconds for _ in range(line.discord.limit.calls)]
    assert rests[:-1] == [0.0] * (line.discord.limit.calls - 1)
    assert 0 < rests[-1] <= line.discord.limit.seconds


@pytest.mark.parametrize(
    "address", ["https://discord.com/api/webhooks/1", "http://x.test", "ftp://x/api/webhooks/1/a"]
)
def test_an_address_that_is_none_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(MisshapenAddress) as raised:
        Webhook(address)
    assert address not in str(raised.value)


def test_the_doctor_asks_for_the_name_alone(line: Line) -> None:
    assert line.webhook.look() == "messages go to the webhook TARS"
    with pytest.raises(ApplicationError, match="Unknown Webhook"):
        Webhook(line.url + "/api/webhooks/9/x").look()
    assert line.discord.messages == []
