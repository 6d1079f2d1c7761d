"""A thousand tasks and people who answer them in every order: who decides what?

The same code as in the workflow, without Temporal, so that the order of events can be shuffled.
"""

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from models.consent import Asking, OnTimeout
from models.replies import ConfirmationAnswer, ConfirmOutcome, ConfirmReply
from workflows.answers import Answers
from workflows.confirmation import Confirmation, Standing

CODE = "6283"
INTERLEAVINGS = 1_000
QUESTIONS = 4
PEOPLE = 3
MOST_STEPS = 12
"""Of the event loop that anything may take here."""


@dataclass
class Said:
    """An answer, what waited in the task when it came, and what it was told."""

    answer: ConfirmationAnswer
    waiting: str
    reply: ConfirmReply

    def is_yes_to(self, word: str) -> bool:
        return self.reply.outcome is ConfirmOutcome.ACCEPTED and self.reply.word == word


@dataclass
class Task:
    """Asks one question after the other, as a task does, and runs what was approved."""

    name: str
    chance: random.Random
    requests: list[Confirmation] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers = Answers(lambda: self.requests, self, self.check, self.now)

    def wrong_code(self, request: Confirmation) -> None:
        assert request.tries_left > 0

    def resolved(self, request: Confirmation) -> None:
        assert not request.is_open

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def check(self, code: str, _request: Confirmation) -> bool:
        await self.steps()
        return code == CODE

    async def steps(self) -> None:
        for _ in range(self.chance.randrange(MOST_STEPS)):
            await asyncio.sleep(0)

    async def work(self) -> None:
        for number in range(QUESTIONS):
            request = question(f"{self.name}{number}")
            self.requests.append(request)
            if self.chance.random() < 0.2:
                await self.steps()
            else:
                while request.is_open:
                    await asyncio.sleep(0)
            while request.is_open and self.answers.in_hand:
                await asyncio.sleep(0)
            if request.is_open:
                self.answers.close(request, Standing.UNCONFIRMED)
            await self.steps()
            if request.standing is Standing.APPROVED:
                self.ran.append(request.word)
            if request.standing is Standing.LOCKED:
                return

    async def hear(self, answer: ConfirmationAnswer) -> None:
        latest = self.requests[-1] if self.requests else None
        waiting = latest.word if latest and latest.is_open else ""
        reply = await self.answers.receive(answer)
        self.said.append(Said(answer, waiting, reply))


def question(word: str) -> Confirmation:
    asking = Asking(timeout_seconds=300, attempts=3, on_timeout=OnTimeout.DENY)
    return Confirmation(
        request_id=f"id-{word}",
        word=word,
        command=f"rm {word}",
        reason="delete files",
        digest=word,
        asking=asking,
        tries_left=3,
        expires_at=datetime.now(UTC) + timedelta(seconds=300),
    )


async def answer_anything(tasks: list[Task], chance: random.Random, channel: str) -> None:
    """Answer what is asked, or was, or is asked elsewhere, until nobody asks any more."""
    while not all(is_done(task) for task in tasks):
        task = chance.choice(tasks)
        known = [request for one in tasks for request in one.requests[-2:]]
        meant = chance.choice(known) if known and chance.random() < 0.8 else None
        by_word = chance.random() < 0.7
        await task.hear(
            ConfirmationAnswer(
                code=chance.choices([CODE, "0000", ""], [6, 1, 1])[0],
                approve=chance.random() < 0.8,
                word=meant.word if meant and by_word else "",
                request_id=meant.request_id if meant and not by_word else "",
                channel=channel,
            )
        )
        await task.steps()


def is_done(task: Task) -> bool:
    locked = any(one.standing is Standing.LOCKED for one in task.requests)
    return locked or (len(task.requests) == QUESTIONS and not task.requests[-1].is_open)


@pytest.mark.parametrize("block", range(10))
async def test_no_command_runs_on_an_answer_that_was_not_its_own(block: int) -> None:
    ran = 0
    for seed in range(block * INTERLEAVINGS // 10, (block + 1) * INTERLEAVINGS // 10):
        chance = random.Random(seed)  # noqa: S311 - a test that can be repeated
        tasks = [Task("tango", chance), Task("zulu", chance)]
        people = [answer_anything(tasks, chance, f"channel {number}") for number in range(PEOPLE)]
        await asyncio.gather(*[task.work() for task in tasks], *people)
        for task in tasks:
            judge(task)
            ran += len(task.ran)
    assert ran > INTERLEAVINGS / 10, "most were approved"


def judge(task: Task) -> None:
    own = {request.word for request in task.requests}
    assert len(set(task.ran)) == len(task.ran), "an approval is for one run"
    for said in task.said:
        assert said.reply.word in own | {""}
        if meant := said.answer.word or said.answer.request_id.removeprefix("id-"):
            assert said.reply.word in {meant, ""}, "an answer with a name decides nothing else"
    for word in task.ran:
        decisive = next(said for said in task.said if said.is_yes_to(word))
        assert decisive.answer.approve
        assert decisive.answer.code == CODE
        assert not decisive.answer.names_none or decisive.waiting == word
    for said in task.said:
        if said.reply.outcome is ConfirmOutcome.DENIED:
            assert said.reply.word not in task.ran
