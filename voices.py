"""How the worker reaches voices and phones, put together from the settings."""

from activities.calls import CallActivities, CallSettings, Phone
from activities.voice import SignedWebhook, VoiceActivities
from cannot_work import CannotWork
from models.notices import Channel
from settings import Settings

HOW_TO_SIGN = "set VOICE_WEBHOOK_SECRET to 24 characters or more, or to whsec_ and base64"


def voice_channels(settings: Settings) -> list[Channel]:
    """The channels to voices and phones that are set up."""
    is_set_up = {
        Channel.VOICE: settings.voice_events,
        Channel.VOICE_WEBHOOK: settings.voice_webhook_url is not None,
        Channel.PHONE: settings.has_phone,
    }
    return [channel for channel, is_there in is_set_up.items() if is_there]


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
    except ValueError:
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
