"""Blocks of text that everything shown on a terminal is made of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.cells import chop_cells
from rich.console import Console, ConsoleOptions
from rich.text import Text

from starter.naming import short_id
from starter.terminal import harmless, visible

READABLE_COLUMNS = 92
"""Prose and rules are not wider than this, however wide the terminal is."""

MOST_GOAL_CHARACTERS = 600
"""A goal may be 20,000 characters long; a headline is not."""


@dataclass(frozen=True)
class Indented:
    """Text that begins with `first` and, where it is broken, goes on after `rest`."""

    text: Text
    first: Text | str = "  "
    rest: str = "  "

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Break the text into lines that fit."""
        width = max(options.max_width - len(self.rest), 20)
        for number, line in enumerate(self.text.wrap(console, width, tab_size=4)):
            line.rstrip()
            yield Text.assemble(self.rest if number else self.first, line)


@dataclass(frozen=True)
class Output:
    """A line that a program printed, broken as a terminal breaks it: anywhere."""

    line: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Break it for the width at hand."""
        for piece in chop_cells(self.line, max(options.max_width - 4, 20)) or [""]:
            yield Text(f"    {piece}".rstrip(), "dim")


@dataclass(frozen=True)
class OneLine:
    """Text that is cut, not broken, where the terminal ends."""

    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Cut it for the width at hand."""
        line = self.text.copy()
        line.truncate(options.max_width, overflow="ellipsis")
        yield line


@dataclass(frozen=True)
class Rule:
    """A line across the page with a title near its beginning."""

    title: str
    style: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Draw it as wide as prose is."""
        width = min(options.max_width, READABLE_COLUMNS)
        rest = max(width - len(self.title) - 4, 0)
        yield Text.assemble(("── ", "quiet"), (self.title, self.style), (" " + "─" * rest, "quiet"))


def headline(task_id: str, goal: str) -> Indented:
    """Which task this is about."""
    name = short_id(task_id) + "  "
    text = harmless(goal).strip()
    if len(text) > MOST_GOAL_CHARACTERS:
        text = text[: MOST_GOAL_CHARACTERS - 1] + "…"
    return Indented(Text(text, "bold"), Text(name, "id"), " " * len(name))


def results(result: Mapping[str, Any]) -> Iterator[Indented]:
    """What a task has to show for itself, from the fields of a TaskResult that are there."""
    for number, check in enumerate(result.get("checks_run") or []):
        yield labelled("" if number else "Checked", visible(str(check)))
    if diff := result.get("diff"):
        files = diff.get("files", 0)
        counted = Text(f"{files} file{'' if files == 1 else 's'}  ")
        yield labelled("Changed", counted + added_removed(diff))
    for label, key in (("Files", "files"), ("Branch", "branch")):
        if value := result.get(key):
            yield labelled(label, visible(str(value)))


def labelled(label: str, value: Text | str) -> Indented:
    """A fact with its name in a column before it."""
    text = Text(value) if isinstance(value, str) else value
    return Indented(text, Text(f"  {label:<8} ", "quiet"), " " * 11)


def added_removed(counts: Mapping[str, Any]) -> Text:
    """Lines added and removed: `+24 -3`."""
    added, removed = counts.get("added", 0), counts.get("removed", 0)
    return Text.assemble(
        (f"+{added}", "good" if added else "quiet"),
        " ",
        (f"-{removed}", "bad" if removed else "quiet"),
    )


def quietly(text: str) -> Iterator[Indented]:
    """A remark in a faint colour; nothing for no text."""
    if text:
        yield Indented(Text(text, "quiet"))
