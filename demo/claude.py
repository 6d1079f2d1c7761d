"""The scripted Claude: decides what to answer to a request, and keeps what tests ask about."""

import asyncio
import json
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from demo.catalogue import CONTEXT_TOKENS
from demo.errors import invalid
from demo.faults import Fault
from demo.prompt import Prefix, Prompt, PromptCache, blocks_of, read_prompt, tokens
from demo.rules import check_messages, check_request, documented_shapes
from demo.script import Conversation, Scenario, Turn, pick
from demo.stream import Cut, Line, Outcome, Played, encoded, events_of, troubled

_REFRESH = Turn(stop_reason="max_tokens")
"""What a call with max_tokens=0 gets: it only warms the prompt cache (SDK docstring)."""


class Seen(BaseModel):
    """One recorded call. `call` counts the calls of this turn in this conversation, from 0."""

    scenario: str
    conversation: str
    turn: int
    call: int
    at: float
    messages: int
    model: str
    stream: bool
    max_tokens: int
    outcome: Outcome = "playing"
    status: int = 200
    usage: dict[str, Any] = {}
    body: dict[str, Any] | None = None

    def end(self, outcome: Outcome) -> None:
        """Note how the call ended."""
        self.outcome = outcome


class ScriptedClaude:
    """Plays scenarios to whoever asks.

    `default` is the scenario of requests that name none. `pace` scales every scripted delay.
    With `keep_bodies` the recorded calls contain the requests.
    """

    def __init__(
        self,
        scenarios: Mapping[str, Scenario],
        *,
        default: str = "",
        pace: float = 1.0,
        api_key: str = "demo-key",
        clock: Callable[[], float] = time.monotonic,
        context_tokens: int = CONTEXT_TOKENS,
        keep_bodies: bool = False,
    ) -> None:
        self.scenarios = dict(scenarios)
        self.default = default
        self.pace = pace
        self.api_key = api_key
        self.context_tokens = context_tokens
        self.keep_bodies = keep_bodies
        self.requests: list[Seen] = []
        self.gates: dict[str, asyncio.Event] = {}
        self._cache = PromptCache(clock)
        self._calls: Counter[tuple[str, str, int, bool]] = Counter()
        self._paused: set[bytes] = set()

    def count(self, request: Mapping[str, Any]) -> int:
        """Answer the tokens of a request's prompt. Raises ApiError."""
        return self._read(request, counting=True).tokens

    def answer(self, request: dict[str, Any], scenario: str, request_id: str) -> Response:
        """Answer a request with the turn that its conversation has come to. Raises ApiError."""
        prompt = self._read(request)
        conversation = Conversation(request)
        name = scenario or conversation.scenario or self.default
        turn = self._turn(name, conversation) if request["max_tokens"] else _REFRESH
        seen = self._record(name, conversation)
        fault = turn.fault(seen.call)
        if fault and (fault.kind == "status" or not seen.stream):
            return self._refuse(fault, seen)
        message = self._message(request, turn, prompt)
        seen.usage = message["usage"]
        return self._played(message, turn, fault, seen, request_id)

    def hold(self, gate: str) -> None:
        """Close a gate: a named one, or `SCENARIO/TURN` for any turn of any scenario."""
        self.gates.setdefault(gate, asyncio.Event()).clear()

    def release(self, gate: str) -> None:
        """Open a gate, for those who wait and those who come."""
        self.gates.setdefault(gate, asyncio.Event()).set()

    def _read(self, request: Mapping[str, Any], *, counting: bool = False) -> Prompt:
        with documented_shapes():
            check_request(request, counting=counting)
            messages = request["messages"]
            check_messages(messages, paused=_digest(messages[-1:]) in self._paused)
            prompt = read_prompt(request)
        if prompt.tokens > self.context_tokens:
            raise invalid(
                f"prompt is too long: {prompt.tokens} tokens > {self.context_tokens} maximum"
            )
        return prompt

    def _turn(self, name: str, conversation: Conversation) -> Turn:
        if name not in self.scenarios:
            raise invalid(f"scripted Claude: there is no scenario '{name}'")
        at = f"scripted Claude: scenario '{name}', turn {conversation.turn}"
        try:
            turn = pick(self.scenarios[name], conversation)
        except Exception as error:
            raise invalid(f"{at}: the script failed: {error!r}") from error
        if turn is None:
            raise invalid(f"{at}: script exhausted")
        results = "\n".join(conversation.results)
        if turn.expect not in results:
            raise invalid(f"{at}: expected '{turn.expect}' in the results, got: {results[-500:]}")
        return turn

    def _record(self, name: str, conversation: Conversation) -> Seen:
        request = conversation.request
        key = (name, conversation.identity, conversation.turn, request["max_tokens"] == 0)
        seen = Seen(
            scenario=name,
            conversation=conversation.identity,
            turn=conversation.turn,
            call=self._calls[key],
            at=time.time(),
            messages=len(request["messages"]),
            model=request["model"],
            stream=bool(request.get("stream")),
            max_tokens=request["max_tokens"],
            body=dict(request) if self.keep_bodies else None,
        )
        self._calls[key] += 1
        self.requests.append(seen)
        return seen

    def _refuse(self, fault: Fault, seen: Seen) -> Response:
        seen.outcome, seen.status = "refused", fault.status
        if fault.html:
            return HTMLResponse("<html><h1>Bad Gateway</h1></html>", status_code=fault.status)
        raise fault.refusal()

    def _message(self, request: Mapping[str, Any], turn: Turn, prompt: Prompt) -> dict[str, Any]:
        shown = (request.get("thinking") or {}).get("display") == "summarized"
        content = [_block(block, prompt.prefix, shown=shown) for block in _dumped(turn)]
        reason = turn.reason()
        if reason == "pause_turn":
            self._paused.add(_digest([{"role": "assistant", "content": content}]))
        refusal = {"type": "refusal", "category": None, "explanation": None}
        return {
            "id": f"msg_{secrets.token_hex(12)}",
            "type": "message",
            "role": "assistant",
            "model": request["model"],
            "content": content,
            "stop_reason": reason,
            "stop_sequence": None,
            "stop_details": refusal if reason == "refusal" else None,
            "usage": self._usage(request, prompt, turn),
        }

    def _usage(self, request: Mapping[str, Any], prompt: Prompt, turn: Turn) -> dict[str, Any]:
        settings = [
            request.get(key) for key in ("model", "thinking", "output_config", "tool_choice")
        ]
        written, read = self._cache.account(json.dumps(settings, sort_keys=True), prompt.marks)
        thought = sum(len(b.thinking) for b in turn.blocks if b.type == "thinking")
        said = sum(len(b.model_dump_json()) for b in turn.blocks)
        return {
            "input_tokens": prompt.tokens - written - read,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": written,
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": tokens(said),
            "output_tokens_details": {"thinking_tokens": tokens(thought)},
            "service_tier": "standard",
        }

    def _played(
        self, message: dict[str, Any], turn: Turn, fault: Fault | None, seen: Seen, request_id: str
    ) -> Response:
        events = troubled(list(events_of(message)), fault, request_id)
        if seen.stream:
            pieces, media = [encoded(event) for event in events], "text/event-stream"
        else:
            pieces, media = [json.dumps(message).encode()], "application/json"

        async def play(line: Line) -> AsyncIterator[bytes]:
            await line.sleep(turn.start_seconds * self.pace)
            for at, piece in enumerate(pieces):
                yield piece
                if at == 0:
                    async for _ in self._held(turn, seen, line):
                        yield encoded({"type": "ping"}) if seen.stream else b""
                await line.sleep(turn.stream_seconds * self.pace / len(pieces))
            if fault and fault.kind == "cut":
                raise Cut
            if fault and fault.kind == "hang":
                await line.sleep(None)

        headers = {"request-id": request_id, "cache-control": "no-cache"}
        return Played(play, headers=headers, media_type=media, on_end=seen.end)

    async def _held(self, turn: Turn, seen: Seen, line: Line) -> AsyncIterator[None]:
        if turn.gate:
            self.gates.setdefault(turn.gate, asyncio.Event())
        for name in (turn.gate, f"{seen.scenario}/{seen.turn}"):
            gate = self.gates.get(name)
            if gate and not gate.is_set():
                seen.outcome = "held"
                async for _ in line.wait(gate):
                    yield
                seen.outcome = "playing"


def _dumped(turn: Turn) -> list[dict[str, Any]]:
    return [block.model_dump() for block in turn.blocks]


def _block(block: dict[str, Any], prefix: Prefix, *, shown: bool) -> dict[str, Any]:
    """Answer a scripted block as the API gives it out, and let the prefix grow by it."""
    if block["type"] == "thinking":
        thinking = block["thinking"] if shown else ""
        block = {"type": "thinking", "thinking": thinking, "signature": prefix.sign(thinking)}
    elif block["type"] == "tool_use":
        block = {**block, "id": f"toolu_{secrets.token_hex(12)}", "caller": {"type": "direct"}}
    prefix.add("assistant", block)
    return block


def _digest(messages: list[dict[str, Any]]) -> bytes:
    """Answer what is the same for a turn and its verbatim repetition."""
    prefix = Prefix()
    for message in messages:
        for block in blocks_of(message.get("content")):
            prefix.add(str(message.get("role")), block)
    return prefix.mark(None).digest
