"""A command's output, told while it runs: in batches, long lines cut, the total capped."""

import re
import time

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


class LiveOutput:
    """Reads what a command prints and tells it on the task's event stream.

    How far it has come stands beside the command, so that a later attempt repeats nothing.
    """

    def __init__(
        self, command: Command, live: LiveUpdates, call_id: str, redactor: Redactor
    ) -> None:
        self._command = command
        self._live = live
        self._call_id = call_id
        self._note = command.directory / "told"
        self._told_bytes = self._read_bytes = self._line_bytes = self._noted_bytes = self._noted()
        self._lines: list[str] = []
        self._batcher = LineBatcher(redactor)
        self._next_batch = 0.0

    async def tell(self) -> None:
        """Tell what is new, unless a batch was told just now or enough was told."""
        now = time.monotonic()
        room = MAX_TOLD_BYTES - self._read_bytes
        if now < self._next_batch or room <= 0:
            return
        self._take(now, room)
        if not self._lines:
            return
        self._next_batch = now + BATCH_SECONDS
        if self._noted() > self._noted_bytes:
            return  # a later attempt tells it, and this one does not know yet
        if await self._live.publish([self._update("\n".join(self._lines))]):
            self._lines = []
            self._noted_bytes = self._told_bytes
            write_whole(self._note, b"%d" % self._noted_bytes)

    def rest(self) -> str:
        """What nobody was told; of much, its end."""
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

    def _noted(self) -> int:
        try:
            return int(self._note.read_bytes())
        except FileNotFoundError:
            return 0

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
