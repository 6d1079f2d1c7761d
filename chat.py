"""How the worker reaches Discord, put together from the settings."""

import asyncio
from collections.abc import Callable

from temporalio.exceptions import ApplicationError

from activities.discord import DiscordActivities
from activities.discord_n8n import N8n
from activities.discord_note import Manner
from activities.discord_outlet import Outlet
from activities.discord_webhook import MisshapenAddress, Webhook
from cannot_work import CannotWork
from models.checks import Check
from models.notices import Channel
from models.shown import Log, LogRequest
from policy.redaction import Redactor
from settings import Settings

NAME = "Discord"
NOBODY_TOLD = "is told nothing: set DISCORD_WEBHOOK_URL, or DISCORD_MODE=n8n and N8N_WEBHOOK_URL"


def discord_channels(settings: Settings) -> list[Channel]:
    """The channel to Discord, if it is set up."""
    return [Channel.DISCORD] if make_outlet(settings) else []


def make_discord(
    settings: Settings, redactor: Redactor, show_log: Callable[[LogRequest], Log]
) -> DiscordActivities:
    """Make what tells Discord.

    Raises:
        CannotWork: as `make_outlet`.
    """
    manner = Manner(
        detailed=settings.enable_detailed_updates,
        mention_user=settings.discord_mention_user or "",
        buttons=settings.discord_buttons,
        answers_here=bool(settings.discord_bot_token and settings.discord_channel_id),
    )
    outlet = make_outlet(settings)
    forum = settings.discord_forum and settings.discord_mode == "webhook"
    return DiscordActivities(outlet, manner, redactor, show_log, forum=forum)


def make_outlet(settings: Settings) -> Outlet | None:
    """Make the way out that DISCORD_MODE names; None where it is off, or has no address.

    Raises:
        CannotWork: the address is none of a webhook, or n8n has an address and no key.
    """
    match settings.discord_mode:
        case "webhook":
            return _webhook(settings)
        case "n8n" if settings.n8n_webhook_url:
            if settings.n8n_webhook_key is None:
                raise CannotWork("N8N_WEBHOOK_URL needs a key: set N8N_WEBHOOK_KEY as in n8n.")
            return N8n(settings.n8n_webhook_url, settings.n8n_webhook_key.get_secret_value())
    return None


async def check_discord(settings: Settings) -> Check:
    """Look whether Discord can be told, without telling it anything."""
    try:
        outlet = make_outlet(settings)
        if outlet is None:
            return _nothing_set_up(settings)
        return Check(name=NAME, ok=True, detail=await asyncio.to_thread(outlet.look))
    except CannotWork as error:
        return Check(name=NAME, ok=False, detail=str(error))
    except ApplicationError as error:
        return Check(name=NAME, ok=False, detail=error.message)


def _webhook(settings: Settings) -> Webhook | None:
    if settings.discord_webhook_url is None:
        return None
    try:
        url = settings.discord_webhook_url.get_secret_value()
        return Webhook(url, settings.discord_thread_id or "")
    except MisshapenAddress as error:
        raise CannotWork(f"DISCORD_WEBHOOK_URL cannot be used: {error}.") from None


def _nothing_set_up(settings: Settings) -> Check:
    if settings.discord_mode == "off":
        return Check(name=NAME, ok=True, detail="is told nothing, as DISCORD_MODE says")
    ok = settings.discord_mode == "webhook"
    return Check(name=NAME, ok=ok, detail=NOBODY_TOLD if ok else "N8N_WEBHOOK_URL is not set")
