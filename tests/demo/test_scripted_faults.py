"""Each fault comes out of the real client as `activities` relies on (SDK 2.12)."""

from typing import Any

import anthropic
import httpx2
import pytest

from demo.faults import FAULTS, Fault, error_event, rate_limited, refused
from demo.script import Text, ToolUse, Turn
from tests.demo.conftest import Stage, ask, user

BLOCKS: list[Any] = [
    Text(text="I run it."),
    ToolUse(name="run_command", input={"command": "make all the tests", "timeout_s": None}),
]


def faulty(stage: Stage, *faults: Fault, read_seconds: float = 10.0) -> anthropic.AsyncAnthropic:
    stage.claude.scenarios["faulty"] = [Turn(blocks=BLOCKS, faults=list(faults))]
    return stage.client("faulty", read_seconds=read_seconds)


@pytest.mark.parametrize(
    ("status", "kind", "error_type"),
    [
        (400, anthropic.BadRequestError, "invalid_request_error"),
        (401, anthropic.AuthenticationError, "authentication_error"),
        (402, anthropic.PaymentRequiredError, "billing_error"),
        (403, anthropic.PermissionDeniedError, "permission_error"),
        (404, anthropic.NotFoundError, "not_found_error"),
        (408, anthropic.RequestTimeoutError, "timeout_error"),
        (409, anthropic.ConflictError, "conflict_error"),
        (413, anthropic.ContentTooLargeError, "request_too_large"),
        (422, anthropic.UnprocessableEntityError, "invalid_request_error"),
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (500, anthropic.InternalServerError, "api_error"),
        (503, anthropic.ServiceUnavailableError, "api_error"),
        (504, anthropic.GatewayTimeoutError, "timeout_error"),
        (529, anthropic.OverloadedError, "overloaded_error"),
    ],
)
async def test_status_becomes_its_class(
    stage: Stage, status: int, kind: type[anthropic.APIStatusError], error_type: str
) -> None:
    with pytest.raises(kind) as caught:
        await ask(faulty(stage, refused(status, "as scripted")), [user()])
    assert type(caught.value) is kind
    assert caught.value.status_code == status
    assert caught.value.type == error_type
    assert caught.value.api_message == "as scripted"
    assert str(caught.value.request_id).startswith("req_")


async def test_gateway_page_has_no_type(stage: Stage) -> None:
    with pytest.raises(anthropic.InternalServerError) as caught:
        await ask(faulty(stage, FAULTS["bad_gateway"]), [user()])
    assert caught.value.status_code == 502
    assert caught.value.type is None


async def test_rate_limit_says_when_to_come_back(stage: Stage) -> None:
    with pytest.raises(anthropic.RateLimitError) as caught:
        await ask(faulty(stage, rate_limited(7)), [user()])
    assert type(caught.value) is anthropic.RateLimitError
    assert caught.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("spend_limit", anthropic.EnforcedSpendLimitReachedError),
        ("contract_limit", anthropic.ContractSpendLimitReachedError),
    ],
)
async def test_spend_limit_has_its_own_class_and_no_time(
    stage: Stage, name: str, kind: type[anthropic.RateLimitError]
) -> None:
    with pytest.raises(kind) as caught:
        await ask(faulty(stage, FAULTS[name]), [user()])
    assert isinstance(caught.value, anthropic.RateLimitError)
    assert "retry-after" not in caught.value.response.headers
    assert caught.value.response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    "error_type",
    ["overloaded_error", "api_error", "rate_limit_error", "invalid_request_error"],
)
async def test_error_event_is_a_plain_status_error_with_200(stage: Stage, error_type: str) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        await ask(faulty(stage, error_event(error_type, "mid-stream")), [user()])
    assert type(caught.value) is anthropic.APIStatusError
    assert caught.value.status_code == 200
    assert caught.value.type == error_type


@pytest.mark.parametrize("after_events", [0, 1, 6])
async def test_cut_is_a_raw_transport_error(stage: Stage, after_events: int) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        await ask(faulty(stage, Fault(kind="cut", after_events=after_events)), [user()])
    assert stage.control.requests()[-1]["outcome"] == "cut"


async def test_silence_within_a_stream_is_a_raw_timeout(stage: Stage) -> None:
    with pytest.raises(httpx2.ReadTimeout):
        await ask(faulty(stage, FAULTS["hang"], read_seconds=0.2), [user()])


async def test_silence_before_the_stream_is_a_timeout_of_the_client(stage: Stage) -> None:
    silent = Fault(kind="hang", after_events=0)
    with pytest.raises(anthropic.APITimeoutError):
        await ask(faulty(stage, silent, read_seconds=0.2), [user()])


async def test_early_end_raises_nothing_and_has_no_reason(stage: Stage) -> None:
    message = await ask(faulty(stage, Fault(kind="early_end", after_events=7)), [user()])
    assert message.stop_reason is None
    assert message.content[1].type == "tool_use"
    assert message.content[1].input == {}


async def test_empty_stream_is_a_bare_assertion(stage: Stage) -> None:
    with pytest.raises(AssertionError) as caught:
        await ask(faulty(stage, FAULTS["empty"]), [user()])
    assert type(caught.value) is AssertionError


async def test_broken_tool_input_is_a_value_error(stage: Stage) -> None:
    with pytest.raises(ValueError, match="Unable to parse tool parameter JSON"):
        await ask(faulty(stage, FAULTS["broken_json"]), [user()])


async def test_refused_connection_is_a_connection_error(stage: Stage) -> None:
    client = stage.client()
    client.base_url = httpx2.URL("http://127.0.0.1:1")
    with pytest.raises(anthropic.APIConnectionError):
        await ask(client, [user()])


async def test_faults_strike_in_order_then_the_call_succeeds(stage: Stage) -> None:
    client = faulty(stage, refused(529, times=2), refused(500))
    for kind in (anthropic.OverloadedError, anthropic.OverloadedError):
        with pytest.raises(kind):
            await ask(client, [user()])
    with pytest.raises(anthropic.InternalServerError):
        await ask(client, [user()])
    assert (await ask(client, [user()])).stop_reason == "tool_use"


async def test_faults_of_one_conversation_do_not_touch_another(stage: Stage) -> None:
    client = faulty(stage, refused(500))
    for goal in ("one", "two"):
        with pytest.raises(anthropic.InternalServerError):
            await ask(client, [user(goal)])


@pytest.mark.parametrize(
    "reason", ["max_tokens", "refusal", "model_context_window_exceeded", "end_turn"]
)
async def test_stop_reason_is_as_scripted(stage: Stage, reason: Any) -> None:
    message = await ask(stage.script("stopping", [Turn(stop_reason=reason)]), [user()])
    assert message.stop_reason == reason
    assert (message.stop_details is not None) == (reason == "refusal")
