"""The verb `judge`: would this command need a code, and why?"""

import json
import shlex
import sys
from collections.abc import Callable, Iterable
from typing import Annotated

import typer
from pydantic import BaseModel, TypeAdapter, ValidationError
from rich.text import Text

from models.steps import Verdict, VerdictDecision
from settings import load_settings
from starter.answers import print_json
from starter.blocks import Indented, labelled
from starter.inputs import BadInput
from starter.terminal import make_console, visible

WORKSPACE = "/workspace"
"""Where commands see their workspace, on every host."""

WANTED = 'say "COMMAND", or {"command": "...", "workspace": "..."}'

Judge = Callable[[str, str], Verdict]

_SAID = {
    VerdictDecision.RUN: ("✔ runs without a code", "good"),
    VerdictDecision.CONFIRM: ("● needs a code", "attention"),
    VerdictDecision.REFUSE: ("✘ is refused", "bad"),
}


class Asked(BaseModel):
    """A command on a line of its own, with the directory it would run in."""

    command: str
    workspace: str = WORKSPACE


_LINE: TypeAdapter[str | Asked] = TypeAdapter(str | Asked)


def judge(
    command: Annotated[
        list[str] | None, typer.Argument(help="The command, as one word or as its words.")
    ] = None,
    *,
    workspace: Annotated[str, typer.Option(help="Directory it would run in.")] = WORKSPACE,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Answer in JSON; without a command, one per line of a pipe."),
    ] = False,
) -> int:
    """Tell whether a command would need a code, and why; nothing is run."""
    judged_by = _the_judge()
    if command:
        # one word is a line of shell, several are what a shell has made of one
        line = command[0] if len(command) == 1 else shlex.join(command)
        verdict = judged_by(line, workspace)
        if as_json:
            print_json(verdict)
        else:
            make_console().print(*_told(line, verdict), sep="\n")
        return 0
    if not as_json:
        raise BadInput("Say which command to judge, or --json for one JSON string per line.")
    return _judge_lines(sys.stdin.buffer, judged_by)


def _the_judge() -> Judge:
    # here, for the other verbs need not wait until the policy and its parser are loaded
    from policy.commands import Mode  # noqa: PLC0415
    from policy.commands import judge as by_policy  # noqa: PLC0415

    mode = Mode(load_settings().judging_mode)
    return lambda command, workspace: by_policy(command, mode=mode, workspace=workspace)


def _judge_lines(lines: Iterable[bytes], judged_by: Judge) -> int:
    """Answer each line at once, in order; one that is no command gets an error in its place."""
    status = 0
    for raw in lines:
        if not raw.strip():
            continue
        try:
            asked = _LINE.validate_python(json.loads(raw.decode()))
        except (ValueError, RecursionError) as error:
            print_json({"error": _what_is_wrong(error)})
            status = 1
            continue
        if isinstance(asked, str):
            asked = Asked(command=asked)
        print_json(judged_by(asked.command, asked.workspace))
    return status


def _what_is_wrong(error: Exception) -> str:
    is_json = isinstance(error, ValidationError)
    return f"This line is {'JSON of another shape' if is_json else 'no JSON'}: {WANTED}."


def _told(command: str, verdict: Verdict) -> list[Indented]:
    """A verdict for people: the command with what matters in it marked, and why."""
    shown = Text(visible(command), "command")
    if verdict.span:
        start, end = (len(visible(command[:at])) for at in verdict.span)
        shown.stylize("attention underline", start, end)
    said, style = _SAID[verdict.decision]
    lines = [Indented(shown, Text("$ ", "good")), Indented(Text(said, style))]
    if verdict.reason:
        lines.append(labelled("Because", f"it would {verdict.reason}"))
    if verdict.categories:
        lines.append(labelled("Kinds", ", ".join(verdict.categories)))
    return lines
