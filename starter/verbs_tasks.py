"""Verbs about tasks that are asked once and answered once."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from models.replies import Extended
from models.task import Progress, State
from starter.answers import AsJson, WhichTask, answer, ask
from starter.inputs import make_extension, make_instruction
from starter.naming import short_id
from starter.tables import standing, task_lines
from starter.tasks import Tasks


def list_tasks(
    *,
    state: Annotated[State | None, typer.Option(help="Only tasks in this state.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the latest tasks."""
    rows = ask(lambda tasks: tasks.list_tasks(state))
    shown = list(task_lines(rows)) if rows else ['No task here: ./tars start "..." starts one.']
    answer(rows, shown, as_json=as_json)


def status(task: WhichTask = None, *, as_json: AsJson = False) -> None:
    """Tell where a task stands."""

    async def look(tasks: Tasks) -> Progress:
        return await tasks.progress(await tasks.find(task))

    progress = ask(look)
    answer(progress, list(standing(progress)), as_json=as_json)


def waiting(*, as_json: AsJson = False) -> None:
    """Show the tasks that wait for a person, and what each waits for."""
    found = ask(Tasks.waiting)
    shown = [line for progress in found for line in ("", *standing(progress))][1:]
    answer(found, shown or ["No task waits for anybody."], as_json=as_json)


def tell(
    text: Annotated[str, typer.Argument(help="Words for Claude; - reads them from a pipe.")],
    task: WhichTask = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell Claude something before its next turn."""
    words = make_instruction(text).text
    _send(task, lambda tasks, found: tasks.tell(found, words), "will read it", as_json=as_json)


def pause(task: WhichTask = None, *, as_json: AsJson = False) -> None:
    """Pause a task before its next step."""
    _send(task, Tasks.pause, "pauses before its next step", as_json=as_json)


def resume(task: WhichTask = None, *, as_json: AsJson = False) -> None:
    """Let a paused or parked task go on."""
    _send(task, Tasks.resume, "goes on", as_json=as_json)


def cancel(task: WhichTask = None, *, as_json: AsJson = False) -> None:
    """Cancel a task; its work is kept."""
    _send(task, Tasks.cancel, "is being cancelled; its work is kept", as_json=as_json)


def extend(
    task: WhichTask = None,
    *,
    minutes: Annotated[float, typer.Option(help="Active minutes more.")] = 0,
    turns: Annotated[int, typer.Option(help="Turns more.")] = 0,
    dollars: Annotated[float, typer.Option(help="Dollars of model cost more.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Give a task more room; wakes it where it waits for that."""
    extension = make_extension(minutes, turns, dollars)

    async def give(tasks: Tasks) -> Extended:
        return await tasks.extend(await tasks.find(task), extension)

    extended = ask(give)
    answer(extended, [extended.message], as_json=as_json)


def _send(
    task: str | None,
    send: Callable[[Tasks, str], Awaitable[None]],
    effect: str,
    *,
    as_json: bool,
) -> None:
    async def find_and_send(tasks: Tasks) -> str:
        found = await tasks.find(task)
        await send(tasks, found)
        return found

    found = ask(find_and_send)
    answer({"task_id": found}, [f"Task {short_id(found)} {effect}."], as_json=as_json)
