"""The question for the code at the bottom of a terminal, on a real pseudo-terminal."""

import asyncio
import os
import pty
import termios
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from models.replies import ConfirmationAnswer, ConfirmOutcome, ConfirmReply
from models.updates import Update, UpdateKind
from starter.code_prompt import CodePrompt
from starter.problems import TaskClosed
from tests.starter.recorded import update

CODE = "zx81-6283"


class Desk:
    """A terminal with a person before it and a task behind it."""

    def __init__(self) -> None:
        self.person, self.terminal = pty.openpty()
        self.given: list[ConfirmationAnswer] = []
        self.said: list[str] = []
        self.reply = ConfirmReply(outcome=ConfirmOutcome.ACCEPTED, message="Approved.")
        self.problem: TaskClosed | None = None
        self.prompt = CodePrompt(self.send, self.said.append, self.terminal)

    async def send(self, answer: ConfirmationAnswer) -> ConfirmReply:
        self.given.append(answer)
        if self.problem:
            raise self.problem
        return self.reply

    def type(self, keys: str) -> None:
        os.write(self.person, keys.encode())

    async def until_given(self, count: int) -> ConfirmationAnswer:
        async with asyncio.timeout(10):
            while len(self.given) < count or "checking" in self.shown:
                await asyncio.sleep(0.005)
        return self.given[-1]

    async def until_shown(self, text: str) -> None:
        async with asyncio.timeout(10):
            while text not in self.shown:
                await asyncio.sleep(0.005)

    @property
    def shown(self) -> str:
        console = Console(width=100, force_terminal=False)
        with console.capture() as capture:
            console.print(self.prompt)
        return capture.get()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    os.close(desk.person)
    os.close(desk.terminal)


def request(word: str = "tango") -> Update:
    return update(
        UpdateKind.CONFIRMATION_REQUESTED,
        request_id="1",
        word=word,
        command="rm x",
        reason="delete files",
        tries_left=3,
        expires_at=(datetime.now(UTC) + timedelta(seconds=299.5)).isoformat(),
    )


async def test_the_code_is_asked_for_and_given_unseen(desk: Desk) -> None:
    with desk.prompt.reading():
        assert desk.shown.strip() == ""
        desk.prompt.see(request())
        assert "Code for tango, or no: ▏  3 tries · 4 min 59 s left" in desk.shown
        desk.type(CODE)
        await desk.until_shown("•" * len(CODE))
        desk.type("\r")
        answer = await desk.until_given(1)
        assert (answer.code, answer.word, answer.approve) == (CODE, "tango", True)
        desk.prompt.see(update(UpdateKind.CONFIRMATION_RESOLVED, outcome="approved"))
        assert desk.shown.strip() == ""
    os.set_blocking(desk.person, False)
    with pytest.raises(BlockingIOError):
        os.read(desk.person, 1_000)  # nothing was echoed


async def test_a_no_may_have_a_reason(desk: Desk) -> None:
    with desk.prompt.reading():
        desk.prompt.see(request())
        desk.type("no, I still need it\n")
        answer = await desk.until_given(1)
        assert (answer.approve, answer.reason, answer.code) == (False, "I still need it", "")
        desk.type("N\n")
        assert (await desk.until_given(2)).reason == ""
        desk.type("nonsense\n")
        assert (await desk.until_given(3)).code == "nonsense"


async def test_mistakes_can_be_mended(desk: Desk) -> None:
    with desk.prompt.reading():
        desk.prompt.see(request())
        desk.type("wrong\x15628\x1b[A4\x7f\x1b3\n")
        assert (await desk.until_given(1)).code == "628"
        desk.type("\x1bOA6283\x1b[1;5C\n")
        assert (await desk.until_given(2)).code == "6283"


async def test_what_was_typed_before_the_question_is_not_an_answer(desk: Desk) -> None:
    with desk.prompt.reading():
        desk.type("yes\n62")
        desk.prompt.see(request())
        desk.type("3\n")
        assert (await desk.until_given(1)).code == "3"
        desk.type("half")
        await desk.until_shown("••••")
        desk.prompt.see(request("zulu"))
        desk.type("done\n")
        answer = await desk.until_given(2)
        assert (answer.code, answer.word) == ("done", "zulu")


async def test_a_wrong_code_leaves_the_question_and_other_replies_are_said(desk: Desk) -> None:
    with desk.prompt.reading():
        desk.prompt.see(request())
        desk.reply = ConfirmReply(outcome=ConfirmOutcome.WRONG_CODE, message="Wrong.")
        desk.type("0000\n")
        await desk.until_given(1)
        desk.prompt.see(update(UpdateKind.CONFIRMATION_REMINDER, tries_left=1))
        await desk.until_shown("1 try ·")
        assert desk.said == []
        desk.problem = TaskClosed("Task #a7f3 has already ended.")
        desk.type(f"{CODE}\n")
        await desk.until_given(2)
        assert desk.said == ["Task #a7f3 has already ended."]


async def test_the_terminal_is_left_as_it_was(desk: Desk) -> None:
    before = termios.tcgetattr(desk.terminal)
    with desk.prompt.reading():
        assert not termios.tcgetattr(desk.terminal)[3] & termios.ECHO
    assert termios.tcgetattr(desk.terminal) == before
