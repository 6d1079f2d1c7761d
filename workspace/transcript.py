"""The conversation with Claude, as files of a checkpoint.

`transcript/000000.frozen.json` is what never changes: model, system prompt, tools. After it comes
one file per message, `000001.user.json`, `000002.assistant.json` and so on, only ever added to. Two
kinds of marker say how to read what stands before them:

- `NNNNNN.restart.json`: the conversation that is sent begins anew after it;
- `NNNNNN.unsigned.json`: thinking blocks before it are left out, for their signatures were refused.

`results/<call_id>.json` are the answers of the hands to calls of the last assistant message; the
next user message takes them up.
"""

import json
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from models.tools import Tool
from workspace.checkpoints import CheckpointStore

TRANSCRIPT = "transcript"
RESULTS = "results"

Block = dict[str, Any]
"""One content block of the Messages API: text, thinking, tool_use or tool_result."""


class Frozen(BaseModel):
    """Parameters of every request of a task; a change would empty the provider's prompt cache."""

    model: str
    system: str
    tools: list[dict[str, Any]]
    max_tokens: int
    effort: str


class Message(BaseModel):
    """One recorded message. `content` is replayed as it is; the rest is for us."""

    role: Literal["user", "assistant"]
    content: list[Block]
    stop_reason: str | None = None
    stop_details: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None
    request_id: str | None = None


class Result(BaseModel):
    """What Claude reads as the result of one call."""

    content: str
    is_error: bool = False


class Kind(StrEnum):
    """What a file of the transcript holds, as its name says."""

    FROZEN = "frozen"
    USER = "user"
    ASSISTANT = "assistant"
    RESTART = "restart"
    UNSIGNED = "unsigned"


class Marker(NamedTuple):
    """A marker to append, and why it was set."""

    kind: Literal[Kind.RESTART, Kind.UNSIGNED]
    reason: str


class UnknownCall(LookupError):
    """No message of the transcript holds a tool call with this id."""


def opening(frozen: Frozen, goal_message: list[Block]) -> dict[str, bytes]:
    """Return the files of a new conversation: what is frozen, and the first user message."""
    first = Message(role="user", content=goal_message)
    return {
        _path(0, Kind.FROZEN): _encoded(frozen),
        _path(1, Kind.USER): _encoded(first),
    }


def result_path(call_id: str) -> str:
    """Return where the result of a call is kept in a checkpoint.

    Raises UnknownCall for an id that is not a plain word, so that it cannot name another file.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", call_id):
        raise UnknownCall("The id of a tool call has characters that no file name may have.")
    return f"{RESULTS}/{call_id}.json"


def result_file(call_id: str, result: Result) -> dict[str, bytes]:
    """Return the file that hands the result of a call over to the next user message."""
    return {result_path(call_id): _encoded(result)}


def is_thinking(block: Block) -> bool:
    """Tell whether a block is thinking, which is signed over everything before it."""
    return block.get("type") in {"thinking", "redacted_thinking"}


def tool_uses(message: Message) -> list[Block]:
    """Return the tool calls of a message in order."""
    return [block for block in message.content if block.get("type") == "tool_use"]


def as_sent(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Return messages as the API takes them: none is empty, no two of the user in a row."""
    sent: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "user" and sent and sent[-1]["role"] == "user":
            sent[-1]["content"] = sent[-1]["content"] + message.content
        elif message.content:
            sent.append({"role": message.role, "content": message.content})
    return sent


class Transcript:
    """The conversation as it stands at one checkpoint."""

    def __init__(self, store: CheckpointStore, checkpoint: str) -> None:
        root = store.root(checkpoint)
        self._objects = store.objects
        # Reading by id: asking for each path would walk the tree once per message.
        self._files = self._objects.subtree(root, TRANSCRIPT)
        self._results = self._objects.subtree(root, RESULTS)
        self._names = sorted(self._files)

    @property
    def frozen(self) -> Frozen:
        """Model, system prompt and tools of the task."""
        return Frozen.model_validate_json(self._read(self._names[0]))

    def everything(self) -> list[Message]:
        """Return all messages from the beginning, without those that begin anew by repeating."""
        pairs = zip(["", *self._names], self._names, strict=False)
        told = [name for before, name in pairs if f".{Kind.RESTART}." not in before]
        return [self._message(name) for name in told if _kind(name) in _MESSAGES]

    def current(self) -> list[Message]:
        """Return the messages that are sent: since the last restart, refused thinking left out."""
        messages: list[Message] = []
        for name in self._names[self._begin() :]:
            if _kind(name) in _MESSAGES:
                messages.append(self._message(name))
            elif _kind(name) == Kind.UNSIGNED:
                messages = [_without_thinking(message) for message in messages]
        return messages

    def results(self) -> dict[str, Result]:
        """Return what the hands answered to calls of the last assistant message, by call id."""
        return {
            name.removesuffix(".json"): Result.model_validate_json(self._objects.read(entry.oid))
            for name, entry in self._results.items()
        }

    def tool_input(self, call_id: str) -> tuple[Tool, dict[str, Any]]:
        """Return the tool and the input of a call. Raises UnknownCall when there is none."""
        for name in reversed(self._names):
            if _kind(name) == Kind.ASSISTANT:
                for block in tool_uses(self._message(name)):
                    if block["id"] == call_id:
                        return Tool(block["name"]), block["input"]
        raise UnknownCall("No message of the conversation holds this tool call.")

    def appended(self, entries: Sequence[Message | Marker]) -> dict[str, bytes]:
        """Return the files that add `entries` to the end, for a commit on this checkpoint."""
        number = int(self._names[-1].split(".")[0]) if self._names else -1
        return dict(_entry(number + at, entry) for at, entry in enumerate(entries, start=1))

    def _begin(self) -> int:
        restarts = [at for at, name in enumerate(self._names) if _kind(name) == Kind.RESTART]
        return restarts[-1] if restarts else 0

    def _message(self, name: str) -> Message:
        return Message.model_validate_json(self._read(name))

    def _read(self, name: str) -> bytes:
        return self._objects.read(self._files[name].oid)


_MESSAGES = {Kind.USER, Kind.ASSISTANT}


def _path(number: int, kind: Kind) -> str:
    return f"{TRANSCRIPT}/{number:06}.{kind}.json"


def _kind(name: str) -> Kind:
    return Kind(name.split(".")[1])


def _entry(number: int, entry: Message | Marker) -> tuple[str, bytes]:
    if isinstance(entry, Marker):
        return _path(number, entry.kind), json.dumps({"reason": entry.reason}).encode()
    return _path(number, Kind(entry.role)), _encoded(entry)


def _encoded(entry: BaseModel) -> bytes:
    values = entry.model_dump(exclude_none=True)
    return json.dumps(values, indent=1, ensure_ascii=False).encode("utf-8", "replace")


def _without_thinking(message: Message) -> Message:
    content = [block for block in message.content if not is_thinking(block)]
    return message.model_copy(update={"content": content})
