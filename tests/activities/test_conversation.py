"""The conversation over many turns: append-only, verbatim, cached; begun anew when it must be."""

import itertools
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.conversation import words_in
from demo.faults import refused
from demo.scenarios.steps import run
from demo.script import Conversation, Text, Thinking, Turn, call
from models.problems import Problem
from models.steps import DecisionKind, Usage
from tests.activities.conftest import Begin, Rehearsal
from workspace.transcript import is_thinking

TOO_LONG = refused(400, "prompt is too long: 1000001 tokens > 1000000 maximum")
BAD_SIGNATURE = refused(400, "messages.1.content.0: Invalid `signature` in `thinking` block")


def busy(talk: Conversation) -> Turn:
    """Think, speak and make two calls, with input that is easily damaged on its way."""
    at = talk.turn
    return Turn(
        blocks=[
            Thinking(thinking=f"Thought {at} — «ünïcode» ☃\n\n  indented\ttab"),
            Text(text=f"Step {at}:\n"),
            run(f'printf "%s\\n" \'{at} \\u0041 "quoted"\' # ☃'),
            Thinking(thinking=f"Between {at}"),
            call("write_file", path=f"f{at}.txt", content="\t\r\n\\ \x00 \u2028 end  "),
        ]
    )


async def work(task: Rehearsal, turns: int, result: str = "exit code 0") -> Usage:
    """Let `turns` pass; every call gets a result of its own. Returns the last turn's usage."""
    usage = Usage()
    for at in range(turns):
        decision = await task.think(instructions=[f"word {at}"] if at % 3 == 2 else [])
        for made in decision.calls:
            task.hand(made.id, f"{result} of {made.id}")
        usage = decision.usage
    return usage


async def test_ten_turns_are_replayed_verbatim_and_only_added_to(begin: Begin) -> None:
    """The scripted Claude refuses any thinking whose signature does not fit all before it."""
    task = begin(*[busy] * 10)
    await work(task, 10)
    bodies = task.sent
    assert len(bodies) == 10
    for earlier, later in itertools.pairwise(bodies):
        count = len(earlier["messages"])
        assert unmarked(later["messages"][:count]) == unmarked(earlier["messages"])
        assert {**later, "messages": []} == {**earlier, "messages": []}
    assert len(task.transcript.everything()) == 1 + 10 + 9


def unmarked(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages without cache marks, which are no part of what Claude reads."""
    return [
        {**m, "content": [{**b, "cache_control": None} for b in m["content"]]} for m in messages
    ]


async def test_a_long_conversation_comes_from_the_cache(begin: Begin) -> None:
    task = begin(*[busy] * 40)
    usage = await work(task, 40, "x" * 1000)
    prompt_tokens = usage.input_tokens + usage.cache_write_tokens + usage.cache_read_tokens
    assert usage.cache_read_tokens / prompt_tokens > 0.95


async def test_a_turn_of_many_calls_does_not_lose_the_cache(begin: Begin) -> None:
    many = Turn(blocks=[run(f"cat {at}") for at in range(30)])
    task = begin(busy, busy, many, busy)
    before = await work(task, 3)
    after = (await task.think()).usage
    assert after.cache_read_tokens == before.cache_read_tokens + before.cache_write_tokens


async def test_a_conversation_that_is_too_long_begins_anew(begin: Begin) -> None:
    task = begin(
        Turn(blocks=[Text(text="I start."), run("make all")]),
        Turn(blocks=[call("write_file", path="src/a.py", content="x = 1\n")]),
        Turn(faults=[TOO_LONG]),
        goal="Build the thing.",
    )
    [made] = (await task.think(instructions=["Use tabs."])).calls
    task.hand(made.id, "lots of output\nexit code 2")
    [made] = (await task.think()).calls
    task.hand(made.id, "Wrote src/a.py")
    decision = await task.think(instructions=["Be quick."])
    assert decision.kind is DecisionKind.THINK_AGAIN
    assert "summary" in decision.notes[0]
    [summary] = task.messages
    goal, *_, told = [block["text"] for block in summary.content]
    assert goal == "<goal>\nBuild the thing.\n</goal>"
    assert words_in(summary) == ["Use tabs.", "Be quick."]
    assert "- I start." in told
    assert "- make all -> exit code 2" in told
    assert "- src/a.py" in told
    assert "Wrote src/a.py" in told
    assert len(task.transcript.everything()) == 6

    task.stage.claude.scenarios[task.scenario] = [Turn(blocks=[run("ls")])]
    assert (await task.think()).kind is DecisionKind.ACT
    assert task.sent[-1]["messages"] == [{"role": "user", "content": summary.content}]


async def test_a_second_summary_keeps_what_the_first_one_knew(begin: Begin) -> None:
    task = begin(Turn(blocks=[run("make one")]), Turn(faults=[TOO_LONG]))
    [made] = (await task.think(instructions=["Use tabs."])).calls
    task.hand(made.id, "exit code 0")
    await task.think()
    task.stage.claude.scenarios[task.scenario] = [
        Turn(blocks=[run("make two")]),
        Turn(faults=[TOO_LONG] * 2),
    ]
    [made] = (await task.think()).calls
    task.hand(made.id, "exit code 0")
    await task.think()
    [summary] = task.messages
    assert words_in(summary) == ["Use tabs."]
    assert "make one" in summary.content[-1]["text"]
    assert "make two" in summary.content[-1]["text"]


async def test_the_context_window_may_end_in_the_middle_of_an_answer(begin: Begin) -> None:
    full = Turn(
        blocks=[Text(text="Half a"), run("rm -r")], stop_reason="model_context_window_exceeded"
    )
    task = begin(Turn(blocks=[run("make")]), full)
    await work(task, 1)
    decision = await task.think()
    assert (decision.kind, decision.calls) == (DecisionKind.THINK_AGAIN, [])
    assert decision.usage.output_tokens > 0
    assert len(task.messages) == 1


@pytest.mark.parametrize("fault", [TOO_LONG, refused(413, "Request exceeds the maximum size")])
async def test_a_goal_that_is_too_long_by_itself_fails(begin: Begin, fault: object) -> None:
    task = begin(Turn(faults=[fault]))
    with pytest.raises(ApplicationError) as caught:
        await task.think()
    assert caught.value.type == Problem.PROVIDER_REJECTED
    assert caught.value.non_retryable


async def test_refused_thinking_is_left_out_once_and_work_goes_on(begin: Begin) -> None:
    task = begin(busy, Turn(faults=[BAD_SIGNATURE], blocks=busy_blocks()), busy)
    await work(task, 1)
    decision = await task.think()
    assert decision.kind is DecisionKind.THINK_AGAIN
    assert not any(is_thinking(block) for message in task.messages for block in message.content)
    usage = await work(task, 2)
    assert usage.output_tokens > 0
    assert any(is_thinking(block) for block in task.messages[-1].content)


def busy_blocks() -> list[object]:
    return [Thinking(thinking="Anew."), run("ls")]


async def test_a_damaged_signature_is_mended_with_the_strict_server(begin: Begin) -> None:
    """Here the refusal is the server's own, for the system prompt is not the one signed over."""
    task = begin(busy, busy, busy)
    await work(task, 1)
    changed = task.transcript.frozen.model_copy(update={"system": "Another prompt."})
    files = {"transcript/000000.frozen.json": changed.model_dump_json().encode()}
    task.commit(task.checkpoint, files)
    assert (await task.think()).kind is DecisionKind.THINK_AGAIN
    assert (await task.think()).kind is DecisionKind.ACT


async def test_thinking_refused_where_there_is_none_is_a_failure(begin: Begin) -> None:
    task = begin(Turn(blocks=[run("ls")]), Turn(faults=[BAD_SIGNATURE]))
    await work(task, 1)
    with pytest.raises(ApplicationError) as caught:
        await task.think()
    assert caught.value.type == Problem.PROVIDER_REJECTED


async def test_work_goes_on_after_an_undo(begin: Begin) -> None:
    task = begin(busy, busy, busy)
    await work(task, 1)
    earlier = task.checkpoint
    await work(task, 1)
    task.checkpoint = earlier
    await work(task, 1)
    assert len(task.sent[-1]["messages"]) == 3
