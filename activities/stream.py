"""One request to Claude, streamed."""

from collections.abc import Callable, Sequence
from typing import Any, cast

from anthropic import AsyncAnthropic
from anthropic.types import CacheControlEphemeralParam
from anthropic.types import Message as Answer

from activities.provider_errors import StreamCut
from workspace.transcript import Block, Frozen, Message, as_sent

_CACHED: CacheControlEphemeralParam = {"type": "ephemeral"}


async def ask(
    client: AsyncAnthropic,
    frozen: Frozen,
    messages: Sequence[Message],
    said: Callable[[str], None],
) -> Message:
    """Return Claude's answer to `messages`, ready to be recorded.

    `said` is called with each thinking summary and text as soon as it is complete. Raises what the
    SDK raises, and StreamCut for a stream that ends too early without an error.
    """
    async with client.messages.stream(**_parameters(frozen, messages)) as stream:
        async for event in stream:
            if event.type == "content_block_stop":
                said(_words(event.content_block))
        answer = await stream.get_final_message()
        if answer.stop_reason is None:
            raise StreamCut("Claude's answer ended before it was complete.")
        return _recorded(answer, stream.request_id)


async def refresh(
    client: AsyncAnthropic, frozen: Frozen, messages: Sequence[Message]
) -> dict[str, Any]:
    """Keep the cached prompt of a request alive without an answer, and return what that used.

    Raises what the SDK raises.
    """
    given = _parameters(frozen, messages) | {"max_tokens": 0}
    answer: Answer = await client.messages.create(**given)
    return answer.usage.to_dict(mode="json", exclude_none=True)


def _parameters(frozen: Frozen, messages: Sequence[Message]) -> dict[str, Any]:
    return {
        "model": frozen.model,
        "system": frozen.system,
        "tools": frozen.tools,
        "messages": _marked(as_sent(messages)),
        "max_tokens": frozen.max_tokens,
        "cache_control": _CACHED,
        "output_config": {"effort": frozen.effort},
        "thinking": {"type": "adaptive", "display": "summarized"},
    }


def _marked(sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mark where the request before this one ended, which is how far the cache reaches.

    From the end alone the API looks back 20 blocks only (docs, prompt caching), and a turn of ten
    calls with their results is longer.
    """
    for message in reversed(sent[:-1]):
        if message["role"] == "user":
            *others, last = message["content"]
            message["content"] = [*others, {**last, "cache_control": _CACHED}]
            break
    return sent


def _words(block: Any) -> str:
    words: str = getattr(block, "thinking", "") or getattr(block, "text", "")
    return words


def _recorded(answer: Answer, request_id: str | None) -> Message:
    blocks = [block.to_dict(mode="json", exclude_none=True) for block in answer.content]
    details = answer.stop_details
    return Message(
        role="assistant",
        content=[cast(Block, block) for block in blocks if _is_accepted_back(block)],
        stop_reason=answer.stop_reason,
        stop_details=details.to_dict(mode="json") if details else None,
        usage=answer.usage.to_dict(mode="json", exclude_none=True),
        request_id=request_id,
    )


def _is_accepted_back(block: dict[str, Any]) -> bool:
    """Leave out what the API gives but does not take: blank text, thinking cut off unsigned."""
    if block["type"] == "text":
        return bool(block["text"].strip())
    return block["type"] != "thinking" or bool(block["signature"])
