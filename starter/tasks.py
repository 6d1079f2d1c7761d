"""Tasks: everything a person can do with tasks, for every door (command line, HTTP, voice)."""

import asyncio
from collections.abc import AsyncGenerator, Callable
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
from temporalio.service import RPCError

from connection import worker_listens
from models.contract import WORKFLOW_TYPE, Query, SearchAttribute, Signal, UpdateName
from models.replies import ConfirmationAnswer, ConfirmReply, Extended, Extension, Instruction, Words
from models.shown import Diff, Log
from models.task import Progress, State, TaskInput
from models.updates import Update
from starter.choosing import choose
from starter.follow import ANSWER_TIMEOUT, follow
from starter.naming import parse_task_id, short_id
from starter.problems import NoQuestion, NoWorker, Refused, TaskClosed, TaskProblem, UnknownTask
from starter.redelivery import earlier_reply
from starter.rpc_problems import no_worker, problem_of
from starter.showing import show_diff, show_log
from starter.starting import Once, start_task
from starter.task_rows import TaskRow, row_of

MOST_AT_ONCE = 20
"""Tasks that are asked side by side how they stand."""

Answer = TypeVar("Answer", bound=BaseModel)


class Tasks:
    """The door to all tasks on one task queue. Holds no state: Temporal does."""

    def __init__(self, client: Client, task_queue: str) -> None:
        self._client = client
        self._task_queue = task_queue

    async def start(self, task: TaskInput, once: Once | None = None) -> str:
        """Start a task and answer its id at once; a request made `once` has one task only.

        Raises:
            NoWorker: nothing was started, since no worker would pick it up.
            KeyReused: the key came before, with another request.
        """
        if not await self.worker_listens():
            raise NoWorker("No worker is running, so nothing was started: run ./tars up first.")
        return await start_task(self._client, self._task_queue, task, once)

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
        query = f"WorkflowType = '{WORKFLOW_TYPE}' AND TaskQueue = '{self._task_queue}'"
        if state:
            query += f" AND {SearchAttribute.STATE} = '{state.value}'"
        found = self._client.list_workflows(query, limit=limit, page_size=limit)
        return [row_of(execution) async for execution in found]

    async def waiting(self) -> list[Progress]:
        """Progress of every task that waits for a person or for room to go on.

        The tasks are asked themselves: what Temporal lists of their state lags behind. Those that
        do not answer while others do are left out.
        """
        waiting, _ = await self._who_waits()
        return waiting

    async def _who_waits(self) -> tuple[list[Progress], list[str]]:
        """Tasks that wait, and the ids of those of which nobody knows, for they are silent."""
        query = f"WorkflowType = '{WORKFLOW_TYPE}' AND ExecutionStatus = 'Running'"
        found = self._client.list_workflows(f"{query} AND TaskQueue = '{self._task_queue}'")
        free = asyncio.Semaphore(MOST_AT_ONCE)

        async def ask(task_id: str) -> Progress | TaskProblem:
            async with free:
                try:
                    return await self.progress(task_id)
                except TaskProblem as problem:
                    return problem

        ids = [execution.id async for execution in found]
        answers = await asyncio.gather(*map(ask, ids))
        told = [answer for answer in answers if isinstance(answer, Progress)]
        away = [answer for answer in answers if isinstance(answer, NoWorker)]
        if away and not told:
            raise away[0]
        silent = [
            task_id
            for task_id, answer in zip(ids, answers, strict=True)
            if not isinstance(answer, Progress | UnknownTask | TaskClosed)
        ]
        return [progress for progress in told if progress.waiting_for], silent

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
            NoWorker: a task is silent, and the answer may be for that one.
        """
        waiting, silent = ([], []) if task_id else await self._who_waits()
        # looked for after what waits: a message that is delivered just now is found in either
        if message_id and (earlier := await self._earlier_reply(message_id, task_id)):
            return earlier
        if task_id is None:
            chosen = choose(answer, waiting, silent)
            if isinstance(chosen, ConfirmReply):
                return chosen
            task_id = chosen
        return await self._update(task_id, UpdateName.CONFIRM, answer, ConfirmReply, message_id)

    async def _earlier_reply(self, message_id: str, task_id: str | None) -> ConfirmReply | None:
        return await earlier_reply(self._client, self._task_queue, message_id, task_id)

    async def answer(self, task_id: str, _words: Words) -> None:
        """Answer the question of a task.

        Raises:
            NoQuestion: it has asked none; tasks do not ask yet, Claude decides by itself.
            TaskClosed: it has ended.
        """
        await self._raise_if_closed(task_id)
        raise NoQuestion(f"Task {short_id(task_id)} has asked no question.")

    async def follow(
        self, task_id: str, after_seq: int = 0, heard: Callable[[], None] = lambda: None
    ) -> AsyncGenerator[Update, None]:
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
        """Show the change a task has made so far.

        Raises:
            NotYet: its workspace is not open.
        """
        return await show_diff(self._client, self._task_queue, await self.progress(task_id))

    async def log(self, task_id: str) -> Log:
        """Show the conversation with Claude so far.

        Raises:
            NotYet: there is none.
        """
        return await show_log(self._client, self._task_queue, await self.progress(task_id))

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

    async def has_ended(self, task_id: str) -> bool:
        """Whether nothing more will happen to a task; needs no worker.

        Raises:
            UnknownTask: no task has this id.
        """
        try:
            description = await self._handle(task_id).describe(rpc_timeout=ANSWER_TIMEOUT)
        except RPCError as error:
            raise problem_of(error, task_id) from error
        return description.status is not WorkflowExecutionStatus.RUNNING

    async def _raise_if_closed(self, task_id: str) -> None:
        """Temporal accepts a cancel of an ended workflow in silence; a person wants to know."""
        if await self.has_ended(task_id):
            raise TaskClosed(f"Task {short_id(task_id)} has already ended.")
