"""The wire: one turn as server-sent events or as one document, sent as slowly as scripted."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Literal, TypeAlias

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from demo.errors import error_body
from demo.faults import Fault

PIECES_PER_BLOCK = 20
SMALLEST_PIECE = 24
PING_SECONDS = 1.0

Outcome: TypeAlias = Literal["playing", "held", "answered", "refused", "cut", "abandoned"]


class ClientLeft(Exception):
    """The client closed its connection before the answer was complete."""


class Cut(Exception):
    """The script wants the connection cut here."""


def events_of(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Answer the events that carry a finished message, in the order of the Messages API."""
    usage = message["usage"]
    opening = {**usage, "output_tokens": min(1, usage["output_tokens"])}
    opening.pop("output_tokens_details", None)
    unfinished: dict[str, Any] = {
        "content": [],
        "stop_reason": None,
        "stop_details": None,
        "usage": opening,
    }
    yield {"type": "message_start", "message": {**message, **unfinished}}
    for index, block in enumerate(message["content"]):
        yield {"type": "content_block_start", "index": index, "content_block": _emptied(block)}
        if index == 0:
            yield {"type": "ping"}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
    cumulative = {k: v for k, v in usage.items() if k.endswith(("_tokens", "_details"))}
    yield {"type": "message_delta", "delta": ending, "usage": cumulative}
    yield {"type": "message_stop"}


def _emptied(block: dict[str, Any]) -> dict[str, Any]:
    empty = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {key: empty.get(key, value) for key, value in block.items()}


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if block["type"] == "tool_use":
        yield {"type": "input_json_delta", "partial_json": ""}
        for piece in _pieces(json.dumps(block["input"], ensure_ascii=False)):
            yield {"type": "input_json_delta", "partial_json": piece}
    elif block["type"] == "thinking":
        for piece in _pieces(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    else:
        for piece in _pieces(block["text"]):
            yield {"type": "text_delta", "text": piece}


def _pieces(text: str) -> Iterator[str]:
    size = max(SMALLEST_PIECE, -(-len(text) // PIECES_PER_BLOCK))
    return (text[start : start + size] for start in range(0, len(text), size))


def troubled(
    events: list[dict[str, Any]], fault: Fault | None, request_id: str
) -> list[dict[str, Any]]:
    """Answer the events as far as the fault lets them come."""
    if fault is None or fault.kind == "status":
        return events
    if fault.kind == "empty":
        return []
    if fault.kind == "broken_json":
        return [_broken(event) for event in events]
    shown = events[: fault.after_events]
    if fault.kind == "error_event":
        shown.append(error_body(fault.error_type, fault.message, request_id))
    return shown


def _broken(event: dict[str, Any]) -> dict[str, Any]:
    if event.get("delta", {}).get("partial_json"):
        return {**event, "delta": {**event["delta"], "partial_json": '{"command": oops'}}
    return event


def encoded(event: dict[str, Any]) -> bytes:
    """Answer one server-sent event as bytes."""
    data = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return f"event: {event['type']}\ndata: {data}\n\n".encode()


class Line:
    """A connection to a client on which time passes only as long as the client is there."""

    def __init__(self, receive: Receive) -> None:
        self._left = asyncio.ensure_future(_disconnection(receive))

    async def sleep(self, seconds: float | None) -> None:
        """Let time pass, for ever with None. Raises ClientLeft."""
        if seconds == 0:
            return
        await asyncio.wait({self._left}, timeout=seconds)
        if self._left.done():
            raise ClientLeft

    async def wait(self, event: asyncio.Event) -> AsyncIterator[None]:
        """Wait for an event, yielding every `PING_SECONDS` until it is set. Raises ClientLeft."""
        waiting = asyncio.ensure_future(event.wait())
        try:
            while not waiting.done():
                await asyncio.wait(
                    {self._left, waiting}, timeout=PING_SECONDS, return_when="FIRST_COMPLETED"
                )
                if self._left.done():
                    raise ClientLeft
                yield
        finally:
            waiting.cancel()

    def close(self) -> None:
        """Stop listening to the client."""
        self._left.cancel()


async def _disconnection(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Played(Response):
    """An answer whose body `play` produces on a line, piece by piece.

    When `play` raises Cut the connection is cut without the end of the body; `on_end` is told
    how it ended: `answered`, `cut` or `abandoned` (by the client).
    """

    def __init__(
        self,
        play: Callable[[Line], AsyncIterator[bytes]],
        *,
        headers: dict[str, str],
        media_type: str,
        on_end: Callable[[Outcome], None],
    ) -> None:
        super().__init__(headers=headers, media_type=media_type)
        del self.headers["content-length"]
        self._play = play
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer; its status goes out with the first piece of the body."""
        del scope
        line = Line(receive)
        outcome: Outcome = "answered"
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        try:
            async for piece in self._play(line):
                if start:
                    await send(start)
                    start = {}
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if start:
                await send(start)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except Cut:
            # Returning without the last piece makes uvicorn close the socket mid-body.
            outcome = "cut"
            if start:
                await send(start)
        except ClientLeft:
            outcome = "abandoned"
        finally:
            line.close()
            self._on_end(outcome)
