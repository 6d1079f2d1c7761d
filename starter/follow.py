"""Reading a task's event stream, live or after its end, from any point on."""

import asyncio
import base64
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from datetime import timedelta

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
)
from temporalio.contrib.workflow_streams import PollInput, PollResult
from temporalio.service import RPCError, RPCStatusCode

from models.contract import POLL_QUERY
from models.updates import TOPIC, Update

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
"""Five reads a second: an update is seen well within a second, and a reader costs little."""

READS_BETWEEN_LOOKS = 25
"""Every 5 s without news: has the task ended? One that was terminated has no last update."""

ANSWER_TIMEOUT = timedelta(seconds=5)
"""For a worker's answer to a query. Without a worker, Temporal alone would wait for 30 s."""

PASSING = {
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.FAILED_PRECONDITION,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.CANCELLED,
}
"""Answers while a worker or the server is away or starting; the next read may do better."""


async def follow(
    client: Client,
    task_id: str,
    after_seq: int = 0,
    *,
    heard: Callable[[], None] = lambda: None,
) -> AsyncGenerator[Update, None]:
    """Yield the task's updates after `after_seq`, in order, until its last one.

    Reads by query, not by the stream's long-poll update: queries leave no trace in the history,
    however many listeners there are (docs/decisions/0001-read-streams-by-query.md). Updates that
    the task no longer keeps are skipped; the jump in `seq` shows it. `heard` is called
    after each answered read; without a worker, the reading goes on until there is one.
    """
    handle = client.get_workflow_handle(task_id)
    offset, quiet_reads, has_ended = after_seq, -1, False
    while True:
        result = await _poll(handle, offset)
        if result is None:
            await asyncio.sleep(POLL_SECONDS)
            continue
        heard()
        for update in _updates(client, result):
            yield update
            if update.kind.is_end:
                return
        if has_ended and not result.items:
            return
        offset = result.next_offset
        quiet_reads = 0 if result.items else quiet_reads + 1
        if not result.items and quiet_reads % READS_BETWEEN_LOOKS == 0:
            has_ended = await _has_ended(handle)
        if not (result.more_ready or has_ended):
            await asyncio.sleep(POLL_SECONDS)


async def _poll(handle: "WorkflowHandle[object, object]", offset: int) -> PollResult | None:
    try:
        result: PollResult = await handle.query(
            POLL_QUERY,
            PollInput(topics=[TOPIC], from_offset=offset),
            result_type=PollResult,
            rpc_timeout=ANSWER_TIMEOUT,
        )
    except RPCError as error:
        if error.status in PASSING:
            return None
        raise
    except WorkflowQueryFailedError:
        return None  # asked before the workflow's first task was done
    return result


async def _has_ended(handle: "WorkflowHandle[object, object]") -> bool:
    try:
        description = await handle.describe(rpc_timeout=ANSWER_TIMEOUT)
    except RPCError as error:
        if error.status in PASSING:
            return False
        raise
    return description.status is not WorkflowExecutionStatus.RUNNING


def _updates(client: Client, result: PollResult) -> Iterator[Update]:
    """What was read, without what a newer worker, or anybody else, has put there as well."""
    for item in result.items:
        try:
            payload = Payload()
            payload.ParseFromString(base64.b64decode(item.data))
            update = client.data_converter.payload_converter.from_payload(payload, Update)
        except Exception:
            log.warning("Something on the stream of a task is no update")
        else:
            yield update.model_copy(update={"seq": item.offset + 1})
