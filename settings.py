"""The only reader of the environment; `.env.example` equals it.

Every default stands once, in the two files that this is made of.
"""

import os
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.consent import Asking
from models.task import Limits
from settings_channels import ChannelSettings
from settings_work import WorkSettings

ROOT = Path(__file__).resolve().parent


class SettingsProblem(Exception):
    """A setting has a value that cannot be used; the message names it."""


class Settings(ChannelSettings, WorkSettings, BaseSettings):
    """Everything that can be set from outside, from the environment and from `.env`."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    @property
    def allowed_hosts(self) -> list[str]:
        """The names in SANDBOX_ALLOWED_HOSTS."""
        return [
            name.strip().lower() for name in self.sandbox_allowed_hosts.split(",") if name.strip()
        ]

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
