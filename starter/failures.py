"""How the command line ends when something goes wrong: one sentence, no traceback."""

import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

import typer
from temporalio.service import RPCError

from connection import TemporalUnreachable
from encryption import KeyProblem
from logs import make_redactor
from settings import SettingsProblem, load_settings
from starter.problems import TaskProblem

USAGE = 2
"""Exit status for a verb that was typed wrongly."""

EXPECTED = (TaskProblem, TemporalUnreachable, SettingsProblem, KeyProblem)
"""Their messages are sentences for people."""


def explain(error: Exception) -> tuple[str, int]:
    """The sentence for an error and the exit status that goes with it."""
    if isinstance(error, typer.TyperException):
        return _usage(error), error.exit_code
    if isinstance(error, EXPECTED):
        return str(error), 1
    if isinstance(error, RPCError):
        return f"Temporal could not do it: {error.message.rstrip('.')}.", 1
    return _unexpected(error), 1


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    verb = context.command_path if context else "./tars"
    message = error.format_message()
    return f"{message}{'' if message.endswith(('.', '?')) else '.'} See {verb} --help."


def _unexpected(error: Exception) -> str:
    kind = type(error).__name__
    try:
        log = _write_details(error)
    except (OSError, SettingsProblem):
        return f"Something unexpected went wrong ({kind}), and its details could not be written."
    return f"Something unexpected went wrong ({kind}): the details are in {log}."


def _write_details(error: Exception) -> Path:
    """Keep the traceback, with secrets blanked."""
    settings = load_settings()
    details = make_redactor(settings).text("".join(traceback.format_exception(error)))
    log = settings.tars_home / "logs" / "tars.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        file.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC {' '.join(sys.argv[1:2])}\n")
        file.write(details)
    return log
