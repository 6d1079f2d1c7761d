"""A task's updates as a story for a terminal: what happens, in the order it happens."""

from collections.abc import Callable, Iterator

from rich.console import RenderableType
from rich.text import Text

from models.updates import Update, UpdateKind
from starter import consent_story
from starter.blocks import (
    Indented,
    Output,
    Rule,
    added_removed,
    headline,
    labelled,
    quietly,
    results,
)
from starter.prose import Prose
from starter.terminal import dollars_text, harmless, one_line, seconds_text, visible

_JOINED = {
    UpdateKind.COMMAND_OUTPUT: {UpdateKind.COMMAND_STARTED, UpdateKind.COMMAND_OUTPUT},
    UpdateKind.COMMAND_FINISHED: {UpdateKind.COMMAND_STARTED, UpdateKind.COMMAND_OUTPUT},
    UpdateKind.FILE_EDITED: {UpdateKind.FILE_EDITED},
}
"""Kinds that follow on without an empty line, and after what."""

_ENDS = {
    UpdateKind.TASK_COMPLETED: ("✔ Done", "phase.complete"),
    UpdateKind.TASK_FAILED: ("✘ Failed", "bad"),
    UpdateKind.TASK_CANCELLED: ("✘ Cancelled", "attention"),
    UpdateKind.TASK_TIMED_OUT: ("✘ Timed out", "bad"),
}
_OUTCOMES = {
    "timed_out": "timed out",
    "time_limit": "stopped at the task's time limit",
    "unknown": "nobody knows how it ended",
    "needs_code": "not run: it needs the code as things are now",
    "refused": "not run: refused",
    "cancelled": "cancelled",
}


class Story:
    """Turns updates into renderables; remembers only what spacing and interleaving need.

    Fields of `data` may be missing, as in updates of other versions: `chat` stands in then.
    `page` is the task's address in the Web UI, if known.
    """

    def __init__(self, page: str = "") -> None:
        self._page = page
        self._last: UpdateKind | None = None
        self._shown_call = ""
        self._commands: dict[str, str] = {}
        self._tellers: dict[UpdateKind, Callable[[Update], Iterator[RenderableType]]] = {
            UpdateKind.TASK_STARTED: self._started,
            UpdateKind.PHASE_CHANGED: _phase,
            UpdateKind.NOTE: _note,
            UpdateKind.COMMAND_STARTED: self._command_started,
            UpdateKind.COMMAND_OUTPUT: self._command_output,
            UpdateKind.COMMAND_FINISHED: self._command_finished,
            UpdateKind.FILE_EDITED: _file_edited,
            UpdateKind.CONFIRMATION_REQUESTED: consent_story.requested,
            UpdateKind.CONFIRMATION_REMINDER: consent_story.reminder,
            UpdateKind.CONFIRMATION_RESOLVED: consent_story.resolved,
            **dict.fromkeys(_ENDS, self._ended),
        }

    def tell(self, update: Update) -> list[RenderableType]:
        """What to print for an update, with the empty line before it."""
        told = list(self._tellers.get(update.kind, _other)(update))
        apart = self._last is not None and self._last not in _JOINED.get(update.kind, ())
        self._last = update.kind
        return [Text(), *told] if apart else told

    def _started(self, update: Update) -> Iterator[RenderableType]:
        data = update.data
        yield headline(update.task_id, str(data.get("goal") or update.chat))
        turns = data.get("max_turns")
        facts = [data.get("model"), turns and f"at most {turns} turns"]
        yield from quietly(" · ".join(one_line(str(fact)) for fact in facts if fact))
        for name in ("sandbox", "workspace"):
            yield from quietly(one_line(str(data.get(name) or "")))
        yield from quietly(self._page)

    def _command_started(self, update: Update) -> Iterator[RenderableType]:
        data = update.data
        self._shown_call = _call(update)
        command = visible(str(data.get("command", update.chat)))
        self._commands[self._shown_call] = command
        if reason := data.get("reason"):
            yield Indented(Text(f"# {one_line(str(reason))}", "quiet"), rest="    ")
        yield Indented(Text(command, "command"), Text("  $ ", "good"), "    ")

    def _command_output(self, update: Update) -> Iterator[RenderableType]:
        yield from self._whose(update)
        text = harmless(str(update.data.get("text", update.chat))).rstrip("\n")
        for line in text.split("\n"):
            yield Output(line.expandtabs())

    def _command_finished(self, update: Update) -> Iterator[RenderableType]:
        yield from self._whose(update)
        data = update.data
        status, outcome = data.get("exit_code"), str(data.get("outcome") or "done")
        good = status == 0 and outcome == "done"
        ended = _OUTCOMES.get(outcome, "" if good else f"exit {status}")
        facts = [ended, seconds_text(float(data.get("seconds") or 0))]
        style = "good" if good else "bad"
        mark = "✔ " if good else "✘ "
        told = Text.assemble((mark + " · ".join(fact for fact in facts if fact), style))
        if "turn" in data:
            spent = dollars_text(float(data.get("cost_usd") or 0))
            told.append(f" · turn {data['turn']} · {spent}", "quiet")
        yield Indented(told)

    def _whose(self, update: Update) -> Iterator[RenderableType]:
        """With commands side by side, say whose line comes now."""
        call = _call(update)
        if call != self._shown_call:
            self._shown_call = call
            yield from quietly(f"$ {one_line(self._commands.get(call, '...'), 70)}")

    def _ended(self, update: Update) -> Iterator[RenderableType]:
        data = update.data
        word, style = _ENDS[update.kind]
        facts = [
            f"{data.get('turns', 0)} turns",
            f"{seconds_text(float(data.get('active_seconds') or 0))} of work",
            dollars_text(float(data.get("cost_usd") or 0)),
        ]
        yield Text.assemble((word, style), (" · " + " · ".join(facts), "quiet"))
        yield Text()
        yield Prose(str(data.get("summary") or update.chat))
        yield Text()
        yield from results(data)
        if self._page:
            yield labelled("Web UI", self._page)


def _phase(update: Update) -> Iterator[RenderableType]:
    yield Rule(update.phase, f"phase.{update.phase}")


def _note(update: Update) -> Iterator[RenderableType]:
    text = str(update.data.get("text", update.chat))
    match update.data.get("by"):
        case "claude":
            yield Prose(text)
        case "user":
            yield Indented(Text(harmless(text).strip()), Text("  You: ", "id"), "       ")
        case _:
            yield from quietly(harmless(text).strip())


def _file_edited(update: Update) -> Iterator[RenderableType]:
    data = update.data
    told = Text.assemble(("✎ ", "attention"), visible(str(data.get("path", update.chat))), "  ")
    yield Indented(told + added_removed(data))


def _other(update: Update) -> Iterator[RenderableType]:
    """Tell pauses, parking and kinds of later versions by their line for chats."""
    text = harmless(str(update.data.get("wakes") or update.chat.replace("**", "")))
    yield Indented(Text(text, "attention"), Text("  ● ", "attention"), "    ")


def _call(update: Update) -> str:
    return str(update.data.get("call_id", ""))
