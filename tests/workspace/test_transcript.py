from pathlib import Path
from typing import Any

import pytest

from models.tools import Tool
from workspace.checkpoints import CheckpointStore
from workspace.transcript import (
    Frozen,
    Kind,
    Marker,
    Message,
    Result,
    Transcript,
    UnknownCall,
    as_sent,
    opening,
    result_file,
    result_path,
)

FROZEN = Frozen(model="m", system="Be good.", tools=[{"name": "t"}], max_tokens=5, effort="low")
GOAL = [{"type": "text", "text": "<goal>\nBuild ünïcode ☃\n</goal>"}]
THINKING = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def use(call_id: str, **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": "run_command", "input": given}


def user(*content: dict[str, Any]) -> Message:
    return Message(role="user", content=list(content))


def assistant(*content: dict[str, Any], stop_reason: str = "tool_use") -> Message:
    return Message(role="assistant", content=list(content), stop_reason=stop_reason)


class Book:
    """A transcript that grows commit by commit in a real store."""

    def __init__(self, directory: Path) -> None:
        self.store = CheckpointStore.create(directory / "store.git")
        self.checkpoint = self.commit(None, opening(FROZEN, GOAL))

    def commit(self, parent: str | None, files: dict[str, bytes]) -> str:
        return self.store.commit(parent, files=files, message="test").checkpoint

    def add(self, *entries: Message | Marker) -> None:
        self.checkpoint = self.commit(self.checkpoint, self.now.appended(entries))

    @property
    def now(self) -> Transcript:
        return Transcript(self.store, self.checkpoint)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def test_a_new_conversation_holds_what_is_frozen_and_the_goal(book: Book) -> None:
    assert book.now.frozen == FROZEN
    assert book.now.current() == [user(*GOAL)]
    assert book.now.results() == {}


def test_messages_come_back_as_they_were(book: Book) -> None:
    answer = Message(
        role="assistant",
        content=[THINKING, use("toolu_1", command="ls", timeout_s=None, n=1.0, deep=[{"x": None}])],
        stop_reason="tool_use",
        usage={"input_tokens": 7},
        request_id="req_1",
    )
    book.add(answer)
    [_, back] = book.now.current()
    assert back == answer
    assert back.content[1]["input"] == {
        "command": "ls",
        "timeout_s": None,
        "n": 1.0,
        "deep": [{"x": None}],
    }


def test_files_are_numbered_and_only_added(book: Book) -> None:
    book.add(assistant(use("toolu_1")), user(text("go on")))
    first = {name: book.store.read(book.checkpoint, f"transcript/{name}") for name in names(book)}
    book.add(assistant(use("toolu_2")))
    assert names(book) == [
        "000000.frozen.json",
        "000001.user.json",
        "000002.assistant.json",
        "000003.user.json",
        "000004.assistant.json",
    ]
    for name, content in first.items():
        assert book.store.read(book.checkpoint, f"transcript/{name}") == content


def names(book: Book) -> list[str]:
    return book.store.names(book.checkpoint, "transcript")


def test_after_a_restart_only_what_follows_is_sent(book: Book) -> None:
    book.add(assistant(text("a")), user(text("b")))
    book.add(Marker(Kind.RESTART, "too long"), user(text("summary")))
    book.add(assistant(text("c")))
    assert book.now.current() == [user(text("summary")), assistant(text("c"))]
    assert [message.content[0]["text"][:6] for message in book.now.everything()] == [
        "<goal>",
        "a",
        "b",
        "c",
    ]


def test_an_unsigned_marker_leaves_out_the_thinking_before_it_only(book: Book) -> None:
    book.add(assistant(THINKING, use("toolu_1")), user(text("b")))
    book.add(Marker(Kind.UNSIGNED, "refused"))
    book.add(assistant(THINKING, text("c")))
    [_, first, _, second] = book.now.current()
    assert first.content == [use("toolu_1")]
    assert second.content == [THINKING, text("c")]
    assert book.now.everything()[1].content == [THINKING, use("toolu_1")]


def test_the_input_of_a_call_is_found_by_its_id(book: Book) -> None:
    book.add(assistant(use("toolu_1", command="ls")), user(text("b")))
    book.add(assistant(use("toolu_2", command="pwd"), use("toolu_3", command="id")))
    assert book.now.tool_input("toolu_3") == (Tool.RUN_COMMAND, {"command": "id"})
    assert book.now.tool_input("toolu_1") == (Tool.RUN_COMMAND, {"command": "ls"})
    with pytest.raises(UnknownCall):
        book.now.tool_input("toolu_4")


def test_results_are_read_by_call_id(book: Book) -> None:
    result = Result(content="fine", is_error=True)
    book.checkpoint = book.commit(book.checkpoint, result_file("toolu_1", result))
    assert book.now.results() == {"toolu_1": result}


@pytest.mark.parametrize("call_id", ["../x", "a/b", "", ".", "x" * 200, "a b", "a\n"])
def test_an_id_cannot_name_another_file(call_id: str) -> None:
    with pytest.raises(UnknownCall):
        result_path(call_id)


def test_what_is_sent_alternates_and_is_never_empty() -> None:
    messages = [
        user(text("goal")),
        user(text("more")),
        assistant(stop_reason="end_turn"),
        user(text("go on")),
        assistant(text("a"), stop_reason="pause_turn"),
        assistant(text("b")),
    ]
    assert as_sent(messages) == [
        {"role": "user", "content": [text("goal"), text("more"), text("go on")]},
        {"role": "assistant", "content": [text("a")]},
        {"role": "assistant", "content": [text("b")]},
    ]
    assert messages[0].content == [text("goal")]


def test_text_that_is_no_unicode_does_not_break_the_record(book: Book) -> None:
    book.add(user(text("half \ud83d pair")))
    assert book.now.current()[-1].content == [text("half ? pair")]
