"""Watching a task live: its story above, one line at the bottom that says what goes on now."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from models.updates import Update, UpdateKind
from starter.blocks import Indented, OneLine
from starter.code_prompt import CodePrompt, Send
from starter.consent_story import how_to_answer
from starter.story import Story
from starter.terminal import dollars_text, is_live, one_line, seconds_text

FRAMES_PER_SECOND = 8
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

SILENCE_SECONDS = 3.0
"""An unanswered read is no news before this; a worker needs about that long to start."""


class NowLine:
    """What goes on at this moment, on one line that is drawn anew as time passes."""

    def __init__(self, silence_seconds: float = SILENCE_SECONDS) -> None:
        self._silence_seconds = silence_seconds
        self._doing = "starting"
        self._since = datetime.now(UTC)
        self._phase = ""
        self._turn = 0
        self._max_turns = 0
        self._cost_usd = 0.0
        self._heard_at = time.monotonic()

    @property
    def is_alone(self) -> bool:
        """Whether no worker has answered for a while."""
        return time.monotonic() - self._heard_at > self._silence_seconds

    def heard(self) -> None:
        """Take note that a worker answered."""
        self._heard_at = time.monotonic()

    def see(self, update: Update) -> None:
        """Take note of an update."""
        data = update.data
        self._phase = update.phase
        self._turn = data.get("turn", self._turn)
        self._max_turns = data.get("max_turns", self._max_turns)
        self._cost_usd = data.get("cost_usd", self._cost_usd)
        if update.kind is not UpdateKind.COMMAND_OUTPUT:
            self._doing, self._since = _doing(update), update.at

    def __rich__(self) -> OneLine:
        """Draw the line as it is at this moment."""
        frame = _FRAMES[int(time.monotonic() * FRAMES_PER_SECOND) % len(_FRAMES)]
        line = Text.assemble((f"{frame} ", "id"))
        if self.is_alone:
            return OneLine(line.append("waiting for a worker ...", "attention"))
        seconds = (datetime.now(UTC) - self._since).total_seconds()
        turns = f"turn {self._turn} of {self._max_turns}" if self._max_turns else ""
        lasts = f"{max(seconds, 0):.0f} s" if seconds < 60 else seconds_text(seconds)
        facts = [turns, dollars_text(self._cost_usd), self._doing, lasts]
        line.append(self._phase, f"phase.{self._phase}" if self._phase else "")
        return OneLine(line.append("".join(f" · {fact}" for fact in facts if fact), "quiet"))


def _doing(update: Update) -> str:
    match update.kind:
        case UpdateKind.COMMAND_STARTED:
            return "running " + one_line(str(update.data.get("command", "a command")), 60)
        case UpdateKind.CONFIRMATION_REQUESTED:
            return "waiting for the code for " + one_line(str(update.data.get("word", "it")), 20)
        case UpdateKind.TASK_PAUSED:
            return "paused; ./tars resume lets it go on"
        case UpdateKind.TASK_PARKED:
            return "parked"
        case _:
            return "thinking"


async def show_story(
    updates: Callable[[Callable[[], None]], AsyncIterator[Update]],
    console: Console,
    page: str = "",
    send: Send | None = None,
) -> UpdateKind | None:
    """Print a task's updates as they come, and return the kind of the last one.

    `updates` makes the stream; it is handed what to call whenever a worker answered. With `send`
    the code is asked for where there is a terminal to type it into; elsewhere it is said how to
    give it.
    """
    now, story, last = NowLine(), Story(page), None
    prompt = _prompt(console, send) if send and can_ask(console) else None
    with prompt.reading() if prompt else nullcontext():
        async with _shown(now, prompt, console):
            async for update in updates(now.heard):
                now.see(update)
                if prompt:
                    prompt.see(update)
                console.print(*story.tell(update), sep="\n")
                if send and not prompt and update.kind is UpdateKind.CONFIRMATION_REQUESTED:
                    console.print(*how_to_answer(update), sep="\n")
                last = update.kind
    return last


def can_ask(console: Console) -> bool:
    """Whether a person sees what is printed and can type."""
    return is_live(console) and sys.stdin.isatty()


def _prompt(console: Console, send: Send) -> CodePrompt:
    def say(sentence: str) -> None:
        console.print(Indented(Text(sentence, "attention")))

    return CodePrompt(send, say, sys.stdin.fileno())


@asynccontextmanager
async def _shown(now: NowLine, prompt: CodePrompt | None, console: Console) -> AsyncIterator[None]:
    """Show the line at the bottom of a terminal; elsewhere, say only that no worker is there."""
    if is_live(console):
        with Live(
            Group(Text(), *([prompt] if prompt else []), now),
            console=console,
            refresh_per_second=FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        ):
            yield
        return
    saying = asyncio.create_task(_say_when_alone(now, console))
    try:
        yield
    finally:
        saying.cancel()


async def _say_when_alone(now: NowLine, console: Console) -> None:
    was_alone = False
    while True:
        if now.is_alone and not was_alone:
            console.print("  Waiting for a worker ...")
        was_alone = now.is_alone
        await asyncio.sleep(1)
