"""The only reader of the environment. Every default stands here, once; `.env.example` equals it."""

import os
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.consent import Asking, OnTimeout
from models.task import Limits

_PHONE_NUMBER = r"^\+[1-9]\d{6,14}$"
"""E.164, as Twilio wants it."""

ROOT = Path(__file__).resolve().parent


class SettingsProblem(Exception):
    """A setting has a value that cannot be used; the message names it."""


class Settings(BaseSettings):
    """Everything that can be set from outside, from the environment and from `.env`."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    anthropic_api_key: SecretStr | None = Field(
        None, description="Key of the Anthropic API; the worker does not start without it"
    )
    anthropic_base_url: str = Field(
        "https://api.anthropic.com", description="Where Claude is reached"
    )
    claude_model: str = Field("claude-sonnet-5-5", description="Model that does the work")
    temporal_address: str = Field("127.0.0.1:7233", description="Temporal's frontend, host:port")
    temporal_namespace: str = Field("default", description="Temporal namespace")
    task_queue: str = Field("tars-tasks", description="Task queue of the worker")
    tars_home: Path = Field(
        Path("~/.tars"), description="Directory of the tasks, the local database and the logs"
    )
    max_task_runtime_minutes: float = Field(
        15, gt=0, le=7 * 24 * 60, description="Active minutes of a task before it parks"
    )
    max_iterations: int = Field(50, ge=1, le=10_000, description="Turns of a task before it parks")
    max_cost_usd: float | None = Field(
        None,
        gt=0,
        description="Dollars of model cost of a task before it parks; empty for no limit",
    )
    parked_hours: float = Field(
        24, gt=0, le=24 * 365, description="Hours after which a parked task ends"
    )
    enable_detailed_updates: bool = Field(
        True, description="false sends Discord phases, confirmations, questions, errors, the end"
    )
    command_timeout_seconds: float = Field(
        120, ge=1, le=24 * 3600, description="Seconds a command may run if Claude names none"
    )
    command_output_mb: int = Field(
        50, ge=1, le=10_000, description="Megabytes of a command's output that are kept"
    )
    sandbox: Literal["auto", "off"] = Field(
        "auto",
        description="auto walls commands in or refuses to run them; off runs them with all the "
        "rights of the worker, and needs a code for whatever does more than look",
    )
    sandbox_network: Literal["registries", "none", "all"] = Field(
        "registries",
        description="What commands may reach: the package registries this machine's package "
        "clients are set to, nothing, or any public host; never this machine",
    )
    sandbox_allowed_hosts: str = Field(
        "",
        description="Further hosts that commands may reach by TLS, name or *.name, comma between",
    )
    sandbox_memory_mb: int = Field(
        4096, ge=64, le=1_000_000, description="Megabytes of memory a command's process may take"
    )
    sandbox_file_mb: int = Field(
        4096, ge=1, le=1_000_000, description="Megabytes a file written by a command may have"
    )
    sandbox_processes: int = Field(
        1000, ge=10, le=100_000, description="Processes the commands of a worker may have at once"
    )
    confirm: Literal["seed", "workspace-aware"] = Field(
        "seed",
        description="Which commands need the code; workspace-aware lets deletions of named files "
        "in the workspace pass",
    )
    confirmation_code: SecretStr | None = Field(
        None,
        min_length=4,
        description="Code a person gives before a destructive command runs; without one, what "
        "needs a code is refused",
    )
    confirmation_totp_secret: SecretStr | None = Field(
        None,
        description="Base 32 secret of an authenticator app; its one-time codes are accepted as "
        "well, or alone",
    )
    confirmation_timeout_seconds: float = Field(
        300, ge=1, le=7 * 24 * 3600, description="Seconds to wait for the code"
    )
    confirmation_reminders: str = Field(
        "0.4,0.1",
        pattern=r"^\s*0?\.\d+\s*(,\s*0?\.\d+\s*)*$",
        description="Shares of that time left at which you are reminded, with commas between",
    )
    confirmation_attempts: int = Field(
        3, ge=1, le=100, description="Wrong codes after which the task fails"
    )
    confirmation_on_timeout: OnTimeout = Field(
        OnTimeout.PARK,
        description="park, deny or fail: what becomes of a task when nobody gave the code in time",
    )
    checkpoint_remote: str | None = Field(
        None, description="Git URL that every checkpoint is pushed to; empty for none"
    )
    payload_key: SecretStr | None = Field(
        None,
        description="Keys that encrypt what Temporal is given, id:base64[,id:base64...], the "
        "current one first; empty for those in TARS_HOME/payload.keys",
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
        pattern=r"^\d{1,20}$",
        description="Id of the channel that N8N reads answers from",
    )
    voice_events: bool = Field(
        True, description="Whether voices can listen to the tasks at /voice/events"
    )
    voice_webhook_url: str | None = Field(
        None, description="Address that is posted what voices hear; empty for none"
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
    def allowed_hosts(self) -> list[str]:
        """The names in SANDBOX_ALLOWED_HOSTS."""
        return [
            name.strip().lower() for name in self.sandbox_allowed_hosts.split(",") if name.strip()
        ]

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

    @field_validator("tars_home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().resolve()

    @property
    def limits(self) -> Limits:
        """Limits of a task that names none of its own."""
        return Limits(
            max_turns=self.max_iterations,
            max_active_seconds=self.max_task_runtime_minutes * 60,
            max_cost_usd=self.max_cost_usd,
            parked_hours=self.parked_hours,
        )

    @property
    def judging_mode(self) -> str:
        """By which rules commands are judged: where no walls stand, by the strictest."""
        return "strict" if self.sandbox == "off" else self.confirm

    @property
    def asking(self) -> Asking:
        """How a person is asked for the code."""
        return Asking(
            timeout_seconds=self.confirmation_timeout_seconds,
            attempts=self.confirmation_attempts,
            on_timeout=self.confirmation_on_timeout,
            reminded_with_left=[float(one) for one in self.confirmation_reminders.split(",")],
            call_after_seconds=(self.call_after_seconds or None) if self.has_phone else None,
        )

    @property
    def secrets(self) -> list[str]:
        """Values of all settings that nobody may be shown."""
        values = [getattr(self, name) for name in type(self).model_fields]
        secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        addresses = [value for value in values if isinstance(value, str) and "://" in value]
        return secrets + [word for one in addresses if (word := urlsplit(one).password)]

    @cached_property
    def process_environment(self) -> dict[str, str]:
        """This process's whole environment; what a command may see of it is policy."""
        return dict(os.environ)

    @cached_property
    def temporal_environment(self) -> dict[str, str]:
        """TEMPORAL_* variables for the SDK's own configuration (TLS, API keys, profiles)."""
        chosen = {
            name: value
            for name, value in os.environ.items()
            if name.startswith("TEMPORAL_") and value
        }
        named = self.model_fields_set & {"temporal_address", "temporal_namespace"}
        return chosen | {name.upper(): str(getattr(self, name)) for name in named}


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsProblem: a value cannot be used; names the variable, never the value.
    """
    try:
        return Settings(_env_file=os.environ.get("TARS_ENV_FILE", ROOT / ".env"))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "A setting"
        raise SettingsProblem(f"{name} cannot be used: {first['msg']}.") from None
