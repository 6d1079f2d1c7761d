"""A command's output, told while it runs: in batches, long lines cut, the total capped."""

import json
import re
import time
from typing import NamedTuple

from activities.live import LiveUpdates
from models.updates import Update, UpdateKind
from policy.redaction import Redactor
from workspace.output import LineBatcher
from workspace.processes import Command
from workspace.whole_file import write_whole

BATCH_SECONDS = 0.8
"""Each batch is a signal in the history; this still tells a line within a second."""

MAX_TOLD_BYTES = 16_000
"""Of one command, live; what is told is kept in the history. The file keeps everything."""

MAX_REST_CHARACTERS = 4_000
NOTE_CHARACTERS = 60
"""Room for the words that something is not shown."""

MAX_CHAT_CHARACTERS = 300


class _Note(NamedTuple):
    """Where the part of the output that was told last begins and ends, in bytes."""

    start: int
    end: int


class LiveOutput:
    """Reads what a command prints and tells it on the task's event stream, each part once.

    Where a part ends is noted beside the command before the part is told. An attempt that finds a
    note sends that part again, and the task drops it if it has it.
    """

    def __init__(
        self, command: Command, live: LiveUpdates, call_id: str, redactor: Redactor
    ) -> None:
        self._command = command
        self._live = live
        self._call_id = call_id
        self._lines: list[str] = []
        self._part = ""
        self._batcher = LineBatcher(redactor)
        self._next_part = 0.0
        self._note_file = command.directory / "told"
        self._note = self._noted()
        self._sure_bytes = self._told_bytes = self._read_bytes = self._line_bytes = self._note.start

    async def take_up(self) -> None:
        """Send again what an attempt before this one told last, for it may not have arrived."""
        self._take(time.monotonic(), self._note.end - self._note.start)
        self._begin_part()
        await self._send()

    async def tell(self) -> None:
        """Tell what is new, unless a part was told just now or enough was told."""
        now = time.monotonic()
        if now < self._next_part:
            return
        if not self._part:
            self._take(now, max(0, MAX_TOLD_BYTES - self._read_bytes))
            self._begin_part()
        await self._send()

    def _begin_part(self) -> None:
        # A note of somebody else: a later attempt tells it, and this one does not know yet.
        if self._lines and self._noted() == self._note:
            self._part, self._lines = "\n".join(self._lines), []
            self._note = _Note(self._sure_bytes, self._told_bytes)
            write_whole(self._note_file, json.dumps(self._note).encode())

    async def _send(self) -> None:
        if not self._part:
            return
        self._next_part = time.monotonic() + BATCH_SECONDS
        part, publisher = self._update(self._part), self._command.directory.name
        if await self._live.publish_once([part], publisher, self._note.end):
            self._part, self._sure_bytes = "", self._note.end

    def rest(self) -> str:
        """What nobody was told for certain; of much, its end."""
        self._lines = [*filter(None, [self._part]), *self._lines]
        skipped = self._size() - self._read_bytes - MAX_REST_CHARACTERS
        if skipped > 0:
            skipped += NOTE_CHARACTERS
            skipped += self._rest_of_word(self._read_bytes + skipped)
            self._read_bytes += skipped
            self._lines += self._batcher.end()
            self._lines.append(f"[... {skipped:,} bytes not shown ...]")
        self._take(time.monotonic(), MAX_REST_CHARACTERS)
        text = "\n".join([*self._lines, *self._batcher.end()])
        return text if len(text) <= MAX_REST_CHARACTERS else "…" + text[1 - MAX_REST_CHARACTERS :]

    def _rest_of_word(self, offset: int) -> int:
        """Bytes that are left of the word at `offset`: half a secret would not be known for one."""
        space = re.search(rb"\s", self._command.read_output(offset, MAX_REST_CHARACTERS))
        return space.start() if space else 0

    def _noted(self) -> _Note:
        try:
            return _Note(*json.loads(self._note_file.read_bytes()))
        except FileNotFoundError:
            return _Note(0, 0)

    def _size(self) -> int:
        try:
            return self._command.output.stat().st_size
        except FileNotFoundError:
            return 0

    def _take(self, now: float, limit_bytes: int) -> None:
        data = self._command.read_output(self._read_bytes, limit_bytes)
        self._read_bytes += len(data)
        self._lines += self._batcher.take(data, now)
        if b"\n" in data:
            self._line_bytes = self._read_bytes - len(data) + data.rindex(b"\n") + 1
        # What is held back of a line is not told: a later attempt reads the line again.
        told_bytes = self._line_bytes if self._batcher.holds else self._read_bytes
        self._told_bytes = max(self._told_bytes, told_bytes)

    def _update(self, text: str) -> Update:
        chat = " ".join(text.split())[:MAX_CHAT_CHARACTERS]
        data = {"call_id": self._call_id, "text": text}
        return self._live.update(UpdateKind.COMMAND_OUTPUT, chat, data)
