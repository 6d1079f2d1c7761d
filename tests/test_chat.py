"""Discord as the settings have it: which way out, and what `doctor` says of it."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from activities.discord_n8n import N8n
from activities.discord_webhook import Webhook
from cannot_work import CannotWork
from chat import NOBODY_TOLD, check_discord, discord_channels, make_outlet
from demo.discord import WEBHOOK_PATH, serve_discord
from demo.discord_channel import WEBHOOK_TOKEN, Discord
from logs import make_redactor
from models.notices import Channel
from settings import Settings

ADDRESS = SecretStr(f"https://discord.com{WEBHOOK_PATH}")
N8N = {"discord_mode": "n8n", "n8n_webhook_url": "http://127.0.0.1:9/webhook/coding-events"}


def given(**settings: Any) -> Settings:
    return Settings(_env_file=None, **settings)


@pytest.mark.parametrize(
    ("settings", "outlet"),
    [
        ({}, None),
        ({"discord_webhook_url": ADDRESS}, Webhook),
        ({"discord_webhook_url": ADDRESS, "discord_mode": "off"}, None),
        ({**N8N, "n8n_webhook_key": SecretStr("key-of-n8n")}, N8n),
        ({"discord_mode": "n8n", "discord_webhook_url": ADDRESS}, None),
    ],
)
def test_the_mode_names_the_way_out(settings: dict[str, Any], outlet: type | None) -> None:
    made = make_outlet(given(**settings))
    assert (type(made) if made else None) is outlet
    assert discord_channels(given(**settings)) == ([Channel.DISCORD] if outlet else [])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"discord_webhook_url": SecretStr("https://x.test/hook")}, "DISCORD_WEBHOOK_URL cannot"),
        (N8N, "N8N_WEBHOOK_URL needs a key"),
    ],
)
async def test_what_cannot_work_is_said_by_worker_and_doctor(
    settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(CannotWork, match=sentence) as raised:
        make_outlet(given(**settings))
    assert "x.test" not in str(raised.value)
    check = await check_discord(given(**settings))
    assert (check.ok, check.detail) == (False, str(raised.value))


@pytest.mark.parametrize(
    ("settings", "ok", "detail"),
    [
        ({}, True, NOBODY_TOLD),
        ({"discord_mode": "off"}, True, "is told nothing, as DISCORD_MODE says"),
        ({"discord_mode": "n8n"}, False, "N8N_WEBHOOK_URL is not set"),
        (
            {**N8N, "n8n_webhook_key": SecretStr("key-of-n8n")},
            False,
            "n8n was not reached: ConnectionError.",
        ),
    ],
)
async def test_the_doctor_says_how_it_is(settings: dict[str, Any], ok: bool, detail: str) -> None:
    check = await check_discord(given(**settings))
    assert (check.ok, check.detail) == (ok, detail)


async def test_the_doctor_asks_discord_and_posts_nothing() -> None:
    discord = Discord()
    with serve_discord(discord) as url:
        found = await check_discord(given(discord_webhook_url=SecretStr(url + WEBHOOK_PATH)))
        gone = await check_discord(
            given(discord_webhook_url=SecretStr(f"{url}/api/webhooks/9/gone"))
        )
    assert (found.ok, found.detail) == (True, "messages go to the webhook TARS")
    assert not gone.ok
    assert "set DISCORD_WEBHOOK_URL" in gone.detail
    assert discord.messages == []


def test_the_address_and_its_token_are_blanked_wherever_they_stand() -> None:
    redactor = make_redactor(given(discord_webhook_url=ADDRESS))
    told = redactor.text(f"posting to {ADDRESS.get_secret_value()} with {WEBHOOK_TOKEN}")
    assert WEBHOOK_TOKEN not in told


def test_an_id_is_a_number() -> None:
    with pytest.raises(ValidationError):
        given(discord_mention_user="@everyone")
