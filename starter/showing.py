"""What a task has done so far, shown by a worker that can reach its store."""

import uuid
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import BaseModel
from temporalio.client import Client

from models.contract import Activity
from models.shown import Diff, DiffRequest, Log, LogRequest
from models.task import Progress
from starter.naming import short_id
from starter.problems import NotYet

SHOW_TIMEOUT = timedelta(seconds=30)
"""For showing a diff or a log; the largest repository tried here took 2 s."""

Shown = TypeVar("Shown", bound=BaseModel)


async def show_diff(client: Client, task_queue: str, progress: Progress) -> Diff:
    """Show the change that a task has made so far.

    Raises:
        NotYet: its workspace is not open.
    """
    if not (progress.first_checkpoint and progress.checkpoint):
        raise _not_open(progress)
    request = DiffRequest(
        task_id=progress.task_id, first=progress.first_checkpoint, checkpoint=progress.checkpoint
    )
    return await _shown(client, task_queue, Activity.SHOW_DIFF, request, Diff)


async def show_log(client: Client, task_queue: str, progress: Progress) -> Log:
    """Show the conversation with Claude so far.

    Raises:
        NotYet: there is none.
    """
    if not progress.checkpoint:
        raise _not_open(progress)
    request = LogRequest(task_id=progress.task_id, checkpoint=progress.checkpoint)
    return await _shown(client, task_queue, Activity.SHOW_LOG, request, Log)


def _not_open(progress: Progress) -> NotYet:
    return NotYet(f"Task {short_id(progress.task_id)} has not opened its workspace yet.")


async def _shown(
    client: Client, task_queue: str, activity: Activity, request: BaseModel, kind: type[Shown]
) -> Shown:
    options: dict[str, Any] = {
        "id": f"show-{uuid.uuid4()}",
        "task_queue": task_queue,
        "schedule_to_close_timeout": SHOW_TIMEOUT,
    }
    shown: Shown = await client.execute_activity(activity, request, result_type=kind, **options)
    return shown
