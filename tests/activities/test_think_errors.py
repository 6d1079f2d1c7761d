"""Every way a call to Claude can fail, as it really comes out of the client."""

import shutil
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import anthropic
import pytest
from temporalio.exceptions import ApplicationError

from activities.provider_errors import retry_after_seconds
from demo.faults import Fault, error_event, rate_limited, refused, spend_limit
from demo.scenarios.steps import run
from demo.script import Text, Thinking, Turn
from models.problems import Problem
from models.steps import DecisionKind
from tests.activities.conftest import Begin, Rehearsal

BLOCKS = [Thinking(thinking="Let me see what is here."), Text(text="I look."), run("ls -la /")]
SECRET = "sk-ant-api03-" + "s3cret" * 8


def struck(*faults: Fault | None) -> Turn:
    return Turn(blocks=BLOCKS, faults=list(faults))


async def failure(task: Rehearsal, *, attempt: int = 1) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        await task.think(attempt=attempt)
    error = caught.value
    assert error.message.endswith(".")
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert "demo-key" not in repr(error)
    assert len(error.message) < 300
    return error


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        (refused(400, "tools.0: something is wrong"), "tools.0: something is wrong"),
        (refused(401, "invalid x-api-key"), "set ANTHROPIC_API_KEY"),
        (refused(402, "no credit"), "add credit"),
        (refused(403, "not allowed"), "may not use this model"),
        (refused(404, "model: claude-sonnet-5-5"), "claude-sonnet-5-5: set CLAUDE_MODEL"),
        (refused(413, "Request exceeds the maximum size"), "give a shorter goal"),
        (refused(422, "cannot process"), "status 422"),
        (spend_limit("enforced_spend_limit_reached"), "raise it in the Claude Console"),
        (spend_limit("contract_spend_limit_reached"), "raise it in the Claude Console"),
        (error_event("invalid_request_error", "no"), "status 400"),
        (error_event("authentication_error", "no"), "set ANTHROPIC_API_KEY"),
        (error_event("billing_error", "no"), "add credit"),
        (error_event("permission_error", "no"), "may not use this model"),
        (error_event("not_found_error", "no"), "set CLAUDE_MODEL"),
        (Fault(kind="status", status=529, should_retry=False), "status 529"),
    ],
)
async def test_what_another_attempt_cannot_mend(begin: Begin, fault: Fault, advice: str) -> None:
    error = await failure(begin(struck(fault)))
    assert error.type == Problem.PROVIDER_REJECTED
    assert error.non_retryable
    assert advice in error.message


@pytest.mark.parametrize(
    "fault",
    [
        refused(408),
        refused(409),
        refused(429),
        refused(500),
        refused(503),
        refused(504),
        refused(529),
        Fault(kind="status", status=502, html=True),
        Fault(kind="status", status=400, should_retry=True),
        error_event("overloaded_error"),
        error_event("api_error"),
        error_event("rate_limit_error"),
        error_event("timeout_error"),
        error_event("a_new_error"),
        Fault(kind="cut"),
        Fault(kind="early_end"),
        Fault(kind="early_end", after_events=1),
    ],
)
async def test_what_passes_is_tried_again(begin: Begin, fault: Fault) -> None:
    task = begin(struck(fault))
    error = await failure(task, attempt=7)
    assert error.type == Problem.PROVIDER_UNAVAILABLE
    assert not error.non_retryable
    assert error.next_retry_delay is None
    assert (await task.think(attempt=8)).kind is DecisionKind.ACT


@pytest.mark.parametrize("kind", ["empty", "broken_json"])
async def test_what_cannot_be_read_is_tried_again_a_few_times(begin: Begin, kind: str) -> None:
    task = begin(struck(Fault.model_validate({"kind": kind, "times": 3})))
    for attempt, lasting in ((1, False), (2, False), (3, True)):
        error = await failure(task, attempt=attempt)
        assert error.type == Problem.PROVIDER_UNAVAILABLE
        assert error.non_retryable is lasting
        assert "oops" not in error.message


async def test_a_silent_stream_is_given_up(begin: Begin) -> None:
    task = begin(struck(Fault(kind="hang")))
    task.client.timeout = anthropic.Timeout(20, read=0.2)
    error = await failure(task)
    assert error.type == Problem.PROVIDER_UNAVAILABLE
    assert not error.non_retryable
    assert task.heartbeats >= 3


async def test_the_provider_says_when_to_come_back(begin: Begin) -> None:
    error = await failure(begin(struck(rate_limited(7.5))))
    assert error.type == Problem.PROVIDER_UNAVAILABLE
    assert not error.non_retryable
    assert error.next_retry_delay == timedelta(seconds=7.5)


async def test_a_long_wait_is_a_quota(begin: Begin) -> None:
    error = await failure(begin(struck(rate_limited(1800))))
    assert error.type == Problem.PROVIDER_QUOTA
    assert error.non_retryable
    assert list(error.details) == [1800.0]
    assert "30 more minutes" in error.message


def test_the_forms_of_retry_after() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert retry_after_seconds({"retry-after-ms": "1500", "retry-after": "9"}) == 1.5
    assert retry_after_seconds({"retry-after": "9"}) == 9
    assert retry_after_seconds({"retry-after": soon}) == pytest.approx(90, abs=2)
    assert retry_after_seconds({"retry-after": "Mon, 01 Jan 2024 00:00:00 GMT"}) == 0
    assert retry_after_seconds({"retry-after": "soon"}) is None
    assert retry_after_seconds({}) is None


async def test_nobody_listens_at_the_address(begin: Begin) -> None:
    task = begin(struck())
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        task.client.base_url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    error = await failure(task)
    assert error.type == Problem.PROVIDER_UNAVAILABLE
    assert not error.non_retryable


async def test_there_is_no_key(begin: Begin) -> None:
    task = begin(struck())
    task.client = anthropic.AsyncAnthropic(api_key="", base_url=task.client.base_url)
    task.client.api_key = None
    async with task.client:
        error = await failure(task)
    assert error.type == Problem.PROVIDER_REJECTED
    assert error.non_retryable
    assert "ANTHROPIC_API_KEY" in error.message


@pytest.mark.parametrize("key", [SECRET, SECRET + "\n", SECRET + "ü"])
async def test_a_wrong_key_is_not_repeated(begin: Begin, key: str) -> None:
    task = begin(struck())
    async with task.client.copy(api_key=key) as client:
        task.client = client
        error = await failure(task)
    assert error.type == Problem.PROVIDER_REJECTED
    assert "ANTHROPIC_API_KEY" in error.message
    assert "s3cret" not in repr(error)


async def test_a_key_in_the_words_of_the_api_is_blotted_out(begin: Begin) -> None:
    error = await failure(begin(struck(refused(400, f"bad header {SECRET} here " + "x" * 9000))))
    assert "s3cret" not in error.message
    assert "bad header (key) here" in error.message


async def test_the_active_time_runs_out_while_claude_thinks(begin: Begin) -> None:
    task = begin(struck(Fault(kind="hang")))
    with pytest.raises(ApplicationError) as caught:
        await task.think(seconds_left=0.3)
    assert caught.value.type == Problem.TIME_LIMIT
    assert caught.value.non_retryable


async def test_a_late_attempt_is_turned_away_and_leaves_nothing(begin: Begin) -> None:
    task = begin(struck(), struck())
    early, late = task.request(), task.request()
    await task.run(late)
    with pytest.raises(ApplicationError) as caught:
        await task.run(early)
    assert caught.value.type == Problem.STALE_ATTEMPT
    assert caught.value.non_retryable


async def test_a_directory_that_is_gone_is_the_matter_of_the_host(begin: Begin) -> None:
    task = begin(struck())
    shutil.rmtree(task.directory.root)
    error = await failure(task)
    assert error.type == Problem.HOST_UNUSABLE
    assert error.non_retryable
    assert task.sent == []
