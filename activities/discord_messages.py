"""The messages beside the card: what a person must notice, and in detail what else happens."""

from collections.abc import Callable, Sequence
from typing import Any

from activities.discord_asking import asked, reminder, requested
from activities.discord_card import GREEN, GREY, ORANGE, RED, command_of, short_of, went_well
from activities.discord_note import SILENT, Manner, Note
from activities.discord_text import code, cut, length, markdown, plain
from models.updates import Update, UpdateKind

MAX_LINES = 20
MAX_EMBEDS = 6_000
"""Characters of all embeds of a message together; the quiet lines get what is left of them."""

MAX_SUMMARY = 3_000

_KINDS_WHEN_QUIET = {
    UpdateKind.TASK_STARTED,
    UpdateKind.PHASE_CHANGED,
    UpdateKind.CONFIRMATION_REQUESTED,
    UpdateKind.CONFIRMATION_REMINDER,
    UpdateKind.CONFIRMATION_RESOLVED,
    UpdateKind.QUESTION_ASKED,
    UpdateKind.QUESTION_ANSWERED,
    UpdateKind.TASK_PARKED,
}
_ENDS = {
    UpdateKind.TASK_COMPLETED: ("✅", "completed", GREEN),
    UpdateKind.TASK_FAILED: ("❌", "failed", RED),
    UpdateKind.TASK_CANCELLED: ("🚫", "cancelled", GREY),
    UpdateKind.TASK_TIMED_OUT: ("⌛", "timed out", RED),
}


def is_shown(update: Update, manner: Manner) -> bool:
    """Whether Discord is told of an update at all."""
    if manner.detailed or update.kind.is_end:
        return True
    failed = update.kind is UpdateKind.COMMAND_FINISHED and not went_well(update)
    return failed or update.kind in _KINDS_WHEN_QUIET


def rings(update: Update) -> bool:
    """Whether a person is to notice it now."""
    return update.kind in _LOUD


def note_of(updates: Sequence[Update], manner: Manner) -> Note | None:
    """One message for updates of which at most the last rings; None if the card tells it all."""
    lines = [text for update in updates if (text := _line(update))]
    loud = next((update for update in updates if update.kind in _LOUD), None)
    note = _LOUD[loud.kind](loud, manner) if loud else Note({"flags": SILENT})
    if lines:
        left_out = len(lines) - MAX_LINES
        shown = [f"-# {left_out} more before", *lines[-MAX_LINES:]] if left_out > 0 else lines
        others = note.body.get("embeds", [])
        room = MAX_EMBEDS - sum(map(_length, others))
        note.body["embeds"] = [{"description": cut("\n".join(shown), min(room, 2_500))}, *others]
    return note if note.body.get("embeds") else None


def settled(update: Update) -> dict[str, Any]:
    """What becomes of the message that asked: how it was decided, and no more buttons."""
    over = f"⌛ Task #{short_of(update.task_id)} ended before this was answered"
    return {"content": over if update.kind.is_end else _resolved(update), "components": []}


def _line(update: Update) -> str:
    """What is told without a sound, on one line; "" for what only the card shows."""
    told = _LINES.get(update.kind)
    return told(update) if told else ""


def _command(update: Update) -> str:
    return f"▶ {command_of(update)} {plain(str(update.data.get('reason') or ''), 120)}".rstrip()


def _failure(update: Update) -> str:
    if went_well(update):
        return ""
    said = plain(str(update.data.get("preview") or ""), 200)
    return f"❌ {command_of(update)} {said}".rstrip()


def _said(update: Update) -> str:
    """Claude's own words are on the card; they are many."""
    by = update.data.get("by")
    text = plain(str(update.data.get("text") or update.chat), 300)
    return "" if by == "claude" else f"{'💬' if by == 'user' else '📌'} {text}"


def _chat(update: Update) -> str:
    return plain(update.chat.replace("**", ""), 300)


def _resolved(update: Update) -> str:
    data = update.data
    facts = [plain(str(data.get(name)), 60) for name in ("channel", "actor") if data.get(name)]
    return " · ".join([_chat(update), *facts])


def _parked(update: Update, _manner: Manner) -> Note:
    text = plain(str(update.data.get("wakes") or update.chat), 1_500)
    body = {"content": f"🅿️ Task #{short_of(update.task_id)} is parked"}
    return Note(body | {"embeds": [{"description": text, "color": ORANGE}]})


def _ended(update: Update, _manner: Manner) -> Note:
    data, short = update.data, short_of(update.task_id)
    mark, word, color = _ENDS[update.kind]
    checks = [code(str(check), 200) for check in data.get("checks_run") or []][:10]
    diff = data.get("diff") or {}
    facts = [
        ("Checked with", cut("\n".join(checks), 800)),
        ("Changed", _changed(diff)),
        ("Took", f"{_duration(data.get('active_seconds'))} of work, {data.get('turns', 0)} turns"),
        ("Cost", f"${float(data.get('cost_usd') or 0):.2f}"),
        ("Branch", code(str(data.get("branch") or ""), 200) if data.get("branch") else ""),
        ("Files", code(str(data.get("files") or ""), 300) if data.get("files") else ""),
    ]
    embed = {
        "description": markdown(str(data.get("summary") or update.chat), MAX_SUMMARY),
        "color": color,
        "fields": [{"name": name, "value": value} for name, value in facts if value],
        "timestamp": update.at.isoformat(),
    }
    return Note({"content": f"{mark} Task #{short} {word}", "embeds": [embed]})


def _length(embed: dict[str, Any]) -> int:
    fields = [text for one in embed.get("fields", []) for text in (one["name"], one["value"])]
    footer = embed.get("footer", {}).get("text", "")
    texts = [embed.get("title", ""), embed.get("description", ""), footer, *fields]
    return sum(map(length, texts))


def _changed(diff: dict[str, Any]) -> str:
    if not diff.get("files"):
        return ""
    files = "1 file" if diff["files"] == 1 else f"{diff['files']} files"
    return f"{files}, +{diff.get('added', 0)} -{diff.get('removed', 0)}"


def _duration(seconds: object) -> str:
    number = float(seconds) if isinstance(seconds, int | float) else 0.0
    return f"{number / 60:.1f} min" if number >= 90 else f"{number:.0f} s"


_LINES: dict[UpdateKind, Callable[[Update], str]] = {
    UpdateKind.PHASE_CHANGED: lambda update: f"**{update.phase.capitalize()}**",
    UpdateKind.COMMAND_STARTED: _command,
    UpdateKind.COMMAND_FINISHED: _failure,
    UpdateKind.NOTE: _said,
    UpdateKind.TASK_PAUSED: _chat,
    UpdateKind.TASK_RESUMED: _chat,
    UpdateKind.QUESTION_ANSWERED: _chat,
    UpdateKind.CONFIRMATION_RESOLVED: _resolved,
}
_LOUD: dict[UpdateKind, Callable[[Update, Manner], Note]] = {
    UpdateKind.CONFIRMATION_REQUESTED: requested,
    UpdateKind.CONFIRMATION_REMINDER: reminder,
    UpdateKind.QUESTION_ASKED: asked,
    UpdateKind.TASK_PARKED: _parked,
    **dict.fromkeys(_ENDS, _ended),
}
