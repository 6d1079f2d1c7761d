"""The code between the nodes: where reading goes on, and what is made of answers."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.n8n.flows import run_code

DISCORD_BEGAN_MS = 1_420_070_400_000
"""First second of 2015: from it Discord's ids count."""


def read(number: int, *, taken: bool, age_seconds: float = 0) -> dict[str, Any]:
    said_at = datetime.now(UTC) - timedelta(seconds=age_seconds)
    item = {"id": str(number), "taken": taken, "has_code": taken, "channel_id": "7"}
    return item | {"said_at": said_at.isoformat()}


def http(status: int | None, body: object = "", **headers: str) -> dict[str, Any]:
    """An answer as the HTTP Request node gives it."""
    if status is None:
        return {"error": {"message": "connect ECONNREFUSED"}}
    text = body if isinstance(body, str) else json.dumps(body)
    return {"statusCode": status, "headers": headers, "data": text}


def answered(given: dict[str, Any]) -> dict[str, Any]:
    (item,) = run_code("answer.js", [given], others={"Event": {"headers": {}}})["items"]
    assert isinstance(item, dict)
    return item


def heard(status: int | None, body: object = "", *, has_code: bool = True) -> dict[str, Any]:
    """What is made of the api's answer; without a status there was none."""
    sent = {"id": "41", "channel_id": "7", "has_code": has_code}
    (item,) = run_code("heard.js", [http(status, body)], others={"Sign": sent})["items"]
    assert isinstance(item, dict)
    return item


def test_the_first_run_begins_now_and_later_ones_where_they_were() -> None:
    ran = run_code("cursor.js", [])
    after = int(ran["items"][0]["after"])
    assert abs((after >> 22) + DISCORD_BEGAN_MS - time.time() * 1000) < 60_000
    again = run_code("cursor.js", [], kept=ran["kept"])
    assert again["items"] == ran["items"]


def test_the_oldest_answer_is_picked_and_the_cursor_waits_for_it() -> None:
    page = [read(10**18 + 3, taken=True), read(999, taken=False), read(10**18, taken=True)]
    ran = run_code("pick.js", page, kept={"after": "5"})
    assert [one["id"] for one in ran["items"]] == [str(10**18)]
    assert ran["kept"] == {"after": "5"}


def test_where_nothing_is_an_answer_the_cursor_moves_to_the_last_message() -> None:
    ran = run_code("pick.js", [read(10, taken=False), read(9, taken=False)], kept={"after": "5"})
    assert (ran["items"], ran["kept"]) == ([], {"after": "10"})
    assert run_code("pick.js", [], kept={"after": "5"})["kept"] == {"after": "5"}


def pick(page: list[dict[str, Any]], timeout_seconds: str = "300") -> dict[str, Any]:
    env = {"CONFIRMATION_TIMEOUT_SECONDS": timeout_seconds}
    (item,) = run_code("pick.js", page, kept={"after": "5"}, env=env)["items"]
    assert isinstance(item, dict)
    return item


def test_an_answer_that_nobody_took_in_time_is_given_up_and_told() -> None:
    late, next_one = read(41, taken=True, age_seconds=301), read(42, taken=True, age_seconds=299)
    given_up = pick([next_one, late])
    assert (given_up["id"], given_up["late"]) == ("41", True)
    assert "give it again" in given_up["tell"]
    advanced = run_code("advance.js", [given_up], kept={"after": "5"})
    assert advanced["kept"] == {"after": "41"}, "it holds up nobody any more"
    assert advanced["items"] == [given_up]
    assert (pick([next_one])["late"], pick([next_one])["tell"]) == (False, "")
    assert pick([read(41, taken=True, age_seconds=50)], "2")["late"] is False, "polls take a while"


def test_the_cursor_never_goes_back() -> None:
    kept = {"after": str(10**18)}
    assert run_code("advance.js", [heard(200)], kept=dict(kept))["kept"] == kept
    assert run_code("pick.js", [read(41, taken=False)], kept=dict(kept))["kept"] == kept


@pytest.mark.parametrize("status", [None, 401, 408, 429, 500, 502, 503])
def test_the_cursor_stays_where_the_api_did_not_take_the_answer(status: int | None) -> None:
    item = heard(status)
    assert (item["again"], item["tell"]) == (True, "")
    ran = run_code("advance.js", [item], kept={"after": "5"})
    assert ran["kept"] == {"after": "5"}
    assert "next run tries again" in ran["error"]


@pytest.mark.parametrize("status", [200, 400, 403, 404, 409, 410, 422, 423])
def test_the_cursor_moves_on_once_it_has(status: int) -> None:
    ran = run_code("advance.js", [heard(status)], kept={"after": "5"})
    assert ran["kept"] == {"after": "41"}
    assert ran["items"][0]["channel_id"] == "7"


def test_what_a_person_is_told() -> None:
    wrong = {"outcome": "wrong_code", "message": "Wrong code, 2 tries left."}
    unknown = {"outcome": "unknown_request", "message": "'zebra' belongs to no request."}
    nothing = {"outcome": "nothing_waiting", "message": "No task waits for a code."}
    assert heard(200, {"outcome": "accepted", "message": "Fine."})["tell"] == ""
    assert heard(200, {"outcome": "denied", "message": "Fine."})["tell"] == ""
    assert heard(403, wrong)["tell"] == "", "the task tells it"
    assert heard(404, unknown)["tell"] == unknown["message"]
    assert heard(409, nothing)["tell"] == nothing["message"]
    assert heard(409, nothing, has_code=False)["tell"] == ""
    assert heard(409, {"detail": "Several wait."})["tell"] == "Several wait."
    assert heard(400, "<html>")["tell"] == ""
    early = {"outcome": "too_early", "message": "That was said before this was asked."}
    assert heard(409, early)["tell"] == heard(409, early, has_code=False)["tell"]
    assert heard(409, early)["tell"] == early["message"]


def test_what_the_sender_is_told_of_discord() -> None:
    posted = answered(http(200, {"id": "77"}))
    assert posted["code"] == 200
    assert posted["body"] == {"ok": True, "message_id": "77", "discord_status": 200}
    away = answered(http(None))
    assert (away["code"], away["body"]["error"]) == (502, "Discord was not reached")
    assert answered(http(503, "<html>"))["code"] == 502
    gone = answered(http(404, {"message": "Unknown Webhook", "code": 10015}))
    assert (gone["code"], gone["body"]["discord_status"]) == (422, 404)
    assert gone["body"]["error"] == "Unknown Webhook"


def test_the_wait_that_discord_asks_for_reaches_the_sender() -> None:
    limited = answered(http(429, {"message": "slow", "retry_after": 1.25}))
    assert (limited["code"], limited["retry_after"]) == (429, "2")
    assert limited["body"]["retry_after"] == 1.25
    by_header = answered(http(429, "<html>", **{"retry-after": "40"}))
    assert by_header["body"]["retry_after"] == 40
    assert answered(http(429))["body"]["retry_after"] == 5


def test_what_was_posted_is_not_posted_again() -> None:
    event = {"headers": {"idempotency-key": "task-a7f3-1-card"}}
    assert run_code("seen.js", [event])["items"][0]["known"] is False
    kept: dict[str, Any] = {"posted": {f"old-{number}": "1" for number in range(200)}}
    refused = run_code("answer.js", [http(429)], others={"Event": event}, kept=kept)
    assert refused["kept"] == kept
    posted = run_code("answer.js", [http(200, {"id": "77"})], others={"Event": event}, kept=kept)
    assert len(posted["kept"]["posted"]) == 200
    (seen,) = run_code("seen.js", [event], kept=posted["kept"])["items"]
    assert (seen["known"], seen["body"]["message_id"]) == (True, "77")
