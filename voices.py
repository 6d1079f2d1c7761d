"""How the worker reaches voices and phones, put together from the settings."""

import asyncio
from collections.abc import Callable

from standardwebhooks.webhooks import EmptyWebhookSecretError

from activities.calls import CallActivities, CallFailed, CallSettings, Phone
from activities.voice import SignedWebhook, VoiceActivities
from cannot_work import CannotWork
from models.checks import Check
from models.notices import Channel
from settings import Settings

HOW_TO_SIGN = "set VOICE_WEBHOOK_SECRET to 24 characters or more, or to whsec_ and base64"

_TOLD = {
    Channel.VOICE: "whoever listens at /voice/events",
    Channel.VOICE_WEBHOOK: "VOICE_WEBHOOK_URL, by signed posts",
}


def voice_channels(settings: Settings) -> list[Channel]:
    """The channels to voices and phones that are set up."""
    is_set_up = {
        Channel.VOICE: settings.voice_events,
        Channel.VOICE_WEBHOOK: settings.voice_webhook_url is not None,
        Channel.PHONE: settings.has_phone,
    }
    return [channel for channel, is_there in is_set_up.items() if is_there]


async def check_voices(settings: Settings) -> list[Check]:
    """Look whether voices are told as the settings say; nobody is called or posted to."""
    told = [name for channel, name in _TOLD.items() if channel in voice_channels(settings)]
    checks = [_checked("Voices", lambda: make_voice(settings), ", ".join(told) or "nobody listens")]
    missing = [name for name, value in _phone_settings(settings).items() if not value]
    if len(missing) == len(_phone_settings(settings)):
        return checks
    if missing:
        detail = f"nobody can be called: set {', '.join(missing)}."
        return [*checks, Check(name="Phone", ok=False, detail=detail)]

    def try_phone() -> None:
        phone = make_phone(settings)
        if phone:
            phone.check()

    good = f"{settings.call_to} can be called"
    return [*checks, await asyncio.to_thread(_checked, "Phone", try_phone, good)]


def _phone_settings(settings: Settings) -> dict[str, object]:
    return {
        "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
        "TWILIO_AUTH_TOKEN": settings.twilio_auth_token,
        "TWILIO_FROM": settings.twilio_from,
        "CALL_TO": settings.call_to,
    }


def _checked(name: str, attempt: Callable[[], object], good: str) -> Check:
    try:
        attempt()
    except (CannotWork, CallFailed) as error:
        return Check(name=name, ok=False, detail=str(error))
    return Check(name=name, ok=True, detail=good)


def make_voice(settings: Settings) -> VoiceActivities:
    """Make what tells voices.

    Raises:
        CannotWork: there is an address to post to, but no secret to sign with.
    """
    url, secret = settings.voice_webhook_url, settings.voice_webhook_secret
    if url is None:
        return VoiceActivities()
    if secret is None:
        raise CannotWork(f"VOICE_WEBHOOK_URL needs a secret: {HOW_TO_SIGN}.")
    try:
        return VoiceActivities(SignedWebhook(url.get_secret_value(), secret.get_secret_value()))
    except (ValueError, EmptyWebhookSecretError):
        raise CannotWork(f"VOICE_WEBHOOK_SECRET cannot be used: {HOW_TO_SIGN}.") from None


def make_calls(settings: Settings) -> CallActivities:
    """Make what calls people.

    Raises:
        CannotWork: the numbers are set, but the package is missing.
    """
    return CallActivities(make_phone(settings), CallSettings(settings.call_on_completion))


def make_phone(settings: Settings) -> Phone | None:
    """Make the phone, if one is set up; only then is its package loaded."""
    account, token = settings.twilio_account_sid, settings.twilio_auth_token
    caller, called = settings.twilio_from, settings.call_to
    if not (account and token and caller and called):
        return None
    try:
        from activities.twilio_phone import TwilioPhone, twilio_client  # noqa: PLC0415 - an extra
    except ImportError:
        raise CannotWork(
            "TWILIO_ACCOUNT_SID is set, but the package twilio is missing: pip install twilio."
        ) from None
    client = twilio_client(account, token.get_secret_value(), settings.twilio_base_url)
    return TwilioPhone(client, caller, called)
