"""What a person may look at: the change and the conversation, at any checkpoint of a task."""

from pathlib import Path
from typing import Any

from temporalio import activity

from activities.workspace_errors import told_as_problems
from models.shown import Diff, DiffRequest, Log, LogEntry, LogRequest
from workspace.checkpoints import CheckpointStore
from workspace.directory import TaskDirectory
from workspace.remote import Remote
from workspace.transcript import Message, Transcript

MAX_DIFF_BYTES = 1_000_000
MAX_LOG_CHARACTERS = 600_000
"""Temporal refuses a payload of 2 MiB; a character can take three bytes."""


class ShowingActivities:
    """Started by a door, not by a task: they read, and change nothing."""

    def __init__(self, home: Path, remote: Remote | None = None) -> None:
        self._home = home
        self._remote = remote

    @activity.defn
    def show_diff(self, request: DiffRequest) -> Diff:
        """The change between two checkpoints, as a patch."""
        with told_as_problems():
            store = self._store(request)
            return store.diff(request.first, request.checkpoint, MAX_DIFF_BYTES)

    @activity.defn
    def show_log(self, request: LogRequest) -> Log:
        """The conversation with Claude, its latest part if it is long."""
        with told_as_problems():
            messages = Transcript(self._store(request), request.checkpoint).everything()
        entries = [entry for message in messages for entry in _entries(message)]
        kept: list[LogEntry] = []
        room = MAX_LOG_CHARACTERS
        for entry in reversed(entries):
            room -= len(entry.text)
            if room < 0:
                break
            kept.append(entry)
        return Log(entries=kept[::-1], truncated=len(entries) - len(kept))

    def _store(self, request: DiffRequest | LogRequest) -> CheckpointStore:
        directory = TaskDirectory(self._home, request.task_id, self._remote)
        return directory.store_with(request.checkpoint)


def _entries(message: Message) -> list[LogEntry]:
    return [
        entry
        for block in message.content
        if (entry := _entry(message.role, block)) and entry.text.strip()
    ]


def _entry(role: str, block: dict[str, Any]) -> LogEntry | None:
    match block["type"]:
        case "text":
            return LogEntry(who="claude" if role == "assistant" else "user", text=block["text"])
        case "thinking":
            return LogEntry(who="claude", text=block["thinking"])
        case "tool_use":
            given = "\n".join(f"{name}: {value}" for name, value in block["input"].items())
            return LogEntry(who="claude", text=f"[{block['name']}]\n{given}")
        case "tool_result":
            content = block.get("content") or ""
            return LogEntry(who="tool", text=content if isinstance(content, str) else str(content))
        case _:
            return None
