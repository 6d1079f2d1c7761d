"""CodingTask: a goal becomes work, turn by turn, until it is done, stopped or out of room."""

import asyncio
import contextlib

from pydantic import ValidationError
from temporalio import workflow
from temporalio.contrib.workflow_streams import WorkflowStream
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from models.contract import WORKFLOW_TYPE, Query, Signal, UpdateName
from models.replies import ConfirmationAnswer, ConfirmReply, Extended, Extension, Instruction
from models.steps import DecisionKind, Finish, ToolCall
from models.task import Phase, Progress, State, TaskResult
from models.tools import Tool
from workflows.answers import Answers
from workflows.consent_notices import TOLD_ANYWAY, ConsentNotices
from workflows.gate import Gate
from workflows.human_reply import HumanReply
from workflows.memory import Memory, RunInput
from workflows.notices import Notices
from workflows.outbox import Outbox
from workflows.resting import Resting, TaskOver
from workflows.steps import Steps

_FORGET_EVERY_TURNS = 20


# A nonsensical input fails the workflow; else it would be retried for ever.
@workflow.defn(name=WORKFLOW_TYPE, failure_exception_types=[ValidationError])
class CodingTask:
    """One piece of software, from a goal in words to the handed-back work."""

    @workflow.init
    def __init__(self, task: RunInput) -> None:
        """Begin with a task, or go on with the memory of an earlier run of it."""
        now = workflow.now()
        self.task = task
        self.memory = task.memory or Memory(limits=task.limits, started_at=now, updated_at=now)
        self.stream = WorkflowStream(self.memory.stream)
        self.memory.stream = None
        self.notices = Notices(self.stream, self.memory, task.goal)
        self.outbox = Outbox(self.memory, self.notices, task.goal)
        self.resting = Resting(self.memory, self.notices)
        self.steps = Steps(task, self.memory, self.notices, self.resting)
        consent = ConsentNotices(self.memory, self.notices)
        self.answers = Answers(
            lambda: self.memory.confirmations, consent, self.steps.check_code, workflow.now
        )
        people = HumanReply(self.memory, consent, self.resting, self.answers, self.steps.keep_warm)
        self.gate = Gate(self.memory, self.notices, self.resting, self.steps, people)

    @workflow.run
    async def run(self, _task: RunInput) -> TaskResult:
        """Work until Claude is done, a person cancels or nobody wakes a parked task."""
        try:
            await self._open()
            finish = await self._work()
            state = State.COMPLETED if finish.status == "done" else State.FAILED
        except TaskOver as over:
            finish, state = _finish(str(over), f"The task has {_SPOKEN[over.state]}."), over.state
        except (asyncio.CancelledError, ActivityError) as error:
            if not is_cancelled_exception(error):
                raise
            finish, state = _finish("Cancelled; the work is kept.", "Cancelled."), State.CANCELLED
        ending = asyncio.create_task(self._end(state, finish))
        while not ending.done():
            with contextlib.suppress(asyncio.CancelledError):  # too late: the end is told anyway
                await workflow.wait([ending])
        return ending.result()

    # --- messages from people ---

    @workflow.signal(name=Signal.SUBMIT_CONFIRMATION)
    async def submit_confirmation(self, answer: ConfirmationAnswer) -> None:
        """Give the code, or a no, from anywhere; what became of it is told as a notice."""
        reply = await self.answers.receive(answer)
        if reply.outcome not in TOLD_ANYWAY:
            self.notices.note(reply.message)

    @workflow.update(name=UpdateName.CONFIRM)
    async def confirm(self, answer: ConfirmationAnswer) -> ConfirmReply:
        """The same, and answers what became of it."""
        return await self.answers.receive(answer)

    @workflow.signal(name=Signal.ADD_INSTRUCTION)
    def add_instruction(self, instruction: Instruction) -> None:
        """Words of the user, for Claude's next turn."""
        self.memory.instructions.append(instruction.text)
        self.notices.note(instruction.text, by="user")

    @workflow.signal(name=Signal.PAUSE)
    def pause(self) -> None:
        """Stand still before the next step."""
        self.memory.pause_requested = True

    @workflow.signal(name=Signal.RESUME)
    def resume(self) -> None:
        """Go on after a pause, or after the provider or the host is well again."""
        self.memory.pause_requested = False
        self.memory.wake_requested = True

    @workflow.update(name=UpdateName.EXTEND)
    def extend(self, extension: Extension) -> Extended:
        """More minutes, turns or dollars."""
        extended = self.memory.extend(extension)
        self.notices.note(extended.message)
        return extended

    @extend.validator
    def _something_to_extend(self, extension: Extension) -> None:
        if not (extension.minutes or extension.turns or extension.dollars):
            raise ValueError("Say how many minutes, turns or dollars more.")

    @workflow.query(name=Query.PROGRESS)
    def progress(self) -> Progress:
        """Where the task stands; also after its end."""
        return self.memory.progress(workflow.info().workflow_id, self.task.goal)

    # --- the story ---

    async def _open(self) -> None:
        if self.memory.checkpoint:
            self.outbox.go_on()
            return
        self.notices.show(State.RUNNING, "Opening the workspace")
        opened = await self.steps.open(self.outbox.open_after)
        self.notices.started(opened, self.task.function_call_id)
        self.outbox.open(opened.channels)

    async def _work(self) -> Finish:
        while True:
            await self.resting.until_allowed(before_turn=True)
            await self._begin_new_history_if_long()
            self.memory.turn += 1
            turn = self.memory.turn
            if turn % _FORGET_EVERY_TURNS == 0:
                self.outbox.collect()
                self.notices.forget_old()
            with workflow.create_event_group(f"turn-{turn}", label=f"Turn {turn}").scope():
                finish = await self._turn()
            if finish:
                return finish

    async def _turn(self) -> Finish | None:
        decision = await self.steps.think()
        match decision.kind:
            case DecisionKind.REFUSED:
                raise TaskOver(State.FAILED, "Claude declined to work on this; rephrase the goal.")
            case DecisionKind.FINISHED if not self.memory.instructions:
                return decision.finish
        finish: Finish | None = None
        for call in decision.calls:
            await self.resting.until_allowed(before_turn=False)
            finish = await self._carry_out(call) or finish
        return finish

    async def _carry_out(self, call: ToolCall) -> Finish | None:
        self.notices.phase(call.phase)
        match call.tool:
            case Tool.FINISH_TASK:
                return self._accept(call)
            case Tool.ASK_USER:
                self.memory.answers[call.id] = (
                    "Nobody is listening for questions. Decide yourself what the user would most "
                    "likely want, and name that choice in your summary."
                )
            case Tool.RUN_COMMAND:
                await self.gate.run(call)
            case _:
                await self.steps.use_file_hand(call)
        return None

    def _accept(self, call: ToolCall) -> Finish | None:
        """A finish stands unless a check is missing or the user has said more meanwhile."""
        if call.finish is None or call.finish.refused:
            return None
        if self.memory.instructions:
            self.memory.answers[call.id] = "Not finished yet: the user has added instructions."
            return None
        return call.finish

    # --- the end ---

    async def _end(self, state: State, finish: Finish) -> TaskResult:
        memory = self.memory
        closed = await self.steps.close(state, finish)
        memory.checkpoint = closed.checkpoint or memory.checkpoint
        memory.result = TaskResult(
            state=state,
            summary=finish.summary,
            spoken_summary=finish.spoken_summary,
            checks_run=finish.checks_run,
            diff=closed.diff,
            files=closed.files,
            branch=closed.branch,
            checkpoint=memory.checkpoint,
        )
        for note in closed.notes:
            self.notices.note(note)
        if state is State.COMPLETED:
            self.notices.phase(Phase.COMPLETE)
        self.notices.show(state, finish.summary[:300])
        self.notices.ended(memory.result)
        await self.outbox.hand_over()
        self.stream.detach_pollers()
        await workflow.wait_condition(workflow.all_handlers_finished)
        match state:
            case State.COMPLETED:
                return memory.result
            case State.CANCELLED:
                raise asyncio.CancelledError
            case _:
                raise ApplicationError(
                    finish.summary, memory.result, type=f"Task{state.title()}", non_retryable=True
                )

    async def _begin_new_history_if_long(self) -> None:
        if not workflow.info().is_continue_as_new_suggested():
            return
        await self.outbox.settle()
        self.notices.carried()
        self.stream.detach_pollers()
        await workflow.wait_condition(workflow.all_handlers_finished)
        self.memory.stream = self.stream.get_state()
        workflow.continue_as_new(self.task.model_copy(update={"memory": self.memory}))


_SPOKEN = {State.FAILED: "failed", State.TIMED_OUT: "timed out"}


def _finish(summary: str, spoken: str) -> Finish:
    return Finish(status="not_possible", summary=summary, spoken_summary=spoken)
