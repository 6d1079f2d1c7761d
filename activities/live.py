"""Telling people what happens while an activity is still at it."""

import asyncio
import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from temporalio import activity
from temporalio.client import Client
from temporalio.contrib.workflow_streams import PublishEntry, PublishInput, WorkflowStreamClient
from temporalio.service import RPCError

from activities.redacting import redacted
from models.task import Phase
from models.updates import TOPIC, Update, UpdateKind
from policy.redaction import Redactor

PUBLISH_TIMEOUT_SECONDS = 5.0

PUBLISH_SIGNAL = "__temporal_workflow_stream_publish"
"""Of temporalio.contrib.workflow_streams; its own client is a new publisher in each attempt."""


class LiveUpdates:
    """Publishes updates of one running activity on the stream of its workflow.

    A task must not fail because nobody can be told: after the first trouble nothing more is
    published, and the caller hands over in its result what `publish` did not confirm.
    """

    def __init__(
        self, stream: WorkflowStreamClient | None, task_id: str, phase: Phase, redactor: Redactor
    ) -> None:
        self._stream = stream
        self._redactor = redactor
        self._task_id = task_id
        self._phase = phase

    @classmethod
    def of_this_activity(cls, task_id: str, phase: Phase, redactor: Redactor) -> Self:
        """Return the updates of the running activity; silent outside of a workflow."""
        try:
            # Every publish is flushed at once, so the client's own interval never applies.
            stream: WorkflowStreamClient | None = WorkflowStreamClient.from_within_activity(
                batch_interval=timedelta(hours=1)
            )
        except RuntimeError:
            stream = None
        return cls(stream, task_id, phase, redactor)

    def update(self, kind: UpdateKind, chat: str, data: dict[str, Any]) -> Update:
        """Return an update of this activity's task, dated now, with secrets blanked."""
        return Update(
            at=datetime.now(UTC),
            task_id=self._task_id,
            kind=kind,
            phase=self._phase,
            chat=self._redactor.text(chat),
            data=redacted(data, self._redactor.text),
        )

    async def publish(self, updates: Sequence[Update]) -> bool:
        """Publish in order; False when it is not sure that all have arrived."""
        if self._stream is None or not updates:
            return False
        topic = self._stream.topic(TOPIC, type=Update)
        for update in updates:
            topic.publish(update)
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_SECONDS):
                await self._stream.flush()
        except (RPCError, TimeoutError):
            activity.logger.warning("Live updates stop: the stream of the task takes none")
            self._stream = None
        return self._stream is not None

    async def publish_once(self, updates: Sequence[Update], publisher: str, sequence: int) -> bool:
        """Publish what the task takes once, whichever attempts send it.

        A task drops what does not have a higher `sequence` than all it took from `publisher`
        before. False when it is not sure that it has arrived; it may be sent again.
        """
        if self._stream is None or not updates:
            return False
        client = activity.client()
        entries = [PublishEntry(topic=TOPIC, data=_wire(client, update)) for update in updates]
        batch = PublishInput(items=entries, publisher_id=publisher, sequence=sequence)
        task = client.get_workflow_handle(self._task_id)
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_SECONDS):
                await task.signal(PUBLISH_SIGNAL, batch)
        except (RPCError, TimeoutError):
            activity.logger.warning("A live update may not have arrived; it is sent again")
            return False
        return True


def _wire(client: Client, update: Update) -> str:
    payload = client.data_converter.payload_converter.to_payload(update)
    return base64.b64encode(payload.SerializeToString()).decode()
