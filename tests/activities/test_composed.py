"""The next user message and the summary, by rule; what is sent is always a valid conversation."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from activities.conversation import composed
from activities.prompt import first_message
from activities.summary import summarised
from demo.rules import check_messages
from workspace.transcript import Message, Result, as_sent

WORDS = st.text(max_size=20)
CALLS = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=5)
SOME = st.dictionaries(st.sampled_from("abcdefgh"), WORDS, max_size=4)
REASONS = st.sampled_from(["end_turn", "max_tokens", "tool_use"])
TURNS = st.lists(
    st.tuples(CALLS, SOME, SOME, st.lists(WORDS.filter(str.strip), max_size=2), REASONS), max_size=6
)


def use(call_id: str, name: str = "run_command", **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": given}


def goal(text: str = "Build it") -> Message:
    return Message(role="user", content=first_message(text))


@settings(max_examples=150, deadline=None)
@given(TURNS)
def test_whatever_happened_the_next_request_is_valid(turns: list[Any]) -> None:
    messages = [goal()]
    for at, (calls, results, answers, words, reason) in enumerate(turns):
        blocks = [use(f"{at}{call_id}") for call_id in calls]
        messages.append(Message(role="assistant", content=blocks, stop_reason=reason))
        messages += composed(
            messages,
            {f"{at}{call_id}": Result(content=text) for call_id, text in results.items()},
            {f"{at}{call_id}": text for call_id, text in answers.items()},
            words,
        )
        check_messages(as_sent(messages), paused=False)


def test_the_summary_of_a_huge_conversation_is_small() -> None:
    messages = [goal("Build it " + "now " * 1000)]
    for at in range(500):
        said = {"type": "text", "text": f"Step {at} " + "blah " * 2000}
        write = use(f"w{at}", "write_file", path=f"src/{at}.py", content="x" * 20_000)
        run = use(f"r{at}", command="make " * 2000)
        messages.append(
            Message(role="assistant", content=[said, write, run], stop_reason="tool_use")
        )
        outputs = {f"w{at}": Result(content="ok"), f"r{at}": Result(content="y" * 20_000)}
        messages += composed(messages, outputs, {}, [])
    told = summarised(messages).content
    assert told[0] == messages[0].content[0]
    size = sum(len(block["text"]) for block in told)
    assert size < 80_000
    assert "src/499.py" in told[-1]["text"]


def test_a_command_is_summed_up_by_its_exit_code_or_its_error() -> None:
    calls = {
        "a": Result(content="...\nexit code 2 after 3 s"),
        "b": Result(content="Denied: the user said no.", is_error=True),
        "c": Result(content="started"),
    }
    uses = [use(call_id, command=f"cmd-{call_id}") for call_id in calls]
    messages = [goal(), Message(role="assistant", content=uses, stop_reason="tool_use")]
    messages += composed(messages, calls, {}, [])
    told = summarised(messages).content[-1]["text"]
    assert "- cmd-a -> exit code 2" in told
    assert "- cmd-b -> Denied: the user said no." in told
    assert "- cmd-c -> done" in told
