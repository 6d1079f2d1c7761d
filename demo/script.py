"""Scripted turns: what the scripted Claude says, and by what it decides which turn is played."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from demo.faults import FAULTS, Fault

StopReason: TypeAlias = Literal[
    "end_turn", "tool_use", "max_tokens", "refusal", "model_context_window_exceeded", "pause_turn"
]


class Thinking(BaseModel):
    """A thinking block; the server signs it."""

    type: Literal["thinking"] = "thinking"
    thinking: str


class Text(BaseModel):
    """A text block."""

    type: Literal["text"] = "text"
    text: str


class ToolUse(BaseModel):
    """A tool call; the server gives it an id, a new one each time it is played."""

    type: Literal["tool_use"] = "tool_use"
    name: str
    input: dict[str, Any]


Block = Annotated[Thinking | Text | ToolUse, Field(discriminator="type")]


def _named_fault(value: object) -> object:
    return FAULTS[value] if isinstance(value, str) and value in FAULTS else value


class Turn(BaseModel):
    """One answer of Claude.

    `start_seconds` pass before the answer begins, then it is streamed over `stream_seconds` (both
    are scaled by the server's pace). With a `gate` the stream stays open after its first event
    until the gate is released. `expect` must occur in the tool results before it, else the call
    fails: the script no longer fits what happened. `faults` strike the first calls of this turn in
    a conversation, in order, `null` standing for a call that succeeds.
    """

    model_config = ConfigDict(extra="forbid")

    blocks: list[Block] = []
    stop_reason: StopReason | None = None
    start_seconds: float = 0.0
    stream_seconds: float = 0.0
    gate: str = ""
    expect: str = ""
    faults: list[Annotated[Fault | None, BeforeValidator(_named_fault)]] = []

    def fault(self, call: int) -> Fault | None:
        """Answer the fault of the `call`-th call of this turn, counted from 0."""
        planned = [fault for fault in self.faults for _ in range(fault.times if fault else 1)]
        return planned[call] if call < len(planned) else None

    def reason(self) -> StopReason:
        """Answer why the turn stops: as scripted, else by whether it calls a tool."""
        if self.stop_reason:
            return self.stop_reason
        return "tool_use" if any(block.type == "tool_use" for block in self.blocks) else "end_turn"


class Conversation:
    """A request's messages, read the way a script needs them."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self.request = request
        self._messages: Sequence[Mapping[str, Any]] = request["messages"]

    @property
    def goal(self) -> str:
        """The first text of the first message, which a summary of the conversation keeps."""
        return next(iter(_texts(self._messages[0]["content"])), "")

    @property
    def opening(self) -> str:
        """The whole first message: the goal, and after a restart the summary of what was done."""
        return "\n".join(_texts(self._messages[0]["content"]))

    @property
    def turn(self) -> int:
        """How many turns Claude has had: the number of the one to play, from 0."""
        return sum(message["role"] == "assistant" for message in self._messages)

    @property
    def results(self) -> list[str]:
        """The texts of the tool results in the last message, in order."""
        answers = [block.get("content") or "" for block in self._last("tool_result")]
        return ["\n".join(_texts(answer)) for answer in answers]

    @property
    def failed(self) -> bool:
        """Whether a tool result in the last message is marked as an error."""
        return any(block.get("is_error") for block in self._last("tool_result"))

    @property
    def words(self) -> str:
        """What the user said in the last message beside the tool results."""
        return "\n".join(block["text"] for block in self._last("text"))

    @property
    def scenario(self) -> str | None:
        """The scenario that the goal asks for with `scenario=NAME`."""
        found = re.search(r"\bscenario=(\w+)", self.goal)
        return found[1] if found else None

    @property
    def identity(self) -> str:
        """What tells conversations apart: their goal."""
        return hashlib.sha256(self.goal.encode()).hexdigest()[:12]

    def number(self, name: str, default: int) -> int:
        """Answer the number that the goal gives with `name=NUMBER`."""
        found = re.search(rf"\b{name}=(\d+)", self.goal)
        return int(found[1]) if found else default

    def _last(self, kind: str) -> list[Mapping[str, Any]]:
        content = self._messages[-1]["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        return [block for block in blocks if block["type"] == kind]


def _texts(content: str | Sequence[Mapping[str, Any]]) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [block["text"] for block in content if block["type"] == "text"]


Reaction: TypeAlias = Callable[[Conversation], Turn]
Scenario: TypeAlias = Sequence[Turn | Reaction] | Reaction


def pick(scenario: Scenario, conversation: Conversation) -> Turn | None:
    """Answer the turn to play, None when the script has run out."""
    if callable(scenario):
        return scenario(conversation)
    if conversation.turn >= len(scenario):
        return None
    step = scenario[conversation.turn]
    return step(conversation) if callable(step) else step


def call(name: str, **arguments: Any) -> ToolUse:
    """Answer a tool call."""
    return ToolUse(name=name, input=arguments)
