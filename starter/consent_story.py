"""Requests for the code as parts of a task's story."""

from collections.abc import Iterator
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from models.updates import Update
from starter.blocks import Indented
from starter.naming import short_id
from starter.terminal import harmless, one_line, visible

_RESOLVED = {
    "approved": ("✔ {word} was approved", "good"),
    "denied": ("✘ {word} was denied", "attention"),
    "unconfirmed": ("✘ nobody answered {word} in time", "attention"),
    "locked": ("✘ too many wrong codes for {word}", "bad"),
}


def requested(update: Update) -> Iterator[RenderableType]:
    """Show the exact command that waits, and why it does."""
    data = update.data
    if "command" not in data:
        yield from _line(update)
        return
    word, reason = one_line(str(data.get("word"))), one_line(str(data.get("reason")))
    asks = Text.assemble((word, "id"), (f" needs your code, to {reason}", "attention"))
    yield Indented(asks, Text("  ● ", "attention"), "    ")
    if purpose := data.get("purpose"):
        yield Indented(Text(f"# {one_line(str(purpose))}", "quiet"), rest="    ")
    yield Indented(Text(visible(str(data["command"])), "command"), Text("  $ ", "good"), "    ")


def how_to_answer(update: Update) -> Iterator[RenderableType]:
    """Say how to answer from elsewhere, and until when."""
    short = short_id(update.task_id).removeprefix("#")
    until = _until(update.data.get("expires_at"))
    yield Indented(Text(f"./tars confirm CODE {short} · ./tars deny {short}{until}", "quiet"))


def reminder(update: Update) -> Iterator[RenderableType]:
    """Say that it still waits, or that the code was wrong."""
    data = update.data
    word, left = one_line(str(data.get("word"))), data.get("tries_left")
    match data.get("why"):
        case "wrong_code":
            tries = "1 try" if left == 1 else f"{left} tries"
            yield Indented(Text(f"✘ wrong code for {word} · {tries} left", "bad"))
        case "time":
            told = f"{word} still waits for your code{_until(data.get('expires_at'))}"
            yield Indented(Text(told, "attention"), Text("  ● ", "attention"), "    ")
        case _:
            yield from _line(update)


def resolved(update: Update) -> Iterator[RenderableType]:
    """Show how it was decided, from where, and a person's reason."""
    data = update.data
    if str(data.get("outcome")) not in _RESOLVED:
        yield from _line(update)
        return
    said, style = _RESOLVED[str(data["outcome"])]
    told = Text.assemble((said.format(word=one_line(str(data.get("word")))), style))
    facts = [data.get("channel"), data.get("actor"), data.get("reason")]
    told.append("".join(f" · {one_line(str(fact))}" for fact in facts if fact), "quiet")
    yield Indented(told)


def _line(update: Update) -> Iterator[RenderableType]:
    yield Indented(Text(harmless(update.chat.replace("**", "")), "attention"))


def _until(expires_at: object) -> str:
    try:
        until = datetime.fromisoformat(str(expires_at))
    except ValueError:
        return ""
    return f" · until {until.astimezone():%H:%M:%S}"
