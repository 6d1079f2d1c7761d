"""What a voice answers: every state, every outcome and every problem as fit sentences."""

import re
from datetime import UTC, datetime

import pytest
from temporalio.service import RPCError, RPCStatusCode

from connection import TemporalUnreachable
from models.replies import ConfirmationAnswer, ConfirmOutcome, ConfirmReply
from models.task import ParkedCause, Phase, Progress, State, TaskResult, Waiting
from models.voice import VoiceStatus
from starter.problems import NoWorker, Refused, SeveralWait, TaskClosed, TaskProblem, UnknownTask
from starter.projects import ProjectUnusable
from starter.voice_sentences import problem_answer, reply_answer, speech, standing
from starter.voice_which import Unclear

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def progress(state: State, **more: object) -> Progress:
    given = {
        "task_id": "task-a7f3",
        "goal": "Build `src/calc.py` with tests & docs",
        "state": state,
        "phase": Phase.TESTING,
        "message": "Running: rm -rf /tmp/x",
        "turn": 4,
        "max_turns": 50,
        "active_seconds": 90,
        "cost_usd": 0.3,
        "started_at": NOW,
        "updated_at": NOW,
    }
    return Progress.model_validate(given | more)


def fit_for_a_voice(said: str) -> None:
    sentences = re.split(r"(?<=[.?!])\s+", said)
    assert said
    assert len(sentences) <= 2, said
    assert all(len(one.split()) <= 20 for one in sentences), said
    assert not re.search(r"[\d`*_/\\\\$|<>{}\[\]()#;=~^&%+-]", said), said


WAITING = Waiting(
    kind="confirmation", request_id="1", word="falcon", command="rm a", reason="delete files"
)
RESULT = TaskResult(
    state=State.COMPLETED, summary="**Done**", spoken_summary="It works. All 12 tests pass. Enjoy."
)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("waiting", [None, WAITING])
def test_every_state_is_said(state: State, waiting: Waiting | None) -> None:
    result = RESULT if state.is_final else None
    said = speech(*standing(progress(state, waiting_for=waiting, result=result)))
    fit_for_a_voice(said)
    assert said.startswith("Your task, Build calc dot py")


@pytest.mark.parametrize("cause", list(ParkedCause))
def test_every_cause_of_standing_still_is_said(cause: ParkedCause) -> None:
    fit_for_a_voice(speech(*standing(progress(State.PARKED, parked_cause=cause))))


def test_a_running_task_says_what_it_does_and_costs() -> None:
    assert speech(*standing(progress(State.RUNNING, goal="Build a calculator"))) == (
        "Your task, Build a calculator, is testing. "
        "It is at step four and has cost thirty cents so far."
    )


def test_of_many_sentences_two_are_said() -> None:
    many = RESULT.model_copy(update={"spoken_summary": "One. Two! Three? Four. Five."})
    done = progress(State.COMPLETED, goal="Build it. Test it.", result=many)
    assert speech(*standing(done)) == "Your task, Build it, Test it, is done. One."


def test_a_question_is_said_rather_than_what_leads_up_to_it() -> None:
    asks = WAITING.model_copy(
        update={"kind": "answer", "reason": "There are two ways. Both work. Which one? Tell me."}
    )
    said = speech(*standing(progress(State.WAITING_ANSWER, waiting_for=asks, goal="Build it")))
    assert said == "Your task, Build it, asks you something. Which one?"


@pytest.mark.parametrize("outcome", list(ConfirmOutcome))
def test_every_outcome_is_said(outcome: ConfirmOutcome) -> None:
    answer = reply_answer(ConfirmReply(outcome=outcome, message="`x`", tries_left=1))
    fit_for_a_voice(answer.speech)
    assert (answer.status is VoiceStatus.OK) == outcome.is_settled


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (UnknownTask("no"), VoiceStatus.UNCLEAR),
        (TaskClosed("no"), VoiceStatus.REFUSED),
        (NoWorker("no"), VoiceStatus.UNAVAILABLE),
        (Refused("Say how many minutes, turns or dollars more."), VoiceStatus.REFUSED),
        (ProjectUnusable("There is no /home/x: --project takes a git repository."), "refused"),
        (TaskProblem("#/$%"), VoiceStatus.REFUSED),
        (Unclear("Which one do you mean? There is: A, and B."), VoiceStatus.UNCLEAR),
        (SeveralWait("several", [progress(State.PARKED, waiting_for=WAITING)] * 4), "unclear"),
        (TemporalUnreachable("Temporal does not answer at 127.0.0.1:7233"), "unavailable"),
        (RPCError("gone", RPCStatusCode.UNAVAILABLE, b""), VoiceStatus.UNAVAILABLE),
        (ZeroDivisionError("/etc/passwd"), VoiceStatus.UNAVAILABLE),
    ],
)
def test_every_problem_is_said(problem: Exception, status: str) -> None:
    answer = problem_answer(problem)
    fit_for_a_voice(answer.speech)
    assert answer.status == status
    assert answer.retryable == (status == VoiceStatus.UNAVAILABLE)


def test_a_code_that_does_not_fit_is_in_no_answer() -> None:
    try:
        ConfirmationAnswer(code="6283" * 100)
    except ValueError as error:
        answer = problem_answer(error)
    fit_for_a_voice(answer.speech)
    assert "6283" not in answer.model_dump_json()
