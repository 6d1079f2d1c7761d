"""Verbs that start a task and tell what it does and did."""

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from connection import connect
from models.shown import Diff, Log
from models.task import TaskInput
from models.updates import UpdateKind
from settings import Settings, load_settings
from starter.answers import AsJson, WhichTask, answer, ask, print_json, task_page
from starter.background import ensure_up
from starter.blocks import headline, labelled
from starter.inputs import make_task
from starter.naming import short_id
from starter.projects import find_project
from starter.tables import change_lines, log_lines, patch_lines
from starter.tasks import Tasks
from starter.terminal import make_console
from starter.watching import show_story


def start(
    goal: Annotated[str, typer.Argument(help="What to build; - reads it from a pipe.")],
    *,
    project: Annotated[
        Path | None, typer.Option(help="Git repository to work on a clone of.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Watch it until its end.")] = False,
    minutes: Annotated[float | None, typer.Option(help="Most active minutes.")] = None,
    turns: Annotated[int | None, typer.Option(help="Most turns.")] = None,
    dollars: Annotated[float | None, typer.Option(help="Most dollars of model cost.")] = None,
    as_json: AsJson = False,
) -> int:
    """Start a task; brings the local stack up if nothing runs."""
    settings = load_settings()
    repository = find_project(project) if project else None
    task = make_task(
        goal, repository, settings.limits, minutes=minutes, turns=turns, dollars=dollars
    )
    ensure_up(settings)
    return asyncio.run(_start(settings, task, watch=watch, as_json=as_json))


async def _start(settings: Settings, task: TaskInput, *, watch: bool, as_json: bool) -> int:
    tasks = Tasks(await connect(settings), settings.task_queue)
    task_id = await tasks.start(task)
    page = task_page(settings, task_id)
    if as_json:
        print_json({"task_id": task_id, "web_ui": page})
    elif not watch:
        shown = [headline(task_id, task.goal), labelled("Watch", "./tars watch")]
        make_console().print(*shown, *([labelled("Web UI", page)] if page else []), sep="\n")
    return await _watch(tasks, task_id, page, as_json=as_json) if watch else 0


def watch(
    task: WhichTask = None,
    *,
    after: Annotated[int, typer.Option(min=0, help="Begin after this update.")] = 0,
    as_json: AsJson = False,
) -> int:
    """Watch a task live until its end; Ctrl-C leaves it running."""
    settings = load_settings()

    async def find_and_watch(tasks: Tasks) -> int:
        task_id = await tasks.find(task)
        page = task_page(settings, task_id)
        return await _watch(tasks, task_id, page, after=after, as_json=as_json)

    return ask(find_and_watch)


async def _watch(
    tasks: Tasks, task_id: str, page: str, *, after: int = 0, as_json: bool = False
) -> int:
    """Return 0 when the task reached its goal."""
    console = make_console()
    try:
        if as_json:
            last = await _print_updates(tasks, task_id, after)
        else:
            send = partial(tasks.confirm, task_id=task_id)
            last = await show_story(partial(tasks.follow, task_id, after), console, page, send)
    except asyncio.CancelledError:
        if not as_json:
            short = short_id(task_id)
            console.print(f"\nTask {short} goes on: ./tars watch shows it, ./tars cancel ends it.")
        raise
    return 0 if last is UpdateKind.TASK_COMPLETED else 1


async def _print_updates(tasks: Tasks, task_id: str, after: int) -> UpdateKind | None:
    last = None
    async for update in tasks.follow(task_id, after):
        print_json(update)
        last = update.kind
    return last


def diff(task: WhichTask = None, *, as_json: AsJson = False) -> None:
    """Show what a task has changed so far; in a pipe, as a patch for `git apply`."""

    async def look(tasks: Tasks) -> Diff:
        return await tasks.diff(await tasks.find(task))

    found = ask(look)
    if as_json or sys.stdout.isatty():
        answer(found, [*change_lines(found), "", *patch_lines(found.patch)], as_json=as_json)
    else:
        sys.stdout.write(found.patch)


def log(task: WhichTask = None, *, as_json: AsJson = False) -> None:
    """Show the conversation with Claude so far."""

    async def look(tasks: Tasks) -> Log:
        return await tasks.log(await tasks.find(task))

    found = ask(look)
    answer(found, list(log_lines(found)), as_json=as_json)
