"""Calls on the phone: what is said, when nobody is called, and that one call is one call."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.calls import CallFailed, what_to_say
from activities.twilio_phone import TwilioPhone, twilio_client
from demo.server import serve
from models.task import Phase
from models.updates import WHY_CALLED, Update, UpdateKind
from tests.ports import free_port
from tests.receiver import Twilio

FROM, TO = "+15550100", "+15550199"


def phone_at(url: str) -> TwilioPhone:
    return TwilioPhone(twilio_client("AC0", "hidden-token", url), FROM, TO)


def asking(seconds_left: float = 130) -> Update:
    now = datetime.now(UTC)
    return Update(
        at=now,
        task_id="task-a7f3",
        kind=UpdateKind.CONFIRMATION_REMINDER,
        phase=Phase.CODING,
        chat="",
        data={
            "why": WHY_CALLED,
            "word": "falcon",
            "reason": "delete `build`",
            "expires_at": (now + timedelta(seconds=seconds_left)).isoformat(),
        },
    )


def test_a_call_says_what_is_asked_without_the_commands_symbols() -> None:
    assert what_to_say(asking(), "Build a calculator with tests") == (
        "Hello. This is about your coding task: Build a calculator with tests. "
        "It needs your code for falcon, to delete build. It waits for two minutes more."
    )


def test_a_call_says_how_it_ended() -> None:
    end = asking().model_copy(
        update={"kind": UpdateKind.TASK_COMPLETED, "speak": "The calculator is ready."}
    )
    assert what_to_say(end, "Build a calculator") == (
        "Hello. This is about your coding task: Build a calculator. The calculator is ready."
    )


def test_a_call_is_placed_and_found_again() -> None:
    twilio = Twilio()
    before = datetime.now(UTC)
    with serve(twilio.app) as control:
        phone = phone_at(control.base_url)
        assert not phone.called_since(before)
        phone.call("It needs your code & more.")
        assert phone.called_since(before)
        assert not phone.called_since(datetime.now(UTC) + timedelta(seconds=2))
    (call,) = twilio.calls
    assert (call["from"], call["to"], call["timeout"]) == (FROM, TO, "30")
    words = "<Say>It needs your code &amp; more.</Say>"
    assert call["twiml"].count(words) == 2
    posted = twilio.received[1]
    assert posted.path == "/2010-04-01/Accounts/AC0/Calls.json"
    assert posted.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("status", "is_for_good"), [(400, True), (401, True), (404, True), (429, False), (503, False)]
)
def test_refusals(status: int, *, is_for_good: bool) -> None:
    twilio = Twilio()
    twilio.answers.append((status, {}))
    with serve(twilio.app) as control, pytest.raises(CallFailed) as failed:
        phone_at(control.base_url).call("Hello.")
    assert failed.value.is_for_good is is_for_good
    assert f"answered {status}" in str(failed.value)


def test_no_error_tells_account_token_or_number() -> None:
    with pytest.raises(CallFailed) as failed:
        phone_at(f"http://127.0.0.1:{free_port()}").called_since(datetime.now(UTC))
    assert failed.value.is_for_good is False
    assert str(failed.value) == "Twilio cannot be reached (ConnectionError)."
    assert failed.value.__cause__ is None
