"""Verbs about the local stack and the parts around it."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from settings import load_settings
from starter.answers import AsJson, answer, print_json
from starter.api_token import TOKEN_FILE
from starter.background import bring_up, take_down
from starter.blocks import Indented, labelled
from starter.doctor import examine
from starter.rehearsal import Rehearsal
from starter.stack import serve
from starter.stack_files import AlreadyRuns, StackFiles, StackState
from starter.tables import check_lines
from starter.terminal import make_console


def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Run it in the background.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run Temporal and a worker on this machine until Ctrl-C."""
    settings = load_settings()
    if detach:
        state = bring_up(StackFiles(settings.tars_home))
        answer(state, _summary(state, "./tars down stops it."), as_json=as_json)
        return

    def on_ready(state: StackState) -> None:
        answer(state, _summary(state, "Ctrl-C stops it."), as_json=as_json)

    def tell(sentence: str) -> None:
        sys.stderr.write(sentence + "\n")

    try:
        asyncio.run(serve(settings, on_ready=on_ready, tell=tell))
    except AlreadyRuns as running:
        answer(running.state, _summary(running.state, str(running)), as_json=as_json)


def down(*, as_json: AsJson = False) -> None:
    """Stop the local stack; tasks go on with the next one."""
    stopped = take_down(StackFiles(load_settings().tars_home))
    sentence = "Stopped; tasks go on when it is up again." if stopped else "No stack was running."
    answer({"stopped": stopped}, [sentence], as_json=as_json)


def doctor(*, as_json: AsJson = False) -> int:
    """Check every outside part and say how to mend it."""
    checks = asyncio.run(examine(load_settings()))
    answer(checks, list(check_lines(checks)), as_json=as_json)
    return 0 if all(check.ok for check in checks) else 1


def demo(
    *,
    pace: Annotated[float, typer.Option(min=0, help="Slower than 1 or faster; 0: no pauses.")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Stay up at the end until Ctrl-C.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Give the code by itself.")] = False,
    as_json: AsJson = False,
) -> int:
    """Show the main job, told live, with a scripted Claude: needs no key."""
    console = Console(quiet=True) if as_json else make_console()
    rehearsed = asyncio.run(Rehearsal(console, pace, yes=yes).run(keep=keep))
    if as_json:
        print_json(rehearsed)
    return 0 if rehearsed.ok else 1


def _token(state: StackState) -> str:
    """Where the token is, unless it is in the settings."""
    file = Path(state.home) / TOKEN_FILE
    return f" (token in {file})" if file.exists() else ""


def _summary(state: StackState, remark: str) -> list[Indented]:
    server = "runs" if state.own_server else "was running already; only a worker was started"
    facts = {
        "Temporal": f"{state.temporal} ({server})",
        "Web UI": state.web_ui or "",
        "API": f"{state.api}{_token(state)}",
        "Data": state.home,
        "Logs": state.logs,
    }
    return [
        *(labelled(name, fact) for name, fact in facts.items() if fact),
        Indented(Text(remark, "quiet")),
    ]
