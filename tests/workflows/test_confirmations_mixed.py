"""Two hundred questions, answered in every order by people who mix them up.

No command ever runs on an answer that was not its own. The workflow, the server and the check of
the code are real; the other activities only write down what they are asked to do.
"""

import asyncio
import itertools
import random
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.codes import Codes
from models.consent import Asking, CheckRequest, Judged, JudgeRequest, OnTimeout
from models.contract import WORKFLOW_TYPE, Signal, UpdateName
from models.replies import ConfirmationAnswer, ConfirmOutcome, ConfirmReply
from models.steps import (
    Closed,
    CloseRequest,
    CommandRequest,
    Decision,
    DecisionKind,
    Finish,
    Observation,
    Opened,
    OpenRequest,
    Outcome,
    ThinkRequest,
    ToolCall,
    Verdict,
    VerdictDecision,
)
from models.task import Limits, TaskInput
from models.tools import Tool
from workflows.coding_task import CodingTask

TASKS = 10
QUESTIONS = 20
CODE = "6283"
CHECKPOINT = "0" * 40
DONE = Finish(status="done", summary="Done.", spoken_summary="Done.")


@dataclass
class Told:
    """An answer that was sent, and what came back."""

    task_id: str
    answer: ConfirmationAnswer
    reply: ConfirmReply | None = None


@dataclass
class Record:
    """Everything that happened: questions by word, commands run, answers sent."""

    words: dict[str, tuple[str, str]] = field(default_factory=dict)
    digests: dict[tuple[str, str], str] = field(default_factory=dict)
    ran: list[CommandRequest] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    changed: dict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))
    current: dict[str, str] = field(default_factory=dict)

    def ask(self, task_id: str, word: str) -> None:
        """A task asks by a new word, or by none: then it has ended."""
        self.current[task_id] = word
        self.changed[task_id].set()

    def waits(self, task_id: str, word: str) -> bool:
        return self.current[task_id] == word

    async def next_word(self, task_id: str) -> str:
        await self.changed[task_id].wait()
        self.changed[task_id].clear()
        return self.current[task_id]


class Hands:
    """Activities that do nothing, and write it down."""

    def __init__(self, record: Record, home: Path) -> None:
        self._record = record
        self._numbers = itertools.count(1)
        self._codes = Codes(CODE, None, home / "codes.json")

    @activity.defn
    async def open_workspace(self, _request: OpenRequest) -> Opened:
        return Opened(checkpoint=CHECKPOINT, sandbox="")

    @activity.defn
    async def think(self, request: ThinkRequest) -> Decision:
        if request.answers or any(ran.task_id == request.task_id for ran in self._record.ran):
            return Decision(checkpoint=CHECKPOINT, kind=DecisionKind.FINISHED, finish=DONE)
        calls = [
            ToolCall(id=f"call{number}", tool=Tool.RUN_COMMAND, preview=f"rm {number}")
            for number in range(QUESTIONS)
        ]
        return Decision(checkpoint=CHECKPOINT, kind=DecisionKind.ACT, calls=calls)

    @activity.defn
    async def judge_step(self, request: JudgeRequest) -> Judged:
        word, digest = f"word{next(self._numbers)}", uuid.uuid4().hex
        self._record.words[word] = (request.task_id, request.call_id)
        self._record.digests[request.task_id, request.call_id] = digest
        self._record.ask(request.task_id, word)
        return Judged(
            verdict=Verdict(decision=VerdictDecision.CONFIRM, reason="delete files"),
            text_digest=digest,
            command=f"rm {request.call_id}",
            digest=digest,
            word=word,
            asking=Asking(timeout_seconds=600, attempts=100, on_timeout=OnTimeout.DENY),
        )

    @activity.defn
    def check_code(self, request: CheckRequest) -> bool:
        return self._codes.fits(request.code, request.request_id)

    @activity.defn
    async def run_command(self, request: CommandRequest) -> Observation:
        self._record.ran.append(request)
        return Observation(checkpoint=CHECKPOINT, outcome=Outcome.DONE, exit_code=0)

    @activity.defn
    async def close_workspace(self, request: CloseRequest) -> Closed:
        self._record.ask(request.task_id, "")
        return Closed(files="")


class Crowd:
    """People who answer the questions of one task, not always well."""

    def __init__(self, record: Record, handle: "WorkflowHandle[object, object]", seed: int) -> None:
        self._record = record
        self._handle = handle
        self._random = random.Random(seed)  # noqa: S311 - a test that can be repeated

    async def answer_until_done(self) -> None:
        while word := await self._record.next_word(self._handle.id):
            while self._record.waits(self._handle.id, word):
                with suppress(RPCError):  # an answer after the one that ended the task
                    await self._answer_somehow(word)
                await asyncio.sleep(0.05)

    async def _answer_somehow(self, word: str) -> None:
        if self._random.random() < 0.2:
            # nobody else is at it: the bare code means what was just seen
            await self._send(self._answer(word=""))
            return
        answers = [self._answer(word=one) for one in self._words(word)]
        await asyncio.gather(*[self._send_somehow(answer) for answer in answers])

    def _words(self, right: str) -> list[str]:
        """Words that people may say now: the right one, earlier ones, those of other tasks."""
        known = list(self._record.words)
        others = self._random.choices(known[-2 * TASKS :], k=self._random.randint(0, 1))
        words = [*others, *[right] * self._random.randint(1, 2)]
        self._random.shuffle(words)
        return words

    def _answer(self, word: str) -> ConfirmationAnswer:
        code = self._random.choices([CODE, "0000", ""], [8, 1, 1])[0]
        approve = self._random.random() < 0.8
        return ConfirmationAnswer(code=code, word=word, approve=approve)

    async def _send_somehow(self, answer: ConfirmationAnswer) -> None:
        if self._random.random() < 0.7:
            await self._send(answer)
        else:
            self._record.told.append(Told(self._handle.id, answer))
            await self._handle.signal(Signal.SUBMIT_CONFIRMATION, answer)

    async def _send(self, answer: ConfirmationAnswer) -> ConfirmReply:
        told = Told(self._handle.id, answer)
        self._record.told.append(told)
        told.reply = await self._handle.execute_update(
            UpdateName.CONFIRM, answer, result_type=ConfirmReply
        )
        return told.reply


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as executor:
        yield executor


@pytest.mark.timeout(300)
async def test_no_command_runs_on_an_answer_that_was_not_its_own(
    server: WorkflowEnvironment, executor: ThreadPoolExecutor, tmp_path: Path
) -> None:
    record, queue, client = Record(), f"test-{uuid.uuid4()}", server.client
    hands = Hands(record, tmp_path)
    limits = Limits(max_turns=10, max_active_seconds=900, parked_hours=1)
    doing: list[Callable[..., object]] = [
        hands.open_workspace,
        hands.think,
        hands.judge_step,
        hands.check_code,
        hands.run_command,
        hands.close_workspace,
    ]
    async with Worker(
        client,
        task_queue=queue,
        workflows=[CodingTask],
        activities=doing,
        activity_executor=executor,
        max_concurrent_activities=8,
    ):
        handles = [
            await client.start_workflow(
                WORKFLOW_TYPE,
                TaskInput(goal="Clean up", limits=limits),
                id=f"task-{uuid.uuid4().hex[:12]}",
                task_queue=queue,
            )
            for _ in range(TASKS)
        ]
        crowds = [Crowd(record, handle, seed) for seed, handle in enumerate(handles)]
        await asyncio.gather(*[crowd.answer_until_done() for crowd in crowds])
    judge_the_record(record)


def judge_the_record(record: Record) -> None:
    word_of = {asked: word for word, asked in record.words.items()}
    ran = [(request.task_id, request.call_id) for request in record.ran]
    assert len(word_of) == TASKS * QUESTIONS
    assert len(set(ran)) == len(ran), "nothing ran twice"
    assert len(ran) > len(word_of) / 2, "most of them were approved"
    for request in record.ran:
        assert request.approval
        assert request.approval.digest == record.digests[request.task_id, request.call_id]
    consents = consents_by_word(record)
    for asked in ran:
        assert consents[word_of[asked]], f"{asked} ran and nobody consented to it"
    for told in record.told:
        if told.reply and told.reply.outcome is ConfirmOutcome.DENIED and told.reply.word:
            assert record.words[told.reply.word] not in ran


def consents_by_word(record: Record) -> dict[str, int]:
    """How often the right code was given to the task that asks by this word, with this word.

    A bare code counts for the question it was answered about.
    """
    consents: dict[str, int] = defaultdict(int)
    for told in record.told:
        word = told.answer.word or (told.reply.word if told.reply else "")
        task_id, _ = record.words.get(word, ("nobody", ""))
        right = told.answer.approve and told.answer.code == CODE
        consents[word] += right and task_id == told.task_id
    return consents
