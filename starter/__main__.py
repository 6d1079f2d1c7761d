"""The command line: `./tars VERB`, which is `python -m starter VERB`."""

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import typer
from temporalio.runtime import Runtime, TelemetryConfig

from starter.answers import print_json
from starter.failures import explain
from starter.verbs_confirm import confirm, deny
from starter.verbs_judge import judge
from starter.verbs_stack import demo, doctor, down, up
from starter.verbs_tasks import cancel, extend, list_tasks, pause, resume, status, tell, waiting
from starter.verbs_watch import diff, log, start, watch

VERBS: dict[str, Callable[..., int | None]] = {
    "demo": demo,
    "start": start,
    "watch": watch,
    "status": status,
    "list": list_tasks,
    "waiting": waiting,
    "confirm": confirm,
    "deny": deny,
    "tell": tell,
    "pause": pause,
    "resume": resume,
    "extend": extend,
    "cancel": cancel,
    "diff": diff,
    "log": log,
    "judge": judge,
    "up": up,
    "down": down,
    "doctor": doctor,
}
"""In the order in which a person meets them."""

TAKEN_AS_THEY_ARE = {"ignore_unknown_options": True, "allow_interspersed_args": False}
"""For words after the first that is no option: they belong to the command that is judged."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def command_line() -> typer.Typer:
    """Make the command line out of the verbs."""
    app = typer.Typer(
        help="Claude writes software in the background, durably.",
        add_completion=False,
        rich_markup_mode=None,
    )
    for name, verb in VERBS.items():
        settings = TAKEN_AS_THEY_ARE if verb is judge else {}
        app.command(name, context_settings=settings)(verb)
    return app


def main(arguments: Sequence[str]) -> int:
    """Carry out a verb and return the exit status."""
    try:
        status = command_line()(
            list(arguments) or ["--help"], prog_name="./tars", standalone_mode=False
        )
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever read our output has had enough; Python must not complain about it at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return INTERRUPTED
    except Exception as error:
        sentence, status = explain(error)
        if "--json" in arguments:
            print_json({"error": sentence})
        sys.stderr.write(f"{sentence}\n")
    return status or 0


def leave(status: int) -> NoReturn:
    """End the process without taking the interpreter down piece by piece.

    Threads of Temporal's SDK may still want Python while it goes, which then aborts with "Fatal
    Python error: PyGILState_Release" (seen in one of ten runs with temporalio 1.35).
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    # the SDK's own log goes to stdout, into what people and programs read there
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))
    leave(main(sys.argv[1:]))
