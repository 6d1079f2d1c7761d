"""What a voice answers: how a task stands, and what cannot be done, in whole short sentences."""

import logging
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from temporalio.service import RPCError

from connection import TemporalUnreachable
from models.replies import ConfirmOutcome, ConfirmReply
from models.speech import dollars, number, sentences, speakable, title
from models.task import ParkedCause, Phase, Progress, State
from models.voice import VoiceAnswer, VoiceStatus
from starter.problems import (
    NoQuestion,
    NoWorker,
    ServerAway,
    SeveralWait,
    TaskClosed,
    TaskProblem,
    UnknownTask,
)
from starter.voice_which import MOST_NAMED, Unclear

log = logging.getLogger(__name__)

MOST_SENTENCES = 2

_DOING = {
    Phase.PLANNING: "planning",
    Phase.CODING: "coding",
    Phase.TESTING: "testing",
    Phase.COMPLETE: "about to end",
}
_PARKED = {
    ParkedCause.UNCONFIRMED: "nobody gave the code in time",
    ParkedCause.TIME_LIMIT: "its time is used up",
    ParkedCause.TURN_LIMIT: "its steps are used up",
    ParkedCause.BUDGET: "its budget is used up",
    ParkedCause.PROVIDER: "Claude cannot be reached",
    ParkedCause.HOST: "its machine has a problem",
}
_ENDED = {
    State.COMPLETED: "is done",
    State.FAILED: "has failed",
    State.CANCELLED: "was cancelled",
    State.TIMED_OUT: "was given up, for nobody woke it",
}
_OUTCOMES = {
    ConfirmOutcome.ACCEPTED: "Thank you, the task goes on.",
    ConfirmOutcome.DENIED: "All right, it will not be done.",
    ConfirmOutcome.NOTHING_WAITING: "No task waits for a code.",
    ConfirmOutcome.TOO_EARLY: "That was said before it was asked, please say it again.",
    ConfirmOutcome.LOCKED: "Too many wrong codes, the task stops.",
    ConfirmOutcome.EXPIRED: "That came too late, the task waits no longer.",
    ConfirmOutcome.ALREADY_ANSWERED: "That was decided already.",
    ConfirmOutcome.UNKNOWN_REQUEST: "No task waits for a code by that word.",
    ConfirmOutcome.NOT_CHECKED: "I could not check the code, please say it again.",
}
_SAY_AGAIN = {ConfirmOutcome.WRONG_CODE, ConfirmOutcome.TOO_EARLY, ConfirmOutcome.NOT_CHECKED}
_PROBLEMS: dict[type[Exception], tuple[VoiceStatus, str]] = {
    UnknownTask: (VoiceStatus.UNCLEAR, "I know no such task."),
    TaskClosed: (VoiceStatus.REFUSED, "That task has already ended."),
    NoQuestion: (VoiceStatus.REFUSED, "The task has asked no question."),
    NoWorker: (VoiceStatus.UNAVAILABLE, "No worker is running, so nothing was done."),
    ServerAway: (VoiceStatus.UNAVAILABLE, "I cannot reach the tasks at the moment."),
    TemporalUnreachable: (VoiceStatus.UNAVAILABLE, "I cannot reach the tasks at the moment."),
    RPCError: (VoiceStatus.UNAVAILABLE, "I cannot reach the tasks at the moment."),
}
_UNEXPECTED = "Something went wrong on my side, please try again."


def speech(*texts: str) -> str:
    """Put texts together as a voice says them: two sentences at most, short, without symbols."""
    said = [one for text in texts for one in sentences(speakable(text)) if one]
    return " ".join(one if one[-1] in ".?!" else f"{one}." for one in said[:MOST_SENTENCES])


def named(goal: str) -> str:
    """A task, at the beginning of a sentence."""
    return f"Your task, {title(goal, 5)},"


def standing(progress: Progress) -> tuple[str, str]:
    """How a task stands, in one sentence or two."""
    task, waiting = named(progress.goal), progress.waiting_for
    match progress.state:
        case State.WAITING_CONFIRMATION if waiting:
            return f"{task} needs your code for {waiting.word}, to {waiting.reason}.", ""
        case State.WAITING_ANSWER if waiting:
            return f"{task} asks you something.", _question(waiting.reason)
        case State.PAUSED:
            return f"{task} is paused.", _spent(progress)
        case State.PARKED:
            why = _PARKED.get(progress.parked_cause or ParkedCause.HOST)
            return f"{task} stands still, because {why}.", _spent(progress)
        case state if state.is_final:
            said = progress.result.spoken_summary if progress.result else ""
            return f"{task} {_ENDED[state]}.", said
        case _:
            return f"{task} is {_DOING[progress.phase]}.", _spent(progress)


def _question(text: str) -> str:
    """Of what Claude asks, the question itself: what leads up to it has no room."""
    return next((one for one in sentences(text) if one.endswith("?")), text)


def _spent(progress: Progress) -> str:
    steps = f"It is at step {number(progress.turn)}"
    return f"{steps} and has cost {dollars(progress.cost_usd)} so far."


def reply_answer(reply: ConfirmReply) -> VoiceAnswer:
    """Say what became of a code."""
    said = _OUTCOMES.get(reply.outcome)
    if said is None:
        left = reply.tries_left or 0
        said = (
            f"That code was wrong, you have {number(left)} more {'try' if left == 1 else 'tries'}."
        )
    retryable = reply.outcome in _SAY_AGAIN
    status = VoiceStatus.OK if reply.outcome.is_settled else VoiceStatus.REFUSED
    return VoiceAnswer(
        status=VoiceStatus.UNCLEAR if retryable else status,
        speech=speech(said),
        data=reply.model_dump(mode="json"),
        retryable=retryable,
    )


def problem_answer(error: Exception) -> VoiceAnswer:
    """Say what cannot be done. What nobody thought of is in the log, and not said."""
    match error:
        case ValidationError():
            return _misunderstood(error)
        case SeveralWait():
            return _several_wait(error.waiting)
        case Unclear():
            tasks = [{"task_id": row.task_id, "goal": row.goal} for row in error.candidates]
            return _answer(VoiceStatus.UNCLEAR, sentences(str(error)), {"tasks": tasks})
    for kind in type(error).__mro__:
        if kind in _PROBLEMS:
            status, said = _PROBLEMS[kind]
            return _answer(status, [said])
    if isinstance(error, TaskProblem):
        return _answer(VoiceStatus.REFUSED, sentences(str(error)))
    log.error("A voice function failed", exc_info=error)
    return _answer(VoiceStatus.UNAVAILABLE, [_UNEXPECTED])


def _answer(
    status: VoiceStatus, texts: Sequence[str], data: dict[str, Any] | None = None
) -> VoiceAnswer:
    said = speech(*texts) or _UNEXPECTED
    is_later = status is VoiceStatus.UNAVAILABLE
    return VoiceAnswer(status=status, speech=said, data=data or {}, retryable=is_later)


def _misunderstood(error: ValidationError) -> VoiceAnswer:
    """Name what is missing or wrong, never what was said: it may be a code."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = " ".join(str(part) for part in first["loc"]) or "request"
    wrong = "is missing" if first["type"] in {"missing", "string_too_short"} else "is not right"
    said = f"I did not get that: the {field} {wrong}."
    return _answer(VoiceStatus.UNCLEAR, [said], {"field": field, "error": first["msg"]})


def _several_wait(waiting: Sequence[Progress]) -> VoiceAnswer:
    """Name the requests by their words and tasks."""
    asked = [(one.waiting_for, one) for one in waiting if one.waiting_for]
    words = [f"{request.word} for {title(one.goal, 3)}" for request, one in asked[:MOST_NAMED]]
    data = {
        "waiting": [
            {"task_id": one.task_id, "goal": one.goal, "word": request.word}
            for request, one in asked
        ]
    }
    listed = f"There is: {', and '.join(words)}."
    return _answer(VoiceStatus.UNCLEAR, ["Several tasks wait, say the word too.", listed], data)
