"""The voice functions carried out: each call is answered in words that a voice can say, always."""

import asyncio
from collections.abc import Iterable
from functools import singledispatchmethod
from pathlib import Path
from typing import Any, NamedTuple

from models.announcements import CatchUp, Heard
from models.replies import ConfirmationAnswer
from models.speech import spelled, title
from models.task import Limits, ParkedCause, Progress, State, TaskId, TaskInput
from models.voice import (
    ARGUMENTS,
    AddCodingInstruction,
    AnswerCodingQuestion,
    CancelCodingTask,
    CheckCodingProgress,
    PauseCodingTask,
    ResumeCodingTask,
    StartAutonomousCoding,
    SubmitBackgroundConfirmation,
    VoiceAnswer,
    VoiceArguments,
    VoiceCall,
    VoiceFunction,
    VoiceStatus,
)
from starter.naming import short_id
from starter.problems import NoQuestion
from starter.projects import find_project
from starter.starting import Once
from starter.task_rows import TaskRow
from starter.tasks import Tasks
from starter.voice_catch_up import catch_up, standings, was_away
from starter.voice_codes import spoken_code, spoken_word
from starter.voice_feed import VoiceFeed
from starter.voice_sentences import named, problem_answer, reply_answer, speech, standing
from starter.voice_which import Wanted, which

CHANNEL = "voice"

LONGEST_SPELLED_ID = 5
"""Signs; a longer id is not said."""

_NEEDS_ROOM = {ParkedCause.TIME_LIMIT, ParkedCause.TURN_LIMIT, ParkedCause.BUDGET}


_UNTOLD: dict[str, Any] = {
    "goal": True,
    "usage": True,
    "checkpoint": True,
    "first_checkpoint": True,
    "sandbox": True,
    "result": {"state", "diff", "files", "branch", "checkpoint"},
}
"""Of a progress, what a model has no use for; it pays for every word."""

_STILL = {State.PAUSED, State.PARKED}

NO_TASK = "No task is running at the moment."
ANY = Wanted(lambda _row: True, "There is no task yet.")
OPEN = Wanted(lambda row: not row.state.is_final, NO_TASK)
MOVING = Wanted(lambda row: not row.state.is_final and row.state not in _STILL, NO_TASK)
STILL = Wanted(lambda row: row.state in _STILL, "No task stands still at the moment.")


class Meant(NamedTuple):
    """The task that a call is about."""

    task_id: TaskId
    goal: str


class VoiceFunctions:
    """All functions at the door to the tasks."""

    def __init__(self, tasks: Tasks, feed: VoiceFeed, limits: Limits) -> None:
        self._tasks = tasks
        self._feed = feed
        self._limits = limits

    async def call(self, name: str, call: VoiceCall) -> VoiceAnswer:
        """Carry out a call. Whatever goes wrong is an answer too: a model has no use for errors."""
        try:
            function = VoiceFunction(name)
        except ValueError:
            known = {"functions": [one.value for one in VoiceFunction]}
            said = "I have no such function."
            return VoiceAnswer(status=VoiceStatus.REFUSED, speech=said, data=known)
        try:
            return await self._do(ARGUMENTS[function].model_validate(call.args), call)
        except Exception as error:
            return problem_answer(error)

    @singledispatchmethod
    async def _do(self, given: VoiceArguments, _call: VoiceCall) -> VoiceAnswer:
        raise TypeError(f"no function takes {type(given).__name__}")

    @_do.register
    async def _start(self, given: StartAutonomousCoding, call: VoiceCall) -> VoiceAnswer:
        project = None
        if given.project:
            project = await asyncio.to_thread(find_project, Path(given.project))
        task = TaskInput(
            goal=given.goal,
            project=project,
            limits=self._limits,
            function_call_id=call.call_id,
        )
        key = _key(call)  # with the goal: some models count their calls from one
        once = Once(f"{key}:{given.goal}", given.goal) if key else None
        task_id = await self._tasks.start(task, once)
        sign = short_id(task_id)
        said = f"I have started: {title(given.goal)}."
        if len(sign) <= LONGEST_SPELLED_ID + 1:
            said = f"I have started task {spelled(sign)}."
        return VoiceAnswer(
            status=VoiceStatus.OK,
            speech=speech(said, "I will tell you how it goes."),
            data={"task_id": task_id, "goal": given.goal},
            will_continue=bool(call.call_id),
        )

    @_do.register
    async def _check(self, given: CheckCodingProgress, call: VoiceCall) -> VoiceAnswer:
        meant = await self._which(given.task_id, ANY)
        progress = await self._tasks.progress(meant.task_id)
        since = await self._since(call.listener)
        data: dict[str, Any] = progress.model_dump(mode="json", exclude=_UNTOLD)
        data |= {"goal": title(progress.goal, 30)}
        if since:
            data["since_you_hung_up"] = since.model_dump(mode="json")
        said = speech(since.speak if since else "", *standing(progress))
        return VoiceAnswer(status=VoiceStatus.OK, speech=said, data=data)

    @_do.register
    async def _confirm(self, given: SubmitBackgroundConfirmation, call: VoiceCall) -> VoiceAnswer:
        code = spoken_code(given.code) if given.approve else ""
        if given.approve and not code:
            said = "Please say the code, digit by digit."
            return VoiceAnswer(status=VoiceStatus.UNCLEAR, speech=said, retryable=True)
        answer = ConfirmationAnswer(
            code=code,
            approve=given.approve,
            word=given.word or spoken_word(given.code),
            reason=given.reason,
            channel=CHANNEL,
            actor=call.session_id,
        )
        task_id = await self._which_waits(given.task_id, "confirmation") if given.task_id else None
        return reply_answer(await self._tasks.confirm(answer, task_id, _key(call)))

    @_do.register
    async def _cancel(self, given: CancelCodingTask, _call: VoiceCall) -> VoiceAnswer:
        task = await self._which(given.task_id, OPEN._replace(only=True, sure=True))
        await self._tasks.cancel(task.task_id)
        return _done(task, "is being cancelled, its work is kept.")

    @_do.register
    async def _pause(self, given: PauseCodingTask, _call: VoiceCall) -> VoiceAnswer:
        task = await self._which(given.task_id, MOVING)
        await self._tasks.pause(task.task_id)
        return _done(task, "pauses before its next step.")

    @_do.register
    async def _resume(self, given: ResumeCodingTask, _call: VoiceCall) -> VoiceAnswer:
        task = await self._which(given.task_id, STILL)
        progress = await self._tasks.progress(task.task_id)
        if progress.state is State.PARKED and progress.parked_cause in _NEEDS_ROOM:
            said = speech(standing(progress)[0], "It needs more room from you, at the keyboard.")
            return VoiceAnswer(status=VoiceStatus.REFUSED, speech=said, data=_data(task))
        await self._tasks.resume(task.task_id)
        return _done(task, "goes on.")

    @_do.register
    async def _answer(self, given: AnswerCodingQuestion, _call: VoiceCall) -> VoiceAnswer:
        task_id = await self._which_waits(given.task_id, "answer")
        if task_id is None:
            raise NoQuestion("No task has asked a question.")
        await self._tasks.answer(task_id, given.answer)
        said = "Thank you, I have passed that on."
        return VoiceAnswer(status=VoiceStatus.OK, speech=said, data={"task_id": task_id})

    @_do.register
    async def _instruct(self, given: AddCodingInstruction, _call: VoiceCall) -> VoiceAnswer:
        task = await self._which(given.task_id, OPEN)
        await self._tasks.tell(task.task_id, given.instruction)
        return _done(task, "will hear that before its next step.")

    async def _which(self, said: str, wanted: Wanted) -> Meant:
        """Choose among the latest tasks, by what was said."""
        rows = await self._tasks.list_tasks()
        task_id = which(said, rows, wanted)
        for row in rows:
            if row.task_id == task_id:
                return Meant(task_id, row.goal)
        return Meant(task_id, (await self._tasks.progress(task_id)).goal)

    async def _which_waits(self, said: str, kind: str) -> TaskId | None:
        """Choose among the tasks that wait for a person; None when none waits so."""
        waiting = await self._tasks.waiting()
        rows = _rows(one for one in waiting if one.waiting_for and one.waiting_for.kind == kind)
        return which(said, rows, ANY._replace(only=True)) if rows else None

    async def _since(self, listener: str | None) -> CatchUp | None:
        """What a listener has missed, who asks instead of listening."""
        page = await self._feed.read(0, listener) if listener else None
        if not (listener and page and page.place):
            return None
        missed = await self._feed.missed(page.place.seq)
        if not was_away(page.place, missed):
            return None
        counted = await catch_up(self._tasks, page.place, missed)
        now = await standings(self._tasks)
        last = missed[-1].seq if missed else page.place.seq
        await self._feed.heard(Heard(listener=listener, seq=last, standings=now))
        return counted


def _key(call: VoiceCall) -> str | None:
    """What names a call for ever; None without a session, for "1" is a call id in every one."""
    if not (call.call_id and call.session_id):
        return None
    return f"voice:{call.session_id}:{call.call_id}"


def _rows(tasks: Iterable[Progress]) -> list[TaskRow]:
    """What is known from asking the tasks themselves, as a list would have it."""
    rows = [TaskRow.model_validate(task.model_dump()) for task in tasks]
    return sorted(rows, key=lambda row: row.started_at, reverse=True)


def _data(task: Meant) -> dict[str, Any]:
    return {"task_id": task.task_id, "goal": title(task.goal, 30)}


def _done(task: Meant, what: str) -> VoiceAnswer:
    said = speech(f"{named(task.goal)} {what}")
    return VoiceAnswer(status=VoiceStatus.OK, speech=said, data=_data(task))
