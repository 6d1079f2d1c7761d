"""The terminal as a place to write: a console for any encoding, and text that cannot harm it."""

import codecs
import io
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

from rich.console import Console
from rich.theme import Theme

WIDE = 100_000
"""Columns of a pipe or a file: lines are not broken for programs."""

THEME = Theme(
    {
        "phase.planning": "bold blue",
        "phase.coding": "bold yellow",
        "phase.testing": "bold magenta",
        "phase.complete": "bold green",
        "good": "green",
        "bad": "bold red",
        "attention": "bold yellow",
        "quiet": "dim",
        "command": "bold",
        "id": "bold cyan",
        "markdown.code": "cyan",
        "markdown.h1": "bold",
        "markdown.h2": "bold",
        "markdown.item.bullet": "cyan",
        "markdown.item.number": "cyan",
    }
)

_PLAIN = {
    **dict.fromkeys("─━\u2012\u2013\u2014\u2212·•", "-"),
    **dict.fromkeys("\u2018\u2019", "'"),
    **dict.fromkeys("\u201c\u201d", '"'),
    **dict(zip("│✔✘●○✎…", "|+x*o~.", strict=True)),
    **dict(zip("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\|/-\\|/", strict=True)),
}
"""What stands for a character of ours where the terminal's encoding lacks it."""

_ANSI = re.compile(
    r"(?:\x9b|\x1b\[)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # titles, links, the clipboard
    r"|\x1b[ -/]*[0-~]"  # two-character escapes
)
_DANGEROUS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and newline
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # reorder what a person reads
    "\u2028\u2029\ud800-\udfff]"
)


def make_console(stream: TextIO | None = None) -> Console:
    """Make a console that interprets nothing in the text it is given."""
    file = stream or sys.stdout
    if isinstance(file, io.TextIOWrapper):
        codecs.register_error("tars", _replace)
        file.reconfigure(errors="tars")
    console = Console(file=file, theme=THEME, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDE
    return console


def is_live(console: Console) -> bool:
    """Whether a line at the bottom can be rewritten in place."""
    return console.is_terminal and not console.is_dumb_terminal


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in lacking), error.end


def harmless(text: str) -> str:
    """Text to be read: colours, cursor movements and overwritten lines are dropped."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in _ANSI.sub("", text).split("\n"))
    return visible("\n".join(lines))


def visible(text: str) -> str:
    """Text to be judged, such as a command: control characters are spelled out."""
    return _DANGEROUS.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: str, most: int = 200) -> str:
    """The text as one harmless line of at most `most` characters."""
    line = " ".join(harmless(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def seconds_text(seconds: float) -> str:
    """Write a duration: `0.4 s`, `42 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def age_text(moment: datetime, now: datetime | None = None) -> str:
    """Write how long ago a moment was: `12 s`, `3 min`, `5 h`, `2 days`."""
    seconds = max(((now or datetime.now(UTC)) - moment).total_seconds(), 0)
    for size, name in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size * (2 if name == "days" else 1):
            return f"{int(seconds // size)} {name}"
    return f"{int(seconds)} s"


def dollars_text(dollars: float) -> str:
    """Write a price; below ten cents with the digits that matter."""
    return f"${dollars:.2f}" if dollars >= 0.1 else f"${dollars:.4f}"
