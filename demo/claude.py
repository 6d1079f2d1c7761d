"""The scripted Claude: decides what to answer to a request, and keeps what tests ask about."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from demo.catalogue import CONTEXT_TOKENS
from demo.errors import ApiError, invalid
from demo.faults import Fault
from demo.message import compose
from demo.prompt import Prefix, Prompt, PromptCache, blocks_of, read_prompt
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
    With `keep_bodies` the recorded calls contain the requests. `requests` and `refusals` are what
    tests look at: the calls that came to a turn, and the status and words of those refused.
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
        self.refusals: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self._cache = PromptCache(clock)
        self._calls: Counter[tuple[str, str, int, bool]] = Counter()
        self._paused: set[bytes] = set()

    def count(self, request: Mapping[str, Any]) -> int:
        """Answer the tokens of a request's prompt. Raises ApiError."""
        return self._read(request, counting=True).tokens

    def answer(self, request: dict[str, Any], scenario: str, request_id: str) -> Response:
        """Answer a request with the turn that its conversation has come to. Raises ApiError."""
        try:
            return self._answer(request, scenario, request_id)
        except ApiError as error:
            self.refusals.append(f"{error.status} {error}")
            raise

    def hold(self, gate: str) -> None:
        """Close a gate: a named one, or `SCENARIO/TURN` for any turn of any scenario."""
        self.gates.setdefault(gate, asyncio.Event()).clear()

    def release(self, gate: str) -> None:
        """Open a gate, for those who wait and those who come."""
        self.gates.setdefault(gate, asyncio.Event()).set()

    def _answer(self, request: dict[str, Any], scenario: str, request_id: str) -> Response:
        prompt = self._read(request)
        conversation = Conversation(request)
        name = scenario or conversation.scenario or self.default
        turn = self._turn(name, conversation) if request["max_tokens"] else _REFRESH
        seen = self._record(name, conversation)
        fault = turn.fault(seen.call)
        if fault and (fault.kind == "status" or not seen.stream):
            return self._refuse(fault, seen)
        message = compose(request, turn, prompt, self._cache)
        if message["stop_reason"] == "pause_turn":
            self._paused.add(_digest([message]))
        seen.usage = message["usage"]
        return self._played(message, turn, fault, seen, request_id)

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
        names = [turn.gate, f"{seen.scenario}/{seen.turn}"] if seen.max_tokens else []
        for name in names:
            gate = self.gates.get(name)
            if gate and not gate.is_set():
                seen.outcome = "held"
                async for _ in line.wait(gate):
                    yield
                seen.outcome = "playing"


def _digest(messages: list[dict[str, Any]]) -> bytes:
    """Answer what is the same for a turn and its verbatim repetition."""
    prefix = Prefix()
    for message in messages:
        for block in blocks_of(message.get("content")):
            prefix.add(str(message.get("role")), block)
    return prefix.mark(None).digest
