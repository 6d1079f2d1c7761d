"""What a task tells: updates on its event stream, and its face in the Temporal Web UI."""

from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.contrib.workflow_streams import WorkflowStream

from models.announcements import CALL_ID
from models.contract import MAX_GOAL_ATTRIBUTE_BYTES, TASK_ID_PREFIX, SearchAttribute
from models.speech import speakable, title
from models.steps import FileChange, Observation, Opened, Outcome, ToolCall
from models.task import ParkedCause, Phase, State, TaskResult, Waiting
from models.updates import TOPIC, Update, UpdateKind
from workflows.memory import Memory

KEPT_UPDATES = 1_000
"""Updates a task keeps for late readers while it runs; older ones are let go."""

CARRIED_BYTES = 400_000
"""Of the stream into a continued run; Temporal warns at 512 KiB a payload and refuses 2 MiB."""

_END_KINDS = {
    State.COMPLETED: UpdateKind.TASK_COMPLETED,
    State.FAILED: UpdateKind.TASK_FAILED,
    State.CANCELLED: UpdateKind.TASK_CANCELLED,
    State.TIMED_OUT: UpdateKind.TASK_TIMED_OUT,
}
_END_WORDS = {
    State.COMPLETED: "The task is done.",
    State.FAILED: "The task has failed.",
    State.CANCELLED: "The task was cancelled.",
    State.TIMED_OUT: "The task was given up.",
}
"""Said of an end where Claude has found no words, or none that a voice can say."""


class Notices:
    """Publishes updates in the task's name and keeps the Web UI's view of it current."""

    def __init__(self, stream: WorkflowStream, memory: Memory, goal: str) -> None:
        self._stream = stream
        self._topic = stream.topic(TOPIC, type=Update)
        self._memory = memory
        self._goal = goal
        self._task_id = workflow.info().workflow_id
        self.title = title(goal, 4)
        self.short = "#" + self._task_id.removeprefix(TASK_ID_PREFIX)

    def show(self, state: State, message: str, waiting_for: Waiting | None = None) -> None:
        """Say where the task stands: for `status`, for the Web UI, for `list`."""
        memory = self._memory
        memory.state, memory.message, memory.waiting_for = state, message, waiting_for
        memory.updated_at = workflow.now()
        workflow.set_current_details(self._details())
        _upsert(SearchAttribute.STATE, state.value)
        _upsert(SearchAttribute.GOAL, _cut(" ".join(self._goal.split())))

    def phase(self, phase: Phase | None) -> None:
        """Tell that Claude is busy with something else now."""
        if phase is None or phase is self._memory.phase:
            return
        self._memory.phase = phase
        _upsert(SearchAttribute.PHASE, phase.value)
        self.publish(UpdateKind.PHASE_CHANGED, f"Phase: **{phase}**", data={"phase": phase})

    def started(self, opened: Opened, function_call_id: str = "") -> None:
        """Tell that work begins, with what and where; and which call of a voice began it."""
        call = {CALL_ID: function_call_id} if function_call_id else {}
        self.publish(
            UpdateKind.TASK_STARTED,
            f"Started task {self.short}: {one_line(self._goal)}",
            "I have started the task.",
            {
                "goal": self._goal,
                "workspace": opened.workspace,
                "sandbox": opened.sandbox,
                "model": opened.model,
                "max_turns": self._memory.limits.max_turns,
            }
            | call,
        )
        for note in opened.notes:
            self.note(note)

    def note(self, text: str, by: str = "task") -> None:
        """Tell what Claude, the user or the task itself has to say."""
        self.publish(UpdateKind.NOTE, one_line(text), data={"text": text, "by": by})

    def command_started(self, call: ToolCall) -> None:
        """Tell a command before it runs."""
        data = {
            "call_id": call.id,
            "command": call.preview,
            "reason": call.reason,
        }
        self.publish(UpdateKind.COMMAND_STARTED, f"Running `{one_line(call.preview)}`", data=data)

    def command_finished(self, call: ToolCall, seen: Observation) -> None:
        """Tell how a command ended, and the output nobody has seen yet."""
        if seen.output_rest:
            rest = {"call_id": call.id, "text": seen.output_rest}
            self.publish(UpdateKind.COMMAND_OUTPUT, one_line(seen.output_rest), data=rest)
        good = seen.outcome is Outcome.DONE and seen.exit_code == 0
        self.publish(
            UpdateKind.COMMAND_FINISHED,
            f"{'✅' if good else '❌'} `{one_line(call.preview)}`: {seen.preview}",
            data={
                "call_id": call.id,
                "command": call.preview,
                "preview": seen.preview,
                "exit_code": seen.exit_code,
                "outcome": seen.outcome,
                "seconds": round(seen.duration_seconds, 2),
            },
        )

    def file_edited(self, change: FileChange) -> None:
        """Tell which file changed."""
        chat = f"Edited `{change.path}` (+{change.added} -{change.removed})"
        self.publish(UpdateKind.FILE_EDITED, chat, data=change.model_dump())

    def paused(self) -> None:
        """Tell that the task stands still by request."""
        self.publish(UpdateKind.TASK_PAUSED, f"Task {self.short} is paused", "The task is paused.")

    def parked(self, cause: ParkedCause, wakes: str, until: str) -> None:
        """Tell why nothing runs and what wakes the task."""
        self.publish(
            UpdateKind.TASK_PARKED,
            f"Task {self.short} is parked ({cause.replace('_', ' ')}): {wakes}",
            "The task is parked and waits for you.",
            {"cause": cause, "wakes": wakes, "until": until},
        )

    def resumed(self) -> None:
        """Tell that work goes on."""
        self.publish(UpdateKind.TASK_RESUMED, f"Task {self.short} goes on", "The task goes on.")

    def ended(self, result: TaskResult) -> None:
        """Tell the end; the last update of a task."""
        memory = self._memory
        self.publish(
            _END_KINDS[result.state],
            f"Task {self.short} {result.state.replace('_', ' ')}: {one_line(result.summary)}",
            speakable(result.spoken_summary) or _END_WORDS[result.state],
            result.model_dump(mode="json", exclude={"state"})
            | {"turns": memory.turn, "active_seconds": round(memory.active_seconds, 1)},
        )

    def forget_old(self) -> None:
        """Let go of updates that a reader has had ample time to see."""
        state = self._stream.get_state()
        self._stream.truncate(state.base_offset + len(state.log) - KEPT_UPDATES)

    def carried(self) -> None:
        """Before the history starts anew, keep of the stream what fits into one payload."""
        state = self._stream.get_state()
        size, kept = 0, 0
        for item in reversed(state.log):
            size += len(item.data)
            if size > CARRIED_BYTES:
                break
            kept += 1
        self._stream.truncate(state.base_offset + len(state.log) - kept)

    def publish(
        self, kind: UpdateKind, chat: str, speak: str = "", data: dict[str, Any] | None = None
    ) -> None:
        """Tell one thing that happened; for the notices of other files."""
        memory = self._memory
        spent = {"turn": memory.turn, "cost_usd": round(memory.usage.cost_usd, 6)}
        memory.updated_at = workflow.now()
        update = Update(
            at=memory.updated_at,
            task_id=self._task_id,
            kind=kind,
            phase=memory.phase,
            chat=chat,
            speak=speakable(speak),
            data=spent | (data or {}),
        )
        self._topic.publish(update)

    def _details(self) -> str:
        memory, limits = self._memory, self._memory.limits
        active = f"{memory.active_seconds:.0f} of {limits.max_active_seconds:.0f} s"
        lines = [
            f"### {memory.state.replace('_', ' ').capitalize()}: {memory.message}",
            f"**Goal** {one_line(self._goal)}",
            f"**Phase** {memory.phase}, **turn** {memory.turn} of {limits.max_turns}",
            f"**Active** {active}, **cost** ${memory.usage.cost_usd:.4f}",
        ]
        if memory.waiting_for:
            lines.append(_waits(memory.waiting_for))
        if memory.checkpoint:
            lines.append(f"**Checkpoint** `{memory.checkpoint}`")
        return "\n\n".join(lines)


def one_line(text: str, most: int = 300) -> str:
    """One line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _waits(waiting: Waiting) -> str:
    if not waiting.command:
        return f"**Waits** {waiting.reason}"
    shown = one_line(waiting.command, 1_000)
    return f"**Waits** for the code, **{waiting.word}**: `{shown}`, to {waiting.reason}"


def _cut(text: str) -> str:
    return text.encode()[:MAX_GOAL_ATTRIBUTE_BYTES].decode(errors="ignore")


def _upsert(attribute: SearchAttribute, value: str) -> None:
    """Each upsert is an event of the history, so only a change is written."""
    key = SearchAttributeKey.for_keyword(attribute.value)
    if workflow.info().typed_search_attributes.get(key) != value:
        workflow.upsert_search_attributes([key.value_set(value)])
