"""How every verb meets Temporal and answers: for people in colours, for programs in JSON."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

import typer
from pydantic import BaseModel, JsonValue
from rich.console import RenderableType

from connection import connect
from settings import Settings, load_settings
from starter.stack_files import StackFiles
from starter.tasks import Tasks
from starter.terminal import make_console

Document = BaseModel | Sequence[BaseModel] | dict[str, JsonValue]
Answer = TypeVar("Answer")

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
WhichTask = Annotated[
    str | None,
    typer.Argument(metavar="ID", help="Task, as in #a7f3; the latest if left out."),
]


def ask(work: Callable[[Tasks], Awaitable[Answer]]) -> Answer:
    """Carry out a request at the door to all tasks.

    Raises:
        TemporalUnreachable: no server answers.
        TaskProblem: what `work` raises.
    """
    settings = load_settings()

    async def at_the_door() -> Answer:
        return await work(Tasks(await connect(settings), settings.task_queue))

    return asyncio.run(at_the_door())


def answer(
    document: Document,
    shown: Sequence[RenderableType],
    *,
    as_json: bool,
) -> None:
    """Print the answer of a verb: the document for programs, else what is shown to people."""
    if as_json:
        print_json(document)
    else:
        make_console().print(*shown, sep="\n")


def print_json(document: Document) -> None:
    """Print one JSON document on one line, in ASCII: safe on any terminal, in any encoding."""
    sys.stdout.write(json.dumps(_plain(document)) + "\n")
    sys.stdout.flush()


def _plain(document: Document) -> JsonValue:
    if isinstance(document, BaseModel):
        plain: JsonValue = document.model_dump(mode="json")
        return plain
    if isinstance(document, dict):
        return document
    return [_plain(item) for item in document]


def task_page(settings: Settings, task_id: str) -> str:
    """A task's address in the Web UI of the local stack, "" where that is not up."""
    state = StackFiles(settings.tars_home).running()
    return state.page(settings.temporal_namespace, task_id) if state else ""
