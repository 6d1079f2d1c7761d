"""Tasks: everything a person can do with tasks, for every door (command line, HTTP, voice)."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import BaseModel
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from connection import worker_listens
from models.contract import (
    MAX_GOAL_ATTRIBUTE_BYTES,
    WORKFLOW_TYPE,
    Activity,
    Query,
    SearchAttribute,
    Signal,
    UpdateName,
)
from models.replies import ConfirmationAnswer, ConfirmReply, Extended, Extension, Instruction
from models.steps import Diff, DiffRequest, Log, LogRequest
from models.task import Phase, Progress, State, TaskInput
from models.updates import Update
from starter.choosing import choose
from starter.follow import ANSWER_TIMEOUT, follow
from starter.naming import new_task_id, parse_task_id, short_id
from starter.problems import NoWorker, Refused, TaskClosed, TaskProblem, UnknownTask
from starter.rpc_problems import no_worker, problem_of
from starter.task_rows import TaskRow, key_of, row_of

SHOW_TIMEOUT = timedelta(seconds=30)
"""For showing a diff or a log; the largest repository tried here took 2 s."""

MOST_AT_ONCE = 20
"""Tasks that are asked side by side how they stand."""

Answer = TypeVar("Answer", bound=BaseModel)

MAX_DETAILS_BYTES = 8_000
"""Temporal refuses user metadata over 20,000 bytes."""


class Tasks:
    """The door to all tasks on one task queue. Holds no state: Temporal does."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    async def start(self, task: TaskInput) -> str:
        """Start a task and answer its id at once.

        Raises:
            NoWorker: nothing was started, since no worker would pick it up.
        """
        if not await self.worker_listens():
            raise NoWorker("No worker is running, so nothing was started: run ./tars up first.")
        for extra_characters in range(8):
            task_id = new_task_id(extra_characters)
            try:
                await self._start_workflow(task_id, task)
            except WorkflowAlreadyStartedError:
                continue
            return task_id
        raise TaskProblem("No free task id was found: try again.")

    async def _start_workflow(self, task_id: str, task: TaskInput) -> None:
        goal = _cut(" ".join(task.goal.split()), MAX_GOAL_ATTRIBUTE_BYTES)
        await self._client.start_workflow(
            WORKFLOW_TYPE,
            task,
            id=task_id,
            task_queue=self._task_queue,
            static_summary=goal,
            static_details=_cut(task.goal, MAX_DETAILS_BYTES),
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(key_of(SearchAttribute.STATE), State.RUNNING.value),
                    SearchAttributePair(key_of(SearchAttribute.PHASE), Phase.PLANNING.value),
                    SearchAttributePair(key_of(SearchAttribute.GOAL), goal),
                ]
            ),
        )

    async def worker_listens(self) -> bool:
        """Whether a worker polled the task queue within the last minutes."""
        return await worker_listens(self._client, self._task_queue)

    async def find(self, written: str | None) -> str:
        """Turn what a person wrote into a task id; None means the latest task.

        Raises:
            UnknownTask: there is no such task, or none at all.
        """
        if written and written != "latest":
            return parse_task_id(written)
        rows = await self.list_tasks(limit=1)
        if not rows:
            raise UnknownTask('There is no task yet: start one with ./tars start "...".')
        return rows[0].task_id

    async def list_tasks(self, state: State | None = None, limit: int = 20) -> list[TaskRow]:
        """List tasks, latest first."""
        query = f"WorkflowType = '{WORKFLOW_TYPE}'"
        if state:
            query += f" AND {SearchAttribute.STATE} = '{state.value}'"
        found = self._client.list_workflows(query, limit=limit, page_size=limit)
        return [row_of(execution) async for execution in found]

    async def waiting(self) -> list[Progress]:
        """Progress of every task that waits for a person or for room to go on.

        The tasks are asked themselves: what Temporal lists of their state lags behind.
        """
        query = f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Running'"
        found = self._client.list_workflows(f"{query} AND TaskQueue = '{self._task_queue}'")
        free = asyncio.Semaphore(MOST_AT_ONCE)

        async def ask(task_id: str) -> Progress | TaskProblem:
            async with free:
                try:
                    return await self.progress(task_id)
                except TaskProblem as problem:
                    return problem

        answers = await asyncio.gather(*[ask(execution.id) async for execution in found])
        told = [answer for answer in answers if isinstance(answer, Progress)]
        silent = [answer for answer in answers if isinstance(answer, NoWorker)]
        if silent and not told:
            raise silent[0]
        return [progress for progress in told if progress.waiting_for]

    async def progress(self, task_id: str) -> Progress:
        """Ask how a task stands, also after its end.

        Raises:
            UnknownTask: no task has this id.
            NoWorker: no worker is there to answer.
        """
        try:
            progress: Progress = await self._handle(task_id).query(
                Query.PROGRESS, result_type=Progress, rpc_timeout=ANSWER_TIMEOUT
            )
        except RPCError as error:
            raise problem_of(error, task_id) from error
        except WorkflowQueryFailedError as error:
            short = short_id(task_id)
            raise TaskProblem(f"Task {short} cannot tell how it stands: {error}.") from error
        return progress

    async def pause(self, task_id: str) -> None:
        """Ask a task to pause before its next step."""
        await self._signal(task_id, Signal.PAUSE)

    async def resume(self, task_id: str) -> None:
        """Let a paused task, or one parked for its provider or host, go on."""
        await self._signal(task_id, Signal.RESUME)

    async def tell(self, task_id: str, text: str) -> None:
        """Give Claude words to read before its next turn."""
        await self._signal(task_id, Signal.ADD_INSTRUCTION, Instruction(text=text))

    async def cancel(self, task_id: str) -> None:
        """Cancel a task; its work is kept."""
        await self._raise_if_closed(task_id)
        await self._handle(task_id).cancel()

    async def extend(self, task_id: str, extension: Extension) -> Extended:
        """Give a task more minutes, turns or dollars; wakes it if it is parked for want of them.

        Raises:
            Refused: the extension holds nothing.
        """
        return await self._update(task_id, UpdateName.EXTEND, extension, Extended)

    async def confirm(
        self, answer: ConfirmationAnswer, task_id: str | None = None, message_id: str | None = None
    ) -> ConfirmReply:
        """Give the code, or a no, to a task; without its id, to the one request that waits.

        A message with a `message_id` counts once, however often it is delivered.

        Raises:
            SeveralWait: the answer does not say which of several requests it is for.
            TaskClosed: the task has ended.
        """
        if task_id is None:
            chosen = choose(answer, await self.waiting())
            if isinstance(chosen, ConfirmReply):
                return chosen
            task_id = chosen
        return await self._update(task_id, UpdateName.CONFIRM, answer, ConfirmReply, message_id)

    async def follow(
        self, task_id: str, after_seq: int = 0, heard: Callable[[], None] = lambda: None
    ) -> AsyncIterator[Update]:
        """Yield a task's updates after `after_seq` until its end.

        `heard` is called whenever a worker has answered, also when nothing is new.

        Raises:
            UnknownTask: no task has this id.
        """
        try:
            async for update in follow(self._client, task_id, after_seq, heard=heard):
                yield update
        except RPCError as error:
            raise problem_of(error, task_id) from error

    async def diff(self, task_id: str) -> Diff:
        """Show the change a task has made so far."""
        progress = await self.progress(task_id)
        if not (progress.first_checkpoint and progress.checkpoint):
            raise TaskProblem(f"Task {short_id(task_id)} has not opened its workspace yet.")
        request = DiffRequest(
            task_id=task_id, first=progress.first_checkpoint, checkpoint=progress.checkpoint
        )
        diff: Diff = await self._client.execute_activity(
            Activity.SHOW_DIFF, request, result_type=Diff, **self._show_options()
        )
        return diff

    async def log(self, task_id: str) -> Log:
        """Show the conversation with Claude so far."""
        progress = await self.progress(task_id)
        if not progress.checkpoint:
            raise TaskProblem(f"Task {short_id(task_id)} has not opened its workspace yet.")
        request = LogRequest(task_id=task_id, checkpoint=progress.checkpoint)
        log: Log = await self._client.execute_activity(
            Activity.SHOW_LOG, request, result_type=Log, **self._show_options()
        )
        return log

    def _show_options(self) -> dict[str, Any]:
        return {
            "id": f"show-{uuid.uuid4()}",
            "task_queue": self._task_queue,
            "schedule_to_close_timeout": SHOW_TIMEOUT,
        }

    def _handle(self, task_id: str) -> WorkflowHandle[Any, Any]:
        return self._client.get_workflow_handle(task_id)

    async def _signal(self, task_id: str, signal: Signal, *arguments: BaseModel) -> None:
        try:
            await self._handle(task_id).signal(signal, args=arguments)
        except RPCError as error:
            raise problem_of(error, task_id) from error

    async def _update(
        self,
        task_id: str,
        name: UpdateName,
        given: BaseModel,
        answered: type[Answer],
        update_id: str | None = None,
    ) -> Answer:
        """Send a message and wait for its answer.

        Raises:
            Refused: the task does not take it.
            NoWorker: no worker was there to answer.
        """
        await self._raise_if_closed(task_id)
        try:
            answer: Answer = await self._handle(task_id).execute_update(
                name, given, id=update_id, result_type=answered, rpc_timeout=ANSWER_TIMEOUT
            )
        except WorkflowUpdateFailedError as error:
            raise Refused(getattr(error.cause, "message", str(error.cause))) from error
        except WorkflowUpdateRPCTimeoutOrCancelledError as error:
            raise no_worker(task_id) from error
        except RPCError as error:
            raise problem_of(error, task_id) from error
        return answer

    async def _raise_if_closed(self, task_id: str) -> None:
        """Temporal accepts a cancel of an ended workflow in silence; a person wants to know."""
        try:
            description = await self._handle(task_id).describe()
        except RPCError as error:
            raise problem_of(error, task_id) from error
        if description.status is not WorkflowExecutionStatus.RUNNING:
            raise TaskClosed(f"Task {short_id(task_id)} has already ended.")


def _cut(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode(errors="ignore")
