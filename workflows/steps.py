"""The steps of a task: each is one activity, tried with patience, remembered when done."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from activities.claude import ClaudeActivities
from activities.commands import CommandActivities
from activities.safety import SafetyActivities
from activities.workspace import WorkspaceActivities
from models.consent import CheckRequest, Judged, JudgeRequest, WarmRequest
from models.problems import Problem
from models.steps import (
    Approval,
    Closed,
    CloseRequest,
    CommandRequest,
    Decision,
    Fence,
    Finish,
    HandRequest,
    Observation,
    Opened,
    OpenRequest,
    ThinkRequest,
    ToolCall,
)
from models.task import ParkedCause, Phase, State, TaskInput
from models.tools import Tool
from workflows import patience
from workflows.confirmation import Confirmation
from workflows.memory import Memory
from workflows.notices import Notices
from workflows.resting import Resting, TaskOver

Result = TypeVar("Result")

_FILE_HANDS = {
    Tool.READ_FILE: WorkspaceActivities.read_file,
    Tool.WRITE_FILE: WorkspaceActivities.write_file,
    Tool.EDIT_FILE: WorkspaceActivities.edit_file,
    Tool.SEARCH: WorkspaceActivities.search,
    Tool.LIST_FILES: WorkspaceActivities.list_files,
}
_EDITS = {Tool.WRITE_FILE, Tool.EDIT_FILE}


class Steps:
    """Carries a task from checkpoint to checkpoint.

    Every method may stand still for hours (a provider's quota, a full disk) and raises TaskOver
    when the task cannot go on at all.
    """

    def __init__(self, task: TaskInput, memory: Memory, notices: Notices, resting: Resting) -> None:
        self._task = task
        self._memory = memory
        self._notices = notices
        self._resting = resting

    async def open(self, failed: Callable[[ActivityError], None]) -> Opened:
        """Make the workspace; from here on the task has a checkpoint. `failed` hears why not."""

        async def attempt() -> Opened:
            request = OpenRequest(
                task_id=workflow.info().workflow_id,
                fence=self._fence(),
                goal=self._task.goal,
                project=self._task.project,
            )
            summary = self._task.project or "new directory"
            try:
                return await workflow.execute_activity_method(
                    WorkspaceActivities.open_workspace, request, summary=summary, **patience.OPEN
                )
            except ActivityError as error:
                failed(error)
                raise

        opened = await self._patiently(attempt)
        self._memory.checkpoint = self._memory.first_checkpoint = opened.checkpoint
        self._memory.sandbox = opened.sandbox
        return opened

    async def think(self) -> Decision:
        """Let Claude see the conversation so far and decide; pays for it from the budget."""
        memory = self._memory
        self._notices.show(State.RUNNING, "Claude is thinking")
        told = len(memory.instructions)
        decision = await self._patiently(
            lambda: workflow.execute_activity_method(
                ClaudeActivities.think,
                ThinkRequest(
                    task_id=workflow.info().workflow_id,
                    fence=self._fence(),
                    checkpoint=self._checkpoint,
                    phase=memory.phase,
                    seconds_left=memory.seconds_left,
                    instructions=memory.instructions[:told],
                    answers=memory.answers,
                ),
                summary=f"Turn {memory.turn}",
                **patience.THINK,
            )
        )
        memory.instructions = memory.instructions[told:]
        memory.answers = {}
        memory.checkpoint = decision.checkpoint
        memory.active_seconds += decision.duration_seconds
        memory.thought_at = workflow.now()
        memory.add_usage(decision.usage)
        for note in decision.notes:
            self._notices.note(note, by="claude")
        return decision

    async def judge(self, call: ToolCall) -> Judged:
        """Have a command judged, by the rules of the worker at hand; a replay keeps its verdict."""
        used_words = [request.word for request in self._memory.confirmations]
        request = JudgeRequest(**self._hand_request(call).model_dump(), used_words=used_words)
        return await self._patiently(
            lambda: workflow.execute_local_activity_method(
                SafetyActivities.judge_step,
                request,
                summary=_summary(call.preview),
                **patience.JUDGE,
            )
        )

    async def check_code(self, code: str, request: Confirmation) -> bool:
        """Have a code checked; raises ActivityError when that could not be done."""
        return await workflow.execute_local_activity_method(
            SafetyActivities.check_code,
            CheckRequest(code=code, request_id=request.request_id),
            summary=request.word,
            **patience.CHECK,
        )

    async def keep_warm(self) -> None:
        """Keep the conversation in the provider's prompt cache, at its price; may fail."""
        request = WarmRequest(task_id=workflow.info().workflow_id, checkpoint=self._checkpoint)
        try:
            usage = await workflow.execute_activity_method(
                ClaudeActivities.keep_warm,
                request,
                summary="while a person is asked",
                **patience.KEEP_WARM,
            )
        except ActivityError:
            return
        self._memory.add_usage(usage)

    async def run_command(self, call: ToolCall, approval: Approval | None) -> Observation:
        """Run a command in the workspace; it outlives the worker that started it."""
        memory = self._memory
        self._notices.command_started(call)
        self._notices.show(State.RUNNING, f"Running: {call.preview}"[:200])
        seconds = min(call.timeout_seconds or memory.seconds_left, memory.seconds_left)
        seen = await self._patiently(
            lambda: workflow.execute_activity_method(
                CommandActivities.run_command,
                CommandRequest(
                    **self._hand_request(call).model_dump(),
                    phase=memory.phase,
                    seconds_left=memory.seconds_left,
                    approval=approval,
                ),
                summary=_summary(call.preview),
                **patience.command_patience(seconds),
            )
        )
        self._remember(seen)
        self._notices.command_finished(call, seen)
        return seen

    async def use_file_hand(self, call: ToolCall) -> None:
        """Read, write, edit, search or list files."""
        if call.tool in _EDITS and self._memory.phase is Phase.PLANNING:
            self._notices.phase(Phase.CODING)
        seen = await self._patiently(
            lambda: workflow.execute_activity_method(
                _FILE_HANDS[call.tool],
                self._hand_request(call),
                summary=_summary(call.preview),
                **patience.FILE_HAND,
            )
        )
        self._remember(seen)
        for change in seen.changes if call.tool in _EDITS else []:
            self._notices.file_edited(change)

    def _remember(self, seen: Observation) -> None:
        self._memory.checkpoint = seen.checkpoint
        self._memory.active_seconds += seen.duration_seconds

    async def close(self, state: State, finish: Finish) -> Closed:
        """Stop what still runs and hand the work back, whatever the end was."""
        memory = self._memory
        if not (memory.checkpoint and memory.first_checkpoint):
            return Closed(files="")
        request = CloseRequest(
            task_id=workflow.info().workflow_id,
            fence=self._fence(),
            first=memory.first_checkpoint,
            checkpoint=memory.checkpoint,
            state=state,
            project=self._task.project,
            title=_summary(finish.summary or self._task.goal),
        )
        try:
            return await workflow.execute_activity_method(
                WorkspaceActivities.close_workspace, request, summary=state, **patience.CLOSE
            )
        except ActivityError as error:
            return Closed(files="", notes=[f"The work could not be handed back: {_cause(error)}"])

    async def _patiently(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """Try until it works; park for what only time or a person can mend."""
        since = workflow.now()
        while True:
            try:
                return await attempt()
            except ActivityError as error:
                # A step that fails before it hears of the cancel is reported as failed.
                if is_cancelled_exception(error) or workflow.cancellation_reason() is not None:
                    raise asyncio.CancelledError from error
                await self._rest_after(error, since)
                if self._memory.wake_requested:  # a person counts on it again
                    since = workflow.now()

    async def _rest_after(self, error: ActivityError, since: datetime) -> None:
        cause = error.cause
        kind = cause.type if isinstance(cause, ApplicationError) else None
        sentence = _cause(error)
        match kind:
            case Problem.PROVIDER_REJECTED | Problem.PROJECT_UNUSABLE:
                raise TaskOver(State.FAILED, sentence) from error
            case Problem.TIME_LIMIT:
                self._memory.active_seconds = self._memory.limits.max_active_seconds
                await self._resting.until_allowed(before_turn=False)
            case Problem.PROVIDER_QUOTA | Problem.PROVIDER_UNAVAILABLE:
                quota = _quota(cause)
                if quota is None:
                    self._raise_if_away_too_long(since, sentence)
                until = workflow.now() + (quota or patience.PROVIDER_RETRY)
                await self._resting.park(ParkedCause.PROVIDER, sentence, until)
            case _:
                await self._resting.park(ParkedCause.HOST, sentence)

    def _raise_if_away_too_long(self, since: datetime, sentence: str) -> None:
        hours = self._memory.limits.parked_hours
        if workflow.now() - since > timedelta(hours=hours):
            text = f"Claude could not be reached for {hours:g} hours: {sentence}"
            raise TaskOver(State.TIMED_OUT, text)

    def _hand_request(self, call: ToolCall) -> HandRequest:
        return HandRequest(
            task_id=workflow.info().workflow_id,
            fence=self._fence(),
            checkpoint=self._checkpoint,
            call_id=call.id,
        )

    @property
    def _checkpoint(self) -> str:
        if self._memory.checkpoint is None:
            raise RuntimeError("a step before the workspace was opened")
        return self._memory.checkpoint

    def _fence(self) -> Fence:
        """A new place in the order of attempts; later than every one before."""
        self._memory.step += 1
        started = workflow.info().start_time.timestamp()
        return Fence(run_started_at=started, step=self._memory.step)


def _summary(text: str) -> str:
    """A line for the Web UI, which keeps 400 bytes."""
    return " ".join(text.split())[:100] or "-"


def _cause(error: ActivityError) -> str:
    cause = error.cause
    return cause.message if isinstance(cause, ApplicationError) else f"{cause or error}"


def _quota(cause: BaseException | None) -> timedelta | None:
    if isinstance(cause, ApplicationError) and cause.type == Problem.PROVIDER_QUOTA:
        return timedelta(seconds=float(cause.details[0]))
    return None
