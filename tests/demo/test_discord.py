"""The stub Discord behaves as the real one where senders and readers can tell."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.discord import WEBHOOK_PATH, serve_discord
from demo.discord_channel import BOT_TOKEN, CHANNEL_ID, Discord, Limit

TIMEOUT_SECONDS = 10
BOT = {"Authorization": f"Bot {BOT_TOKEN}"}


class Wire:
    """A stub that is served, and calls to it."""

    def __init__(self, discord: Discord, url: str) -> None:
        self.discord, self.url = discord, url

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        return requests.request(method, self.url + path, timeout=TIMEOUT_SECONDS, **more)

    def post(self, body: dict[str, Any], query: str = "?wait=true") -> requests.Response:
        return self.call("POST", f"/api/v10{WEBHOOK_PATH[4:]}{query}", json=body)

    def say(self, content: str) -> dict[str, Any]:
        said: dict[str, Any] = self.call("POST", "/_demo/say", json={"content": content}).json()
        return said

    def history(self, query: str = "", **headers: str) -> requests.Response:
        return self.call("GET", f"/api/v10/channels/{CHANNEL_ID}/messages{query}", headers=headers)


@pytest.fixture
def wire() -> Iterator[Wire]:
    discord = Discord()
    with serve_discord(discord) as url:
        yield Wire(discord, url)


def test_a_message_is_posted_edited_and_read_by_a_bot(wire: Wire) -> None:
    posted = wire.post({"content": "first", "flags": 4096}).json()
    edited = wire.call(
        "PATCH", f"{WEBHOOK_PATH}/messages/{posted['id']}", json={"content": "second"}
    )
    assert edited.json()["content"] == "second"
    said = wire.say("6283")
    seen = wire.history(f"?after={posted['id']}", **BOT).json()
    assert [(one["content"], one["author"]["bot"]) for one in seen] == [("6283", False)]
    path = f"/api/v10/channels/{CHANNEL_ID}/messages/{said['id']}"
    assert wire.call("DELETE", path, headers=BOT).status_code == 204
    assert wire.discord.contents == ["second"]


def test_without_wait_there_is_no_body_and_without_a_right_no_answer(wire: Wire) -> None:
    quiet = wire.post({"content": "x"}, query="")
    assert (quiet.status_code, quiet.content) == (204, b"")
    assert wire.history(Authorization="Bot other").status_code == 401
    assert wire.call("POST", "/api/webhooks/1001/wrong", json={}).json()["code"] == 50027
    assert wire.call("POST", "/api/webhooks/9/gone", json={}).json()["code"] == 10015


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"content": "x" * 2_001},
        {"embeds": [{"title": "x"}] * 11},
        {"embeds": [{"title": "x" * 257}]},
        {"embeds": [{"description": "x" * 4_000}, {"description": "x" * 2_001}]},
        {"embeds": [{"fields": [{"name": "x", "value": " "}]}]},
        {"embeds": [{"fields": [{"name": "x", "value": "y"}] * 26}]},
        {"content": "x", "flags": 1},
        {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
        {"content": "x", "components": [{"type": 1, "components": [{"type": 2, "style": 3}]}]},
    ],
)
def test_what_discord_refuses_is_refused(wire: Wire, body: dict[str, Any]) -> None:
    assert wire.post(body).status_code == 400
    assert wire.discord.messages == []


def test_too_many_calls_are_told_when_to_come_back_in_the_unit_of_their_version() -> None:
    clock: Callable[[], float] = lambda: 0.0  # noqa: E731
    discord = Discord(limit=Limit(1, 2.0, clock))
    with serve_discord(discord) as url:
        wire = Wire(discord, url)
        assert wire.post({"content": "x"}).headers["X-RateLimit-Remaining"] == "0"
        assert wire.post({"content": "x"}).json()["retry_after"] == 2.0
        old = wire.call("POST", WEBHOOK_PATH, json={"content": "x"})
        assert (old.status_code, old.json()["retry_after"]) == (429, 2000)


def test_files_come_beside_the_message_and_can_be_fetched(wire: Wire) -> None:
    form = {"payload_json": (None, '{"content": "log"}'), "f": ("run.log", b"\x00 line\r\n")}
    posted = wire.call("POST", f"{WEBHOOK_PATH}?wait=1", files=form).json()
    (attachment,) = posted["attachments"]
    assert attachment["filename"] == "run.log"
    assert wire.call("GET", attachment["url"]).content == b"\x00 line\r\n"
    path = f"{WEBHOOK_PATH}/messages/{posted['id']}"
    assert wire.call("PATCH", path, json={"attachments": []}).json()["attachments"] == []


def test_troubles_on_request(wire: Wire) -> None:
    for fault in (
        {"status": 502, "html": True},
        {"status": 429, "retry_after_seconds": 0.5},
        {"status": 500, "saved": True},
    ):
        assert wire.call("POST", "/_demo/faults", json=fault).status_code == 204
    assert "<html>" in wire.post({"content": "a"}).text
    assert wire.post({"content": "b"}).json()["retry_after"] == 0.5
    assert wire.post({"content": "c"}).status_code == 500
    assert wire.discord.contents == ["c"]


def test_a_thread_is_a_channel_of_its_own_and_a_forum_has_only_threads() -> None:
    discord = Discord(forum=True)
    with serve_discord(discord) as url:
        wire = Wire(discord, url)
        assert wire.post({"content": "x"}).json()["code"] == 220001
        posted = wire.post({"content": "x", "thread_name": "task"}).json()
        path = f"{WEBHOOK_PATH}/messages/{posted['id']}"
        assert wire.call("PATCH", path, json={"content": "y"}).status_code == 404
        inside = f"{path}?thread_id={posted['channel_id']}"
        assert wire.call("PATCH", inside, json={"content": "y"}).status_code == 200


def test_the_page_shows_what_was_written_as_text(wire: Wire) -> None:
    wire.post({"content": "<script>", "embeds": [{"title": "A & B", "color": 255}]})
    assert "<form>" in wire.call("GET", "/").text
    page = wire.call("GET", "/_demo/page").text
    assert "&lt;script&gt;" in page
    assert "A &amp; B" in page


def test_as_a_process_it_keeps_its_messages_over_a_kill(tmp_path: Path) -> None:
    def play(say: str) -> list[str]:
        words = ["-m", "demo.discord", "--keep", str(tmp_path / "kept.json")]
        with subprocess.Popen(
            [sys.executable, *words], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            url = process.stdout.readline().strip()
            assert process.stdout.readline().strip() == f"DISCORD_WEBHOOK_URL={url}{WEBHOOK_PATH}"
            wire = Wire(Discord(), url)
            wire.say(say)
            contents = [one["content"] for one in wire.history(**BOT).json()]
            process.kill()
        return contents

    assert play("one") == ["one"]
    assert play("two") == ["two", "one"]
