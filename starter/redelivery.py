"""Messages that are delivered again: what was answered the first time?

Temporal keeps the answer to each update by the update's id, and the id of a message is that of its
update. A message that names no task is looked for in every task it can have gone to. Otherwise its
second delivery, with a code in it, would be good for whatever waits by then.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from temporalio.client import (
    Client,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from models.contract import WORKFLOW_TYPE
from models.replies import ConfirmReply

REDELIVERED_WITHIN = timedelta(hours=1)
"""After the end of the task that took it; senders give up long before."""

MOST_AT_ONCE = 20
ANSWER_TIMEOUT = timedelta(seconds=5)


class _Run(NamedTuple):
    """A run of a task; without `run_id` its latest."""

    task_id: str
    run_id: str | None = None


async def earlier_reply(
    client: Client, task_queue: str, message_id: str, task_id: str | None
) -> ConfirmReply | None:
    """The reply to a message that came before; None for one that is new to the task, or to all."""
    free = asyncio.Semaphore(MOST_AT_ONCE)

    async def look(run: _Run) -> ConfirmReply | None:
        async with free:
            return await _reply_of(client, run, message_id)

    runs = await _may_have_it(client, task_queue, task_id)
    replies = await asyncio.gather(*map(look, runs))
    return next((reply for reply in replies if reply), None)


async def _may_have_it(client: Client, task_queue: str, task_id: str | None) -> list[_Run]:
    """Runs of tasks; one that has begun a new history has several."""
    since = (datetime.now(UTC) - REDELIVERED_WITHIN).isoformat()
    query = (
        f"WorkflowType = '{WORKFLOW_TYPE}' AND TaskQueue = '{task_queue}' "
        f"AND (ExecutionStatus = 'Running' OR CloseTime > '{since}')"
    )
    if task_id:
        query += f" AND WorkflowId = '{task_id}'"
    found = [_Run(one.id, one.run_id) async for one in client.list_workflows(query)]
    return [*found, _Run(task_id)] if task_id else found  # the list lags behind


async def _reply_of(client: Client, run: _Run, message_id: str) -> ConfirmReply | None:
    handle = client.get_workflow_handle(run.task_id, run_id=run.run_id)
    update = handle.get_update_handle(message_id, result_type=ConfirmReply)
    try:
        reply: ConfirmReply = await update.result(rpc_timeout=ANSWER_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    except (WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError):
        return None  # the update itself will tell, or time out, again
    return reply
