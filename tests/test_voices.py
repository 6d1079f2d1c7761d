"""What doctor says of voices and phones."""

from typing import Any

import pytest

from cannot_work import CannotWork
from demo.server import serve
from models.notices import Channel
from settings import Settings
from tests.receiver import Twilio
from voices import check_voices, make_voice, voice_channels

PHONE = {
    "twilio_account_sid": "AC0",
    "twilio_auth_token": "token-of-twilio",
    "twilio_from": "+15550100",
    "call_to": "+15550199",
}
WEBHOOK = {"voice_webhook_url": "http://127.0.0.1:1/heard"}


def settings(**given: Any) -> Settings:
    return Settings(_env_file=None, **given)


async def told(**given: Any) -> list[tuple[bool, str]]:
    return [(check.ok, check.detail) for check in await check_voices(settings(**given))]


async def test_what_is_set_up_is_told() -> None:
    assert await told() == [(True, "whoever listens at /voice/events")]
    assert await told(voice_events=False) == [(True, "nobody listens")]
    (check,) = await told(**WEBHOOK, voice_webhook_secret="x" * 24)
    assert check == (
        True,
        "whoever listens at /voice/events, VOICE_WEBHOOK_URL, by signed posts",
    )


@pytest.mark.parametrize("secret", [{}, {"voice_webhook_secret": "whsec_" + "?" * 24}])
async def test_a_webhook_without_a_usable_secret_is_refused(secret: dict[str, str]) -> None:
    (check,) = await told(**WEBHOOK, **secret)
    assert check[0] is False
    assert "VOICE_WEBHOOK_SECRET" in check[1]
    with pytest.raises(CannotWork):
        make_voice(settings(**WEBHOOK, **secret))


async def test_a_phone_that_is_half_set_up_is_no_phone() -> None:
    half = PHONE | {"call_to": None, "twilio_from": None}
    assert (await told(**half))[1] == (
        False,
        "nobody can be called: set TWILIO_FROM, CALL_TO.",
    )
    assert voice_channels(settings(**half)) == [Channel.VOICE]
    assert settings(**half).asking.call_after_seconds is None
    assert settings(**PHONE).asking.call_after_seconds == 120


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("active", "+15550199 can be called"),
        ("suspended", "The account at Twilio is suspended."),
        ("", "Twilio answered 401 (error 401)."),
    ],
)
async def test_the_phone_is_tried_without_a_call(status: str, sentence: str) -> None:
    twilio = Twilio(status=status)
    if not status:
        twilio.answers.append((401, {}))
    with serve(twilio.app) as control:
        checks = await told(**PHONE, twilio_base_url=control.base_url)
    assert checks[1] == (status == "active", sentence)
    assert twilio.calls == []


@pytest.mark.parametrize("number", ["5550100", "+0155", "+1 555 0100"])
def test_numbers_are_as_twilio_wants_them(number: str) -> None:
    with pytest.raises(ValueError, match="call_to"):
        settings(call_to=number)
