"""Settings of the work itself: Claude, Temporal, limits, walls, the code."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr

from models.consent import OnTimeout


class WorkSettings(BaseModel):
    """The part of `settings.Settings` that says how tasks are worked on."""

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
