"""What Claude is told next: results of its calls, nudges, words of the user."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.tools import Tool
from policy import stuck
from workspace.transcript import Block, Message, Result, tool_uses

INTERRUPTED = "Interrupted: this call was not carried out, or how it ended is unknown."
NO_OUTPUT = "(no output)"
CUT_OFF = (
    "Not carried out: your message was cut off at the output limit. Do it again in smaller pieces,"
    " for example write a long file in several edits."
)
CUT_OFF_WITHOUT_CALL = (
    "Your last message was cut off at the output limit. Go on in shorter messages, with one tool"
    " call at a time."
)
ENDED_WITHOUT_FINISH = (
    "You ended your turn without a tool call. If the goal is reached and checked, call finish_task;"
    " otherwise go on with the next step."
)
RECENT_MESSAGES = 20
"""How far back circles are looked for; each pattern is much shorter."""

_EXIT_CODE = re.compile(r"\bexit(?:ed with)?[ _]?(?:code|status)?[:= ]+(-?\d+)", re.IGNORECASE)
_USER_WORDS = re.compile(r"\A<user_message>\n(.*)\n</user_message>\Z", re.DOTALL)


@dataclass(frozen=True)
class Exchange:
    """One tool call of Claude and the result it was given."""

    tool: str
    input: Mapping[str, Any]
    result: str
    is_error: bool

    @property
    def exit_code(self) -> int | None:
        """The exit code that the result of a command tells, None when it did not end by itself."""
        found = _EXIT_CODE.search(self.result)
        return int(found[1]) if found else None


def user_words(text: str) -> Block:
    """Return words of the user as a block that Claude can tell from everything else."""
    return _text(f"<user_message>\n{text}\n</user_message>")


def runner_note(text: str) -> Block:
    """Return words of this program as a block that Claude can tell from the user's."""
    return _text(f"<runner_note>\n{text}\n</runner_note>")


def words_in(message: Message) -> list[str]:
    """Return what the user said in a message, apart from the goal."""
    if message.role != "user":
        return []
    texts = (block["text"] for block in message.content if block["type"] == "text")
    return [found[1] for text in texts if (found := _USER_WORDS.match(text))]


def composed(
    messages: Sequence[Message],
    results: Mapping[str, Result],
    answers: Mapping[str, str],
    instructions: Sequence[str],
) -> list[Message]:
    """Return the user message to send next, or nothing when there is nothing to say.

    Every call of the last assistant message is answered, results first, in the order of the calls:
    from `results`, else from `answers`, else as interrupted; a call without an answer would be
    refused by the API ever after. Then come our nudges, then the words of the user.
    """
    last = messages[-1]
    content = [_answer(use, results, answers) for use in _open_calls(last)]
    answered = Message(role="user", content=content)
    content = content + [runner_note(text) for text in _nudges([*messages, answered], instructions)]
    content = content + [user_words(text) for text in instructions]
    return [Message(role="user", content=content)] if content else []


def exchanges(messages: Sequence[Message]) -> Iterator[list[Exchange]]:
    """Yield the calls of each assistant message that were answered, oldest first."""
    results = {block["tool_use_id"]: block for block in _results(messages)}
    for message in messages:
        if message.role == "assistant":
            uses = [use for use in tool_uses(message) if use["id"] in results]
            yield [_exchange(use, results[use["id"]]) for use in uses]


def _open_calls(last: Message) -> list[Block]:
    return tool_uses(last) if last.role == "assistant" else []


def _answer(use: Block, results: Mapping[str, Result], answers: Mapping[str, str]) -> Block:
    result = results.get(use["id"]) or _unperformed(use, answers)
    block = {
        "type": "tool_result",
        "tool_use_id": use["id"],
        "content": _encodable(result.content) or NO_OUTPUT,
    }
    return {**block, "is_error": True} if result.is_error else block


def _unperformed(use: Block, answers: Mapping[str, str]) -> Result:
    answer = answers.get(use["id"])
    if answer is None:
        return Result(content=INTERRUPTED, is_error=True)
    return Result(content=answer, is_error=use["name"] != Tool.ASK_USER)


def _nudges(messages: Sequence[Message], instructions: Sequence[str]) -> list[str]:
    last = messages[-2]
    if last.role != "assistant" or last.stop_reason == "pause_turn":
        return []
    turns = list(exchanges(messages[-RECENT_MESSAGES:]))
    steps = [step for turn in turns for step in _steps(turn)]
    silence = "" if instructions else _silence(last)
    nudges = [silence, stuck.nudge(steps, fresh=len(_steps(turns[-1])))]
    return [nudge for nudge in nudges if nudge]


def _silence(last: Message) -> str:
    if tool_uses(last):
        return ""
    return CUT_OFF_WITHOUT_CALL if last.stop_reason == "max_tokens" else ENDED_WITHOUT_FINISH


def _steps(turn: Sequence[Exchange]) -> list[stuck.Step]:
    return [
        stuck.Step(
            tool=call.tool,
            action=stuck.digest(json.dumps(call.input, sort_keys=True)),
            result=stuck.digest(call.result),
            is_error=call.is_error,
        )
        for call in turn
    ] or [stuck.Step(tool="")]


def _exchange(use: Block, result: Block) -> Exchange:
    return Exchange(use["name"], use["input"], result["content"], result.get("is_error", False))


def _results(messages: Sequence[Message]) -> Iterator[Block]:
    for message in messages:
        yield from (block for block in message.content if block["type"] == "tool_result")


def _text(text: str) -> Block:
    return {"type": "text", "text": _encodable(text)}


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
