"""What counts as an answer in a channel: by the patterns in Python, and by the code in node."""

import json
import re
from typing import Any

import pytest

from tests.n8n.flows import N8N, run_code

MESSAGES: dict[str, dict[str, Any] | None] = {
    "6283": {"code": "6283"},
    " 6283. ": {"code": "6283"},
    "123456": {"code": "123456"},
    "<@123456789012345678> 6283": {"code": "6283"},
    "<@!12> 6283!": {"code": "6283"},
    "6283 #a7f3": {"code": "6283", "task_id": "a7f3"},
    "#a7f3 6283": {"code": "6283", "task_id": "a7f3"},
    "6283 walrus": {"code": "6283", "word": "walrus"},
    "6283 Walrus #task-a7f3": {"code": "6283", "word": "walrus", "task_id": "task-a7f3"},
    "6283 #a7f3 walrus": {"code": "6283", "word": "walrus", "task_id": "a7f3"},
    "code: zx81-6283": {"code": "zx81-6283"},
    "Code:zx81-6283 tango #a7f3": {"code": "zx81-6283", "word": "tango", "task_id": "a7f3"},
    "no": {"approve": False},
    "No.": {"approve": False},
    "NO!": {"approve": False},
    "deny": {"approve": False},
    "no #a7f3": {"approve": False, "task_id": "a7f3"},
    "no walrus": {"approve": False, "word": "walrus"},
    "no, keep the file": {"approve": False, "reason": "keep the file"},
    "no because it is mine": {"approve": False, "reason": "it is mine"},
    "no, because it is mine": {"approve": False, "reason": "it is mine"},
    "deny walrus because it is mine": {
        "approve": False,
        "word": "walrus",
        "reason": "it is mine",
    },
    "deny walrus #a7f3 because\nit is mine": {
        "approve": False,
        "word": "walrus",
        "task_id": "a7f3",
        "reason": "it is mine",
    },
    "deny walrus, it is mine": {"approve": False, "word": "walrus", "reason": "it is mine"},
    "": None,
    "12345678901": None,
    "628": None,
    "I have 6283 apples": None,
    "6283 apples are what I have": None,
    "it costs 1999": None,
    "2026-11-22": None,
    "62 83": None,
    "6283\n6284": None,
    "code red now": None,
    "code: x": None,
    "yes": None,
    "nothing": None,
    "now": None,
    "no idea what that means": None,
    "denying 6283": None,
    "#6283": None,
    "#a7f3": None,
    "see #a7f3 for 6283 reasons": None,
}

WHO = {
    "channel": "discord",
    "actor": "kim",
    "discord_user_id": "80351110224678912",
    "message_id": "1400000000000000001",
    "said_at": "2025-07-30T06:20:10.742Z",
}

each_message = pytest.mark.parametrize(("text", "meant"), MESSAGES.items(), ids=MESSAGES.keys())


def patterns() -> dict[str, re.Pattern[str]]:
    """The patterns of the code, as Python writes them."""
    source = (N8N / "code/read.js").read_text()
    found = re.findall(r"^const ([A-Z]+) = /(.+)/([a-z]*);$", source, re.MULTILINE)
    return {
        name: re.compile(
            re.sub(r"\(\?<(?=[a-z])", "(?P<", pattern),
            re.ASCII | (re.IGNORECASE if "i" in flags else 0) | (re.DOTALL if "s" in flags else 0),
        )
        for name, pattern, flags in found
    }


def understood(text: str) -> dict[str, Any] | None:
    """As `understood` in read.js."""
    known = patterns()
    line = known["MENTION"].sub("", text, count=1)
    task = known["TASK"].search(line)
    rest = known["TASK"].sub("", line, count=1).strip()
    given: dict[str, Any] = {"task_id": task["task"]} if task else {}
    if yes := known["YES"].fullmatch(rest):
        given |= {"code": yes["digits"] or yes["phrase"], "word": (yes["word"] or "").lower()}
    elif no := known["NO"].fullmatch(rest) or known["DENY"].fullmatch(rest):
        given |= {"approve": False, "word": (no["word"] or "").lower(), "reason": no["reason"]}
    else:
        return None
    return {name: value for name, value in given.items() if value not in {"", None}}


def message(text: str, **more: object) -> dict[str, Any]:
    return {
        "id": "1400000000000000001",
        "channel_id": "1390000000000000000",
        "content": text,
        "author": {"id": "80351110224678912", "username": "kim"},
    } | more


@each_message
def test_the_patterns(text: str, meant: dict[str, Any] | None) -> None:
    assert understood(text) == meant


def test_the_code() -> None:
    """As the table says, in one run: with who wrote it, and which message it was."""
    texts = list(MESSAGES)
    read = run_code("read.js", [message(text) for text in texts])["items"]
    for text, item in zip(texts, read, strict=True):
        meant = MESSAGES[text]
        assert item["taken"] is (meant is not None), text
        assert item["has_code"] is ("code" in (meant or {})), text
        if meant:
            assert json.loads(item["raw"]) == meant | WHO, text


def test_bots_webhooks_and_nonsense_are_not_heard() -> None:
    robots = [
        message("6283", author={"id": "1", "bot": True}),
        message("6283", webhook_id="2"),
        message("6283", content=None),
        message("6283", author=None, webhook_id="3"),
    ]
    assert [one["taken"] for one in run_code("read.js", robots)["items"]] == [False] * 4
    assert run_code("read.js", [{}, {"id": "../../x"}, {"body": {}}])["items"] == []


def test_a_message_that_was_posted_to_n8n_is_read_like_one_of_the_channel() -> None:
    (read,) = run_code("read.js", [{"headers": {}, "body": message("6283")}])["items"]
    assert read["taken"]


@pytest.mark.parametrize("length", [10_000, 100_000])
def test_a_long_message_is_read_in_no_time(length: int) -> None:
    assert understood("no " + "a" * length) is None
    assert understood("6283" + " #a" * length) is None
    run_code("read.js", [message("deny" + " ," * length), message("no " + ".\n" * length)])
