"""Messages that are delivered again: what was answered the first time?

Temporal keeps the answer to each update by the update's id, and the id of a message is that of its
update. A message that names no task is looked for in every task it can have gone to. Otherwise its
second delivery, with a code in it, would be good for whatever waits by then.
"""

import asyncio
from datetime import UTC, datetime, timedelta

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


async def earlier_reply(
    client: Client, task_queue: str, message_id: str, task_id: str | None
) -> ConfirmReply | None:
    """The reply to a message that came before; None for one that is new to the task, or to all."""
    ids = [task_id] if task_id else await _may_have_it(client, task_queue)
    free = asyncio.Semaphore(MOST_AT_ONCE)

    async def look(candidate: str) -> ConfirmReply | None:
        async with free:
            return await _reply_of(client, candidate, message_id)

    replies = await asyncio.gather(*map(look, ids))
    return next((reply for reply in replies if reply), None)


async def _may_have_it(client: Client, task_queue: str) -> list[str]:
    since = (datetime.now(UTC) - REDELIVERED_WITHIN).isoformat()
    query = (
        f"WorkflowType = '{WORKFLOW_TYPE}' AND TaskQueue = '{task_queue}' "
        f"AND (ExecutionStatus = 'Running' OR CloseTime > '{since}')"
    )
    return [execution.id async for execution in client.list_workflows(query)]


async def _reply_of(client: Client, task_id: str, message_id: str) -> ConfirmReply | None:
    update = client.get_workflow_handle(task_id).get_update_handle(
        message_id, result_type=ConfirmReply
    )
    try:
        reply: ConfirmReply = await update.result(rpc_timeout=ANSWER_TIMEOUT)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    except (WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError):
        return None  # the update itself will tell, or time out, again
    return reply
