"""Nothing destructive runs without the code: the question, and every kind of answer to it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from demo.script import Turn
from models.contract import Signal
from models.replies import ConfirmOutcome
from models.task import State
from models.updates import UpdateKind
from starter.problems import SeveralWait, TaskClosed
from tests.asking import (
    CODE,
    COMMAND,
    asked,
    commands_run,
    no,
    of_kind,
    removal,
    run,
    the_code,
    told,
)
from tests.house import House, a_house


@pytest.fixture
async def guarded(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> AsyncIterator[House]:
    async with a_house(server.client, claude, tmp_path, confirmation_code=CODE) as house:
        yield house


async def test_the_question_says_everything_and_the_code_lets_it_run(guarded: House) -> None:
    story = await guarded.start(removal())
    waiting = await asked(story)
    progress = await story.progress()
    assert progress.state is State.WAITING_CONFIRMATION
    assert waiting.command == COMMAND
    assert waiting.reason == "delete files"
    assert waiting.word.isalpha()
    assert waiting.expires_at
    assert waiting.tries_left == 3
    assert (story.workspace / "scratch.txt").exists()
    assert [task.task_id for task in await guarded.tasks.waiting()] == [story.task_id]

    reply = await guarded.tasks.confirm(the_code(channel="test", actor="Ada"))
    assert reply.outcome is ConfirmOutcome.ACCEPTED
    assert (reply.word, reply.request_id) == (waiting.word, waiting.request_id)
    assert (await story.end()).state is State.COMPLETED
    assert not (story.workspace / "scratch.txt").exists()

    updates = await story.updates()
    (requested,) = of_kind(updates, UpdateKind.CONFIRMATION_REQUESTED)
    assert requested.data["command"] == COMMAND
    assert requested.data["categories"] == ["file deletion"]
    assert waiting.word in requested.chat
    assert waiting.word in requested.speak
    (resolved,) = of_kind(updates, UpdateKind.CONFIRMATION_RESOLVED)
    assert (resolved.data["outcome"], resolved.data["actor"]) == ("approved", "Ada")
    started = of_kind(updates, UpdateKind.COMMAND_STARTED)[-1]
    assert started.data["command"] == COMMAND
    assert requested.seq < resolved.seq < started.seq


async def test_a_signal_is_enough(guarded: House) -> None:
    story = await guarded.start(removal())
    await asked(story)
    await story.handle.signal(Signal.SUBMIT_CONFIRMATION, {"code": CODE})
    assert (await story.end()).state is State.COMPLETED
    assert not (story.workspace / "scratch.txt").exists()


async def test_three_wrong_codes_end_the_task(guarded: House) -> None:
    story = await guarded.start(removal())
    waiting = await asked(story)
    replies = []
    for code in ("6282", "", "6284", CODE[:-1]):
        replies.append(await guarded.tasks.confirm(the_code(code=code), story.task_id))
    outcomes = [(reply.outcome, reply.tries_left) for reply in replies]
    assert outcomes == [
        (ConfirmOutcome.WRONG_CODE, 2),
        (ConfirmOutcome.WRONG_CODE, 2),  # there was none: no try
        (ConfirmOutcome.WRONG_CODE, 1),
        (ConfirmOutcome.LOCKED, 0),
    ]
    progress = await story.end()
    assert progress.state is State.FAILED
    assert progress.result
    assert "3 wrong codes" in progress.result.summary
    assert (story.workspace / "scratch.txt").exists()
    updates = await story.updates()
    assert COMMAND not in commands_run(updates)
    assert len(of_kind(updates, UpdateKind.CONFIRMATION_REMINDER)) == 2
    assert of_kind(updates, UpdateKind.CONFIRMATION_RESOLVED)[0].data["outcome"] == "locked"
    with pytest.raises(TaskClosed):
        await guarded.tasks.confirm(the_code(word=waiting.word), story.task_id)


async def test_with_two_tasks_waiting_the_word_or_the_task_says_which(guarded: House) -> None:
    first, second = await guarded.start(removal()), await guarded.start(removal())
    words = [(await asked(story)).word for story in (first, second)]
    with pytest.raises(SeveralWait) as problem:
        await guarded.tasks.confirm(the_code())
    for word, story in zip(words, (first, second), strict=True):
        assert f"{word} (#{story.task_id[5:]})" in str(problem.value)
    other = await guarded.tasks.confirm(the_code(word="unheard"))
    assert other.outcome is ConfirmOutcome.UNKNOWN_REQUEST
    reply = await guarded.tasks.confirm(the_code(word=words[1].upper()))
    assert reply.outcome is ConfirmOutcome.ACCEPTED
    await second.end()
    assert (await first.progress()).state is State.WAITING_CONFIRMATION
    assert (await guarded.tasks.confirm(the_code(), first.task_id)).word == words[0]
    await first.end()


async def test_a_code_with_nothing_waiting_is_told_so(guarded: House) -> None:
    guarded.claude.hold("busy")
    story = await guarded.start([Turn(gate="busy", blocks=[run("true")]), told])
    await story.until(lambda _: bool(story.calls()))
    reply = await guarded.tasks.confirm(the_code())
    assert reply.outcome is ConfirmOutcome.NOTHING_WAITING
    assert reply.message == "No task waits for a code."
    reply = await guarded.tasks.confirm(the_code(), story.task_id)
    assert reply.outcome is ConfirmOutcome.NOTHING_WAITING
    reply = await guarded.tasks.confirm(the_code(word="tango"), story.task_id)
    assert reply.outcome is ConfirmOutcome.UNKNOWN_REQUEST
    await story.handle.signal(Signal.SUBMIT_CONFIRMATION, {"code": CODE})
    guarded.claude.release("busy")
    notes = of_kind(await story.updates(), UpdateKind.NOTE)
    assert any("waits for no code" in note.chat for note in notes)


async def test_a_no_needs_no_code_and_claude_hears_why(guarded: House) -> None:
    story = await guarded.start(removal(COMMAND, COMMAND, "rm ./scratch.txt"))
    first = await asked(story)
    reply = await guarded.tasks.confirm(no("I still need it"))
    assert reply.outcome is ConfirmOutcome.DENIED
    # the same command is not asked about again; another spelling of it is
    second = await asked(story, again=first.request_id)
    assert second.command == "rm ./scratch.txt"
    assert second.word != first.word
    await guarded.tasks.confirm(no())
    progress = await story.end()
    assert (story.workspace / "scratch.txt").exists()
    assert progress.result
    assert "Do not work around it" in progress.result.summary
    results = str(story.calls()[-1].body)
    assert results.count("the user denied it, saying: I still need it") == 2
    updates = await story.updates()
    assert len(of_kind(updates, UpdateKind.CONFIRMATION_REQUESTED)) == 2
    assert commands_run(updates) == ["echo scratch > scratch.txt"]


async def test_the_first_answer_wins_and_may_be_repeated(guarded: House) -> None:
    guarded.claude.hold("later")
    command = Turn(blocks=[run(COMMAND)])
    made = Turn(blocks=[run("echo scratch > scratch.txt")])
    story = await guarded.start([made, command, Turn(gate="later", blocks=[run("true")]), told])
    waiting = await asked(story)
    answers = [the_code(), the_code(), no(), the_code(word=waiting.word), the_code(code="nonsense")]
    replies = await asyncio.gather(
        *[guarded.tasks.confirm(answer, story.task_id) for answer in answers[:1]]
    )
    for answer in answers[1:]:
        replies.append(await guarded.tasks.confirm(answer, story.task_id))
    accepted, already = ConfirmOutcome.ACCEPTED, ConfirmOutcome.ALREADY_ANSWERED
    # after the decision no code is looked at, so that none can be tried out
    assert [reply.outcome for reply in replies] == [accepted, accepted, already, accepted, accepted]
    guarded.claude.release("later")
    updates = await story.updates()
    assert commands_run(updates).count(COMMAND) == 1
    assert len(of_kind(updates, UpdateKind.CONFIRMATION_RESOLVED)) == 1


async def test_a_message_delivered_twice_counts_once(guarded: House) -> None:
    story = await guarded.start(removal())
    await asked(story)
    wrong = the_code(code="nonsense")
    for _ in range(4):
        reply = await guarded.tasks.confirm(wrong, story.task_id, message_id="discord-17")
        assert (reply.outcome, reply.tries_left) == (ConfirmOutcome.WRONG_CODE, 2)
    await guarded.tasks.confirm(the_code(), story.task_id)
    assert (await story.end()).state is State.COMPLETED


async def test_the_bare_code_of_a_second_channel_is_not_for_the_next_question(
    guarded: House,
) -> None:
    story = await guarded.start(removal(COMMAND, "rm -f other.txt"))
    first = await asked(story)
    await guarded.tasks.confirm(the_code(channel="voice"), story.task_id)
    second = await asked(story, again=first.request_id)
    reply = await guarded.tasks.confirm(the_code(channel="discord"), story.task_id)
    assert (reply.outcome, reply.word) == (ConfirmOutcome.ACCEPTED, first.word)
    assert (await story.progress()).state is State.WAITING_CONFIRMATION
    named = the_code(channel="discord", word=second.word)
    assert (await guarded.tasks.confirm(named, story.task_id)).word == second.word
    assert (await story.end()).state is State.COMPLETED


async def test_what_no_code_allows_is_refused_without_a_question(guarded: House) -> None:
    story = await guarded.start(removal("rm -rf ~"))
    progress = await story.end()
    assert progress.result
    assert "Not run: it would delete a whole home" in progress.result.summary
    assert not of_kind(await story.updates(), UpdateKind.CONFIRMATION_REQUESTED)


async def test_without_a_code_set_up_what_needs_one_is_refused(house: House) -> None:
    story = await house.start(removal())
    progress = await story.end()
    assert (story.workspace / "scratch.txt").exists()
    assert progress.result
    assert "CONFIRMATION_CODE" in progress.result.summary
    note = of_kind(await story.updates(), UpdateKind.NOTE)[0]
    assert "No confirmation code is set up" in note.chat


async def test_pausing_while_it_waits_stops_the_clock(guarded: House) -> None:
    story = await guarded.start(removal())
    before = await asked(story)
    await guarded.tasks.pause(story.task_id)
    progress = await story.until(lambda progress: progress.state is State.PAUSED)
    assert progress.waiting_for == before
    await guarded.tasks.resume(story.task_id)
    progress = await story.until(lambda progress: progress.state is State.WAITING_CONFIRMATION)
    assert progress.waiting_for
    assert progress.waiting_for.expires_at
    assert before.expires_at
    assert progress.waiting_for.expires_at > before.expires_at
    await guarded.tasks.pause(story.task_id)
    await story.until(lambda progress: progress.state is State.PAUSED)
    await guarded.tasks.confirm(the_code())
    progress = await story.progress()
    assert progress.state is State.PAUSED
    assert progress.waiting_for is None
    assert (story.workspace / "scratch.txt").exists()
    await guarded.tasks.resume(story.task_id)
    assert (await story.end()).state is State.COMPLETED
    assert not (story.workspace / "scratch.txt").exists()


async def test_cancelling_while_it_waits_ends_it(guarded: House) -> None:
    story = await guarded.start(removal())
    await asked(story)
    await guarded.tasks.cancel(story.task_id)
    assert (await story.end()).state is State.CANCELLED
    assert (story.workspace / "scratch.txt").exists()


async def test_waiting_costs_no_active_time(guarded: House) -> None:
    story = await guarded.start(removal())
    await asked(story)
    before = await story.progress()
    await asyncio.sleep(1.5)
    assert (await story.progress()).active_seconds == before.active_seconds
    await guarded.tasks.confirm(the_code())
    assert (await story.end()).active_seconds < before.active_seconds + 1.5
