"""The verb `demo`: one real task on a stack of its own; only the model is scripted."""

import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from connection import connect
from models.consent import OnTimeout
from models.replies import ConfirmationAnswer
from models.shown import Diff
from models.task import Progress, TaskInput
from models.updates import Update, UpdateKind
from settings import Settings, load_settings
from starter.blocks import Indented, Rule, labelled, quietly
from starter.problems import TaskProblem
from starter.stack import RunningStack, local_stack, stop_on_signals
from starter.supervision import Child, StackProblem
from starter.tables import patch_lines
from starter.tasks import Tasks
from starter.temporal_server import UI_PORT_OFFSET, is_free
from starter.terminal import is_live
from starter.watching import can_ask, show_story

GOAL = "Build a calculator for the command line, with tests"
HOST = "127.0.0.1"
KEY = "key-of-the-scripted-claude"
"""What the scripted Claude takes for an API key; nobody else ever sees it."""

CODE = "6283"
"""The confirmation code of the demo, which everybody may know: it guards one scratch file."""

READING_SECONDS = 2.0
"""A person gets this long to read a question that the demo answers itself."""

SHOWN_PATCH_LINES = 40
CANCEL_SECONDS = 5
LONGEST_SECONDS = 600
"""A demo takes half a minute; whatever takes this long has come to a stop."""


class Rehearsed(BaseModel):
    """How a demo went and where its files are."""

    ok: bool
    home: str
    progress: Progress


class Rehearsal:
    """A demo in a temporary directory, which is kept for a person to look around in.

    With `yes`, or where nobody could type it, it gives the confirmation code itself.
    """

    def __init__(self, console: Console, pace: float, *, yes: bool) -> None:
        self._console = console
        self._pace = pace
        self._alone = "With --yes" if yes else "" if can_ask(console) else "Without a terminal"
        self._home = Path(tempfile.mkdtemp(prefix="tars-demo-"))
        self._claude_port = _free_port()

    async def run(self, *, keep: bool) -> Rehearsed:
        """Play it. With `keep`, the stack then stays up until this is cancelled.

        Raises:
            StackProblem: a part could not start or go on.
        """
        stop_on_signals(self._say)
        self._introduce()
        settings = self._settings()
        async with self._stack(settings) as stack:
            tasks = Tasks(await connect(settings), settings.task_queue)
            task_id = await tasks.start(TaskInput(goal=GOAL, limits=settings.limits))
            page = stack.state.page(settings.temporal_namespace, task_id)
            try:
                last = await _or_failure(stack, self._watch(tasks, task_id, page))
            except asyncio.CancelledError:
                await _cancel(tasks, task_id)
                raise
            self._show_change(await tasks.diff(task_id))
            progress = await tasks.progress(task_id)
            await self._close(stack, keep=keep)
        ok = last is UpdateKind.TASK_COMPLETED
        return Rehearsed(ok=ok, home=str(self._home), progress=progress)

    @asynccontextmanager
    async def _stack(self, settings: Settings) -> AsyncIterator[RunningStack]:
        starting = self._console.status("Starting the scripted Claude, Temporal and a worker ...")
        with ExitStack() as shown:
            if is_live(self._console):
                shown.enter_context(starting)
            async with local_stack(settings, tell=self._say, before=[self._claude()]) as stack:
                shown.close()
                yield stack

    def _settings(self) -> Settings:
        """Settings for this process and its children, whatever was set before for real work."""
        for name in list(os.environ):
            if name.lower() in Settings.model_fields or name.startswith("TEMPORAL_"):
                del os.environ[name]
        os.environ |= {
            "ANTHROPIC_API_KEY": KEY,
            "API_PORT": str(_free_port()),
            "ANTHROPIC_BASE_URL": f"http://{HOST}:{self._claude_port}",
            "CONFIRMATION_CODE": CODE,
            "CONFIRMATION_ON_TIMEOUT": OnTimeout.DENY.value,
            "SANDBOX_NETWORK": "none",
            "TARS_ENV_FILE": os.devnull,
            "TARS_HOME": str(self._home),
            "TEMPORAL_ADDRESS": f"{HOST}:{_free_port(UI_PORT_OFFSET)}",
            "TEMPORAL_CONFIG_FILE": os.devnull,
        }
        return load_settings()

    def _claude(self) -> Child:
        ready = self._home / "claude.ready"

        async def is_ready() -> bool:
            return ready.exists()

        options = {
            "--port": str(self._claude_port),
            "--key": KEY,
            "--scenario": "calculator_with_cleanup",
            "--pace": str(self._pace),
            "--ready-file": str(ready),
        }
        words = (word for option in options.items() for word in option)
        return Child(
            "claude", "The scripted Claude", [sys.executable, "-m", "demo", *words], is_ready
        )

    def _introduce(self) -> None:
        self._console.print(
            Rule("demo", "attention"),
            *quietly(
                "A real task on a real Temporal server; only the model is scripted. What Claude "
                "says was written beforehand, nothing is sent to anybody, and the dollars are what "
                "the real one would have cost."
            ),
            *quietly(
                "Near the end Claude wants to remove a file. Nothing is removed before a person "
                f"gives the code, which is {CODE} here."
            ),
            "",
            sep="\n",
        )

    async def _watch(self, tasks: Tasks, task_id: str, page: str) -> UpdateKind | None:
        if self._alone:
            return await show_story(partial(self._answered, tasks, task_id), self._console, page)
        send = partial(tasks.confirm, task_id=task_id)
        return await show_story(partial(tasks.follow, task_id, 0), self._console, page, send)

    async def _answered(
        self, tasks: Tasks, task_id: str, heard: Callable[[], None]
    ) -> AsyncIterator[Update]:
        """Yield the updates, and answer what they ask."""
        async for update in tasks.follow(task_id, 0, heard):
            yield update
            if update.kind is UpdateKind.CONFIRMATION_REQUESTED:
                self._say(f"{self._alone}, the demo gives the code {CODE} itself.")
                await asyncio.sleep(READING_SECONDS * self._pace)
                word = update.data["word"]
                answer = ConfirmationAnswer(code=CODE, word=word, channel="demo")
                await tasks.confirm(answer, task_id)

    def _show_change(self, diff: Diff) -> None:
        whole = self._home / "change.patch"
        whole.write_text(diff.patch)
        lines = list(patch_lines(diff.patch))
        self._console.print("", Rule("the change", "id"), *lines[:SHOWN_PATCH_LINES], sep="\n")
        if more := len(lines[SHOWN_PATCH_LINES:]):
            self._console.print(*quietly(f"... and {more} lines more in {whole}"))

    async def _close(self, stack: RunningStack, *, keep: bool) -> None:
        self._console.print("", labelled("Kept", str(self._home)), sep="\n")
        if not keep:
            self._console.print(*quietly("The Web UI ends now; ./tars demo --keep leaves it up."))
            return
        self._console.print(*quietly("Everything stays up until Ctrl-C."))
        with suppress(asyncio.CancelledError):
            raise await stack.failure()

    def _say(self, sentence: str) -> None:
        self._console.print(Indented(Text(sentence, "attention"), "  ● ", "    "))


async def _or_failure(
    stack: RunningStack, work: Coroutine[None, None, UpdateKind | None]
) -> UpdateKind | None:
    """Do the work, unless the stack cannot go on meanwhile."""
    working = asyncio.create_task(work)
    failing = asyncio.create_task(stack.failure())
    both = {working, failing}
    try:
        await asyncio.wait(both, timeout=LONGEST_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        if failing.done():
            raise failing.result()
        raise StackProblem(f"The task did not end: see the logs in {stack.state.logs}.")
    finally:
        working.cancel()
        failing.cancel()
        await asyncio.wait(both)


async def _cancel(tasks: Tasks, task_id: str) -> None:
    """A command of the task has a session of its own: only the task can end it."""
    with suppress(TaskProblem, TimeoutError):
        async with asyncio.timeout(CANCEL_SECONDS):
            await tasks.cancel(task_id)
            async for _ in tasks.follow(task_id):
                pass


def _free_port(also_offset: int = 0) -> int:
    """A port that is free now, and free as well `also_offset` above it."""
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port + also_offset < 65_536 and is_free(HOST, port + also_offset):
            return port
