"""Answers of single verbs on a terminal: tasks in a table, one task's standing, checks, a diff."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from models.checks import Check
from models.shown import Diff, Log
from models.task import Progress, State, Waiting
from starter.blocks import (
    Indented,
    OneLine,
    Rule,
    added_removed,
    headline,
    labelled,
    quietly,
    results,
)
from starter.naming import short_id
from starter.prose import Prose
from starter.task_rows import TaskRow
from starter.terminal import age_text, dollars_text, harmless, one_line, seconds_text, visible

_STYLES = {
    State.RUNNING: "id",
    State.COMPLETED: "good",
    State.FAILED: "bad",
    State.TIMED_OUT: "bad",
    State.CANCELLED: "quiet",
}
"""Other states wait for somebody: they ask for attention."""


_COLUMNS = "{:<7} {:<22} {:<9} {:<11} {}"


def state_text(state: State) -> Text:
    """A state in words, with a dot in its colour."""
    style = _STYLES.get(state, "attention")
    return Text.assemble((f"● {state.replace('_', ' ')}", style))


def task_lines(rows: Iterable[TaskRow]) -> Iterator[OneLine]:
    """One line a task, the goal cut where the terminal ends."""
    yield OneLine(Text(_COLUMNS.format("Task", "State", "Phase", "Started", "Goal"), "quiet"))
    for row in rows:
        state = state_text(row.state)
        state.align("left", 22)
        yield OneLine(
            Text.assemble(
                (f"{short_id(row.task_id):<7} ", "id"),
                state,
                (f" {row.phase:<9} ", "quiet" if row.state.is_final else f"phase.{row.phase}"),
                (f"{age_text(row.started_at) + ' ago':<11} ", "quiet"),
                one_line(row.goal),
            )
        )


def standing(progress: Progress) -> Iterator[RenderableType]:
    """Where one task stands, what it waits for, what it has to show."""
    yield headline(progress.task_id, progress.goal)
    facts = [
        f"turn {progress.turn} of {progress.max_turns}",
        f"{seconds_text(progress.active_seconds)} of work",
        dollars_text(progress.cost_usd),
        f"updated {age_text(progress.updated_at)} ago",
    ]
    line = state_text(progress.state).append(f" · {progress.phase}", f"phase.{progress.phase}")
    yield Indented(line.append("".join(f" · {fact}" for fact in facts), "quiet"))
    if progress.waiting_for:
        yield from _waiting(progress.waiting_for)
    elif not progress.result:
        yield Indented(Text(harmless(progress.message).strip()))
    if progress.result:
        yield from ("", Prose(progress.result.summary), "")
        yield from results(progress.result.model_dump())


def _waiting(waiting: Waiting) -> Iterator[RenderableType]:
    if waiting.command:
        yield Indented(Text(visible(waiting.command), "command"), Text("  $ ", "good"), "    ")
    asks = f"{waiting.word} needs your code, to " if waiting.word else ""
    yield Indented(Text(asks + harmless(waiting.reason), "attention"))
    if waiting.expires_at:
        yield labelled("Until", f"{waiting.expires_at.astimezone():%A %H:%M}")


def check_lines(checks: Sequence[Check]) -> Iterator[RenderableType]:
    """Checks one below the other; a failed one says what mends it."""
    width = max(len(check.name) for check in checks)
    for check in checks:
        mark = Text.assemble(("  ✔ ", "good") if check.ok else ("  ✘ ", "bad"))
        mark.append(f"{check.name:<{width}}  ")
        style = "quiet" if check.ok else "attention"
        yield Indented(Text(harmless(check.detail), style), mark, " " * (width + 6))


def change_lines(diff: Diff) -> Iterator[RenderableType]:
    """The changed files with their counts of lines."""
    for change in diff.changes:
        yield Indented(Text(visible(change.path) + "  ") + added_removed(change.model_dump()))
    if diff.truncated:
        yield Indented(Text("The change is larger than what is shown here.", "attention"))


_LINE_STYLES = {"+++": "bold", "---": "bold", "+": "good", "-": "bad", "@": "cyan", "diff ": "bold"}


def patch_lines(patch: str) -> Iterator[Text]:
    """A patch in colours, harmless to the terminal; for programs, take the patch itself."""
    for line in patch.removesuffix("\n").split("\n"):
        starts = (style for start, style in _LINE_STYLES.items() if line.startswith(start))
        yield Text(visible(line), next(starts, ""))


_WHO = {"user": ("You", "id"), "claude": ("Claude", "phase.planning"), "tool": ("Tool", "quiet")}


def log_lines(log: Log) -> Iterator[RenderableType]:
    """A conversation, oldest first."""
    if log.truncated:
        yield from quietly(f"{log.truncated} earlier entries are left out.")
    before = None
    for entry in log.entries:
        if entry.who != before:
            yield Rule(*_WHO[entry.who])
        before = entry.who
        style = "quiet" if entry.who == "tool" else ""
        yield Indented(Text(harmless(entry.text).strip("\n"), style))
