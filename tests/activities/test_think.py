"""think by stop reason, and what it records."""

from typing import Any

from activities.conversation import CUT_OFF, ENDED_WITHOUT_FINISH, INTERRUPTED
from demo.scenarios.steps import finish, run
from demo.script import Text, Thinking, ToolUse, Turn, call
from models.steps import DecisionKind
from models.task import Phase
from models.tools import Tool
from policy.finish import UNCHECKED
from tests.activities.conftest import Begin, Rehearsal

SAYING = Text(text="I look around   first.\n")
LOOK = Turn(blocks=[Thinking(thinking="Let me see."), SAYING, run("ls -la", "To see", "planning")])
TEST = Turn(blocks=[run("pytest -q", "To check", "testing")])
EDIT = Turn(blocks=[call("edit_file", path="a.py", old_text="1", new_text="2")])
DONE = Turn(blocks=[finish("Built **it**.", checks=["pytest -q"])])
SILENT = Turn(blocks=[Text(text="It is all done.")])


async def carry_out(task: Rehearsal, content: str = "exit code 0", **request: Any) -> None:
    """Think, and give every call the same result."""
    for made in (await task.think(**request)).calls:
        task.hand(made.id, content)


async def test_a_tool_call_becomes_a_reference_and_a_preview(begin: Begin) -> None:
    task = begin(LOOK)
    decision = await task.think()
    [made] = decision.calls
    assert decision.kind is DecisionKind.ACT
    assert (made.tool, made.preview, made.reason) == (Tool.RUN_COMMAND, "ls -la", "To see")
    assert made.phase is Phase.PLANNING
    assert made.timeout_seconds is None
    assert task.transcript.tool_input(made.id)[1]["command"] == "ls -la"
    assert decision.notes == ["Let me see.", "I look around first."]
    assert decision.model == "claude-sonnet-5-5"
    assert decision.usage.output_tokens > 0
    assert decision.usage.cost_usd > 0
    assert 0 < decision.duration_seconds < 10


async def test_the_request_is_what_the_model_takes(begin: Begin) -> None:
    task = begin(LOOK)
    await task.think()
    [body] = task.sent
    assert body["stream"] is True
    assert body["max_tokens"] == 32_000
    assert body["cache_control"] == {"type": "ephemeral"}
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"] == {"effort": "medium"}
    assert not {"temperature", "top_p", "top_k", "tool_choice", "metadata"} & set(body)
    assert body["messages"] == [{"role": "user", "content": task.messages[0].content}]


async def test_a_decision_does_not_grow_with_its_content(begin: Begin) -> None:
    huge = "x" * 50_000
    task = begin(
        Turn(
            blocks=[
                run(huge),
                call("write_file", path="big.txt", content=huge),
                call("ask_user", question=huge, options=[huge] * 50),
                finish(huge, checks=[huge] * 50, status="not_possible"),
                Text(text=huge),
            ]
        )
    )
    decision = await task.think()
    assert len(decision.model_dump_json()) < 40_000
    assert len(decision.calls[0].preview) == 500
    [_, recorded] = task.messages
    assert recorded.content[0]["input"]["command"] == huge


async def test_results_come_back_in_the_order_of_the_calls(begin: Begin) -> None:
    task = begin(
        Turn(blocks=[run("a"), run("b"), run("c"), call("ask_user", question="?", options=[])]),
        SILENT,
    )
    first, second, third, question = (await task.think()).calls
    task.hand(second.id, "from b")
    task.hand(first.id, "from a", is_error=True)
    await task.think(answers={third.id: "Denied: the user said no.", question.id: "Blue."})
    assert task.last_sent == [
        result(first.id, "from a", is_error=True),
        result(second.id, "from b"),
        result(third.id, "Denied: the user said no.", is_error=True),
        result(question.id, "Blue."),
    ]
    assert task.transcript.results() == {}


def result(call_id: str, content: str, *, is_error: bool = False) -> dict[str, object]:
    block: dict[str, object] = {
        "type": "tool_result",
        "tool_use_id": call_id,
        "content": content,
    }
    return {**block, "is_error": True} if is_error else block


async def test_a_call_that_nobody_answered_is_told_as_interrupted(begin: Begin) -> None:
    task = begin(LOOK, SILENT)
    [made] = (await task.think()).calls
    await task.think()
    assert task.last_sent == [result(made.id, INTERRUPTED, is_error=True)]


async def test_words_of_the_user_follow_the_results_and_are_marked(begin: Begin) -> None:
    task = begin(LOOK, SILENT)
    [made] = (await task.think()).calls
    task.hand(made.id, "")
    await task.think(instructions=["Use tabs.", "And hurry."])
    assert task.last_sent == [
        result(made.id, "(no output)"),
        {"type": "text", "text": "<user_message>\nUse tabs.\n</user_message>"},
        {"type": "text", "text": "<user_message>\nAnd hurry.\n</user_message>"},
    ]


async def test_words_before_the_first_turn_join_the_goal(begin: Begin) -> None:
    task = begin(LOOK, SILENT)
    await carry_out(task, instructions=["In Rust, please."])
    goal, words = task.last_sent
    assert goal["text"].startswith("<goal>")
    assert "In Rust, please." in words["text"]
    await task.think()
    first = task.sent[1]["messages"][0]["content"]
    assert [block["text"] for block in first] == [goal["text"], words["text"]]


async def test_an_unknown_tool_and_wrong_input_are_answered_here(begin: Begin) -> None:
    task = begin(
        Turn(
            blocks=[
                call("fly", to="Mars"),
                ToolUse(name="read_file", input={"file": "a.py"}),
                run("ls"),
            ]
        ),
        SILENT,
    )
    decision = await task.think()
    assert [made.preview for made in decision.calls] == ["ls"]
    results = list(task.transcript.results().values())
    assert all(given.is_error for given in results)
    sentences = sorted(given.content for given in results)
    assert sentences[0].startswith("Not carried out, the input does not fit read_file: ")
    assert "path: Field required" in sentences[0]
    assert sentences[1] == "There is no tool with the name fly."


async def test_without_a_valid_call_claude_thinks_again(begin: Begin) -> None:
    task = begin(Turn(blocks=[call("fly")]), LOOK)
    decision = await task.think()
    assert (decision.kind, decision.calls) == (DecisionKind.THINK_AGAIN, [])
    assert (await task.think()).kind is DecisionKind.ACT


async def test_finish_task_after_a_check_is_accepted(begin: Begin) -> None:
    task = begin(EDIT, TEST, DONE)
    await carry_out(task)
    await carry_out(task)
    decision = await task.think()
    [made] = decision.calls
    assert decision.kind is DecisionKind.ACT
    assert made.finish is not None
    assert made.finish.status == "done"
    assert made.finish.summary == "Built **it**."
    assert made.finish.checks_run == ["pytest -q"]
    assert made.finish.refused == ""


async def test_finish_task_without_a_check_is_refused_once(begin: Begin) -> None:
    task = begin(EDIT, DONE, EDIT, DONE)
    await carry_out(task)
    [refused] = (await task.think()).calls
    assert refused.finish is not None
    assert refused.finish.refused == UNCHECKED
    [made] = (await task.think()).calls
    assert task.last_sent == [result(refused.id, UNCHECKED, is_error=True)]
    task.hand(made.id, "edited")
    [accepted] = (await task.think()).calls
    assert accepted.finish is not None
    assert accepted.finish.refused == ""


async def test_what_comes_with_finish_task_is_done_before_it(begin: Begin) -> None:
    task = begin(Turn(blocks=[*DONE.blocks, *TEST.blocks]))
    decision = await task.think()
    assert [made.tool for made in decision.calls] == [Tool.RUN_COMMAND, Tool.FINISH_TASK]


async def test_ending_the_turn_is_nudged_once_then_accepted(begin: Begin) -> None:
    task = begin(SILENT, SILENT)
    decision = await task.think()
    assert (decision.kind, decision.finish) == (DecisionKind.THINK_AGAIN, None)
    decision = await task.think()
    assert ENDED_WITHOUT_FINISH in task.last_sent[0]["text"]
    assert decision.kind is DecisionKind.FINISHED
    assert decision.finish is not None
    assert (decision.finish.status, decision.finish.summary) == ("done", "It is all done.")


async def test_work_between_two_silent_turns_earns_a_new_nudge(begin: Begin) -> None:
    task = begin(SILENT, LOOK, SILENT, SILENT)
    await task.think()
    await carry_out(task)
    assert (await task.think()).kind is DecisionKind.THINK_AGAIN
    assert (await task.think()).kind is DecisionKind.FINISHED


async def test_words_of_the_user_after_a_silent_turn_need_no_nudge(begin: Begin) -> None:
    task = begin(SILENT, SILENT)
    await task.think()
    decision = await task.think(instructions=["Now the docs."])
    assert len(task.last_sent) == 1
    assert decision.kind is DecisionKind.THINK_AGAIN


async def test_an_answer_without_words_is_recorded_but_not_sent_back(begin: Begin) -> None:
    task = begin(Turn(stop_reason="end_turn"), Turn(blocks=[Text(text=" \n")]))
    await task.think()
    await task.think()
    assert [message["role"] for message in task.sent[1]["messages"]] == ["user"]
    assert [block["text"][:8] for block in task.last_sent] == ["<goal>\nB", "<runner_"]
    assert [message.content for message in task.messages if message.role == "assistant"] == [[], []]


async def test_a_message_cut_off_runs_nothing(begin: Begin) -> None:
    task = begin(Turn(blocks=[SAYING, run("rm -rf part")], stop_reason="max_tokens"), LOOK)
    decision = await task.think()
    assert (decision.kind, decision.calls) == (DecisionKind.THINK_AGAIN, [])
    await task.think()
    [block] = task.last_sent
    assert (block["content"], block["is_error"]) == (CUT_OFF, True)


async def test_a_text_cut_off_is_told_so(begin: Begin) -> None:
    task = begin(Turn(blocks=[SAYING], stop_reason="max_tokens"), LOOK)
    assert (await task.think()).kind is DecisionKind.THINK_AGAIN
    assert (await task.think()).kind is DecisionKind.ACT
    assert "cut off at the output limit" in task.last_sent[0]["text"]


async def test_a_refusal_ends_the_task(begin: Begin) -> None:
    decision = await begin(Turn(stop_reason="refusal")).think()
    assert decision.kind is DecisionKind.REFUSED
    assert decision.finish is not None
    assert decision.finish.status == "not_possible"
    assert decision.finish.summary


async def test_a_paused_turn_is_sent_back_unchanged(begin: Begin) -> None:
    task = begin(Turn(blocks=[SAYING], stop_reason="pause_turn"), LOOK)
    assert (await task.think()).kind is DecisionKind.THINK_AGAIN
    assert (await task.think()).kind is DecisionKind.ACT
    assert task.sent[1]["messages"][1:] == [
        {"role": "assistant", "content": [{"type": "text", "text": SAYING.text}]}
    ]


async def test_circles_are_nudged_once(begin: Begin) -> None:
    task = begin(*[LOOK] * 7)
    for _ in range(7):
        await carry_out(task, "always the same")
    nudged = ["same call four times" in str(body["messages"][-1]) for body in task.sent]
    assert nudged == [False, False, False, False, True, False, False]


async def test_a_killed_attempt_leaves_nothing_and_the_next_does_the_same(begin: Begin) -> None:
    task = begin(LOOK)
    before = task.checkpoint
    first = await task.think()
    task.checkpoint = before
    second = await task.think(attempt=2)
    assert first.checkpoint != second.checkpoint
    assert [made.preview for made in second.calls] == ["ls -la"]
    assert len(task.messages) == 2
