"""Verbs that answer a task's request for the code."""

import getpass
import sys
from typing import Annotated

import typer

from models.replies import MAX_CODE_CHARACTERS, ConfirmationAnswer, ConfirmReply
from starter.answers import AsJson, answer, ask
from starter.inputs import make_answer, read_words
from starter.tasks import Tasks

WhichRequest = Annotated[
    str | None,
    typer.Argument(metavar="[ID]", help="Task, as in #a7f3; the one that waits if left out."),
]
Word = Annotated[str, typer.Option(help="Word of the request, where several wait.")]


def confirm(
    code: Annotated[str, typer.Argument(help="The code; - asks for it, or reads it from a pipe.")],
    task: WhichRequest = None,
    *,
    word: Word = "",
    as_json: AsJson = False,
) -> int:
    """Give the code that a task waits for."""
    given = make_answer(code=_read_code(code), word=word, channel="command line")
    return _give(given, task, as_json=as_json)


def deny(
    task: WhichRequest = None,
    *,
    reason: Annotated[str, typer.Option(help="Why not; Claude is told.")] = "",
    word: Word = "",
    as_json: AsJson = False,
) -> int:
    """Say no to what a task asks; needs no code."""
    given = make_answer(approve=False, reason=reason, word=word, channel="command line")
    return _give(given, task, as_json=as_json)


def _read_code(typed: str) -> str:
    if typed == "-" and sys.stdin.isatty():
        return getpass.getpass("Code: ")
    return read_words(typed, MAX_CODE_CHARACTERS).strip()


def _give(given: ConfirmationAnswer, task: str | None, *, as_json: bool) -> int:
    async def find_and_give(tasks: Tasks) -> ConfirmReply:
        return await tasks.confirm(given, await tasks.find(task) if task else None)

    reply = ask(find_and_give)
    about = f"{reply.word.capitalize()}: " if reply.word else ""
    answer(reply, [about + reply.message], as_json=as_json)
    return 0 if reply.outcome.is_settled else 1
