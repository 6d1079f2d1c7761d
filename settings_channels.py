"""Settings of the ways in and out: the api, Discord, N8N, voices, the phone."""

from typing import Literal

from pydantic import BaseModel, Field, SecretStr

_PHONE_NUMBER = r"^\+[1-9]\d{6,14}$"
"""E.164, as Twilio wants it."""

_DISCORD_ID = r"^\d{1,20}$"


class ChannelSettings(BaseModel):
    """The part of `settings.Settings` by which people are reached, and reach the tasks."""

    enable_detailed_updates: bool = Field(
        True, description="false sends Discord phases, confirmations, questions, errors, the end"
    )
    api_host: str = Field("127.0.0.1", description="Address that the api listens on")
    api_port: int = Field(8800, ge=1, le=65_535, description="Port that the api listens on")
    api_token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Bearer token of the api; empty for the one in TARS_HOME/api.token, which is "
        "not enough to let other machines in",
    )
    api_codes_per_minute: int = Field(
        20, ge=1, le=10_000, description="Codes that the api takes from one caller in a minute"
    )
    confirmation_webhook_secret: SecretStr | None = Field(
        None,
        min_length=24,
        description="Secret with which a bridge signs the codes it brings (Standard Webhooks), "
        "as text or as whsec_...; empty to take them with the token only",
    )
    discord_mode: Literal["webhook", "n8n", "off"] = Field(
        "webhook",
        description="How Discord is told what tasks do: by DISCORD_WEBHOOK_URL, by way of n8n at "
        "N8N_WEBHOOK_URL, or not at all",
    )
    discord_webhook_url: SecretStr | None = Field(
        None,
        description="Address of the Discord webhook, as Discord shows it; it is a secret. Empty "
        "for no messages",
    )
    n8n_webhook_url: str | None = Field(
        None, description="Address of n8n's workflow that takes what tasks tell"
    )
    n8n_webhook_key: SecretStr | None = Field(
        None, min_length=8, description="Key that n8n wants with it, in the header X-TARS-Key"
    )
    discord_thread_id: str | None = Field(
        None, pattern=_DISCORD_ID, description="Thread of the channel that messages go to"
    )
    discord_forum: bool = Field(
        False,
        description="Whether the channel is a forum: each task gets a post of its own there; by "
        "DISCORD_WEBHOOK_URL only",
    )
    discord_mention_user: str | None = Field(
        None,
        pattern=_DISCORD_ID,
        description="Id of the Discord user who is mentioned when a task asks something",
    )
    discord_buttons: bool = Field(
        False,
        description="Whether requests for the code have buttons; the webhook must belong to the "
        "app of DISCORD_PUBLIC_KEY",
    )
    discord_public_key: str | None = Field(
        None,
        pattern=r"^[0-9a-fA-F]{64}$",
        description="Public key of the Discord app whose buttons are pressed; empty for no buttons",
    )
    discord_allowed_users: str = Field(
        "", description="Ids of the Discord users who may confirm and deny, with commas between"
    )
    discord_api_url: str = Field(
        "https://discord.com/api/v10", description="Where Discord's API is reached"
    )
    discord_bot_token: SecretStr | None = Field(
        None,
        description="Token of the Discord bot with which N8N reads a channel; empty to read none",
    )
    discord_channel_id: str | None = Field(
        None,
        pattern=_DISCORD_ID,
        description="Id of the channel that N8N reads answers from",
    )
    voice_events: bool = Field(
        True, description="Whether voices can listen to the tasks at /voice/events"
    )
    voice_webhook_url: SecretStr | None = Field(
        None, description="Address that is posted what voices hear; it is a secret. Empty for none"
    )
    voice_webhook_secret: SecretStr | None = Field(
        None,
        min_length=24,
        description="Secret that signs these posts (Standard Webhooks), as text or as whsec_...",
    )
    twilio_account_sid: str | None = Field(
        None, description="Account of Twilio that calls you on the phone; empty for no calls"
    )
    twilio_auth_token: SecretStr | None = Field(None, description="Auth token of that account")
    twilio_from: str | None = Field(
        None, pattern=_PHONE_NUMBER, description="Number that calls, of that account: +15550100"
    )
    twilio_base_url: str = Field("https://api.twilio.com", description="Where Twilio is reached")
    call_to: str | None = Field(
        None, pattern=_PHONE_NUMBER, description="Number that is called: yours"
    )
    call_after_seconds: float = Field(
        120,
        ge=0,
        le=7 * 24 * 3600,
        description="Seconds without the code after which you are called; 0 for never",
    )
    call_on_completion: bool = Field(
        False, description="Whether you are called when a task has ended"
    )
    web_ui_url: str | None = Field(
        None,
        description="Address of Temporal's Web UI if ./tars up did not start it; its pages may "
        "ask the api to decrypt",
    )

    @property
    def discord_users(self) -> frozenset[str]:
        """The ids in DISCORD_ALLOWED_USERS."""
        return frozenset(self.discord_allowed_users.replace(",", " ").split())

    @property
    def has_phone(self) -> bool:
        """Whether a person can be called: account, token and both numbers are set."""
        needed = (
            self.twilio_account_sid,
            self.twilio_auth_token,
            self.twilio_from,
            self.call_to,
        )
        return all(needed)
