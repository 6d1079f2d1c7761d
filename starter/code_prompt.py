"""Asking for the code at the bottom of a terminal, while the story above it goes on."""

import asyncio
import os
import re
import termios
import tty
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from models.replies import (
    MAX_CODE_CHARACTERS,
    ConfirmationAnswer,
    ConfirmOutcome,
    ConfirmReply,
)
from models.updates import Update, UpdateKind
from starter.blocks import OneLine
from starter.problems import TaskProblem
from starter.terminal import seconds_text

CHANNEL = "terminal"
TOLD_BY_THE_STORY = {
    ConfirmOutcome.ACCEPTED,
    ConfirmOutcome.DENIED,
    ConfirmOutcome.WRONG_CODE,
    ConfirmOutcome.LOCKED,
}

_ENTER, _ERASE, _CLEAR = "\r\n", "\x7f\b", "\x15"
_ARROWS_AND_SUCH = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?")

Send = Callable[[ConfirmationAnswer], Awaitable[ConfirmReply]]


class CodePrompt:
    """Reads a code, or a no, without showing it.

    `send` gives the answer to the task; `say` shows a sentence above the line. Keys that were
    pressed before a question came up are dropped: they cannot have been meant for it.
    """

    def __init__(self, send: Send, say: Callable[[str], None], terminal: int) -> None:
        self._send = send
        self._say = say
        self._terminal = terminal
        self._request: dict[str, Any] = {}
        self._typed = ""
        self._sending: asyncio.Task[None] | None = None

    def see(self, update: Update) -> None:
        """Take note of an update: is the code asked for, and how many tries are left?"""
        match update.kind:
            case UpdateKind.CONFIRMATION_REQUESTED:
                self._request, self._typed = update.data, ""
                termios.tcflush(self._terminal, termios.TCIFLUSH)
            case UpdateKind.CONFIRMATION_REMINDER if self._request:
                self._request = self._request | update.data
            case UpdateKind.CONFIRMATION_RESOLVED:
                self._request = {}
            case kind if kind.is_end:
                self._request = {}

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read keys one by one for as long as the context lasts; Ctrl-C stays what it is."""
        before = termios.tcgetattr(self._terminal)
        loop = asyncio.get_running_loop()
        tty.setcbreak(self._terminal)
        loop.add_reader(self._terminal, self._read)
        try:
            yield
        finally:
            loop.remove_reader(self._terminal)
            termios.tcsetattr(self._terminal, termios.TCSAFLUSH, before)

    def __rich__(self) -> OneLine | Text:
        """Draw the line as it is at this moment; nothing while nobody asks."""
        if not self._request:
            return Text("", end="")
        word = str(self._request.get("word", ""))
        line = Text.assemble(("Code for ", "attention"), (word, "id"), (", or no: ", "attention"))
        line.append("checking ..." if self._sending else "•" * len(self._typed) + "▏")
        return OneLine(line.append(f"  {' · '.join(self._facts())}", "quiet"))

    def _facts(self) -> Iterator[str]:
        if tries := self._request.get("tries_left"):
            yield f"{tries} {'try' if tries == 1 else 'tries'}"
        if until := self._request.get("expires_at"):
            left = (datetime.fromisoformat(until) - datetime.now(UTC)).total_seconds()
            yield f"{seconds_text(left)} left" if left > 0 else "late, but still good"

    def _read(self) -> None:
        keys = os.read(self._terminal, 1_000).decode(errors="ignore")
        if not self._request or self._sending:
            return
        for key in _ARROWS_AND_SUCH.sub("", keys):
            self._press(key)

    def _press(self, key: str) -> None:
        if key in _ENTER:
            if self._typed.strip() and not self._sending:
                self._sending = asyncio.create_task(self._submit(self._typed.strip()))
            self._typed = ""
        elif key in _ERASE:
            self._typed = self._typed[:-1]
        elif key == _CLEAR:
            self._typed = ""
        elif key.isprintable():
            self._typed = (self._typed + key)[:MAX_CODE_CHARACTERS]

    async def _submit(self, typed: str) -> None:
        answer = self._understood(typed)
        try:
            reply = await self._send(answer)
            if reply.outcome not in TOLD_BY_THE_STORY:
                self._say(reply.message)
        except TaskProblem as problem:
            self._say(str(problem))
        finally:
            self._sending = None

    def _understood(self, typed: str) -> ConfirmationAnswer:
        """A no may be followed by the reason; anything else is the code."""
        first, _, rest = typed.partition(" ")
        named = {"word": str(self._request["word"]), "channel": CHANNEL}
        if first.rstrip(",.:;!").casefold() in {"no", "n"}:
            return ConfirmationAnswer(approve=False, reason=rest.strip(), **named)
        return ConfirmationAnswer(code=typed, **named)
