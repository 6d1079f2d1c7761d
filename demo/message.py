"""A turn as the message that the API answers: ids, signatures, usage."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from demo.prompt import Prefix, Prompt, PromptCache, tokens
from demo.script import Turn

_CACHE_SETTINGS = ("model", "thinking", "output_config", "tool_choice")
"""What empties the prompt cache when it changes, tools and system aside (docs)."""
_REFUSAL = {"type": "refusal", "category": None, "explanation": None}


def compose(
    request: Mapping[str, Any], turn: Turn, prompt: Prompt, cache: PromptCache
) -> dict[str, Any]:
    """Answer the finished message (SDK `types/message.py`); `prompt` grows by its blocks."""
    usage = _usage(request, turn, prompt, cache)
    shown = (request.get("thinking") or {}).get("display") == "summarized"
    blocks = [block.model_dump() for block in turn.blocks]
    reason = turn.reason()
    return {
        "id": f"msg_{secrets.token_hex(12)}",
        "type": "message",
        "role": "assistant",
        "model": request["model"],
        "content": [_given_out(block, prompt.prefix, shown=shown) for block in blocks],
        "stop_reason": reason,
        "stop_sequence": None,
        "stop_details": _REFUSAL if reason == "refusal" else None,
        "usage": usage,
    }


def _given_out(block: dict[str, Any], prefix: Prefix, *, shown: bool) -> dict[str, Any]:
    if block["type"] == "thinking":
        thinking = block["thinking"] if shown else ""
        block = {"type": "thinking", "thinking": thinking, "signature": prefix.sign(thinking)}
    elif block["type"] == "tool_use":
        block = {**block, "id": f"toolu_{secrets.token_hex(12)}", "caller": {"type": "direct"}}
    prefix.add("assistant", block)
    return block


def _usage(
    request: Mapping[str, Any], turn: Turn, prompt: Prompt, cache: PromptCache
) -> dict[str, Any]:
    settings = [request.get(key) for key in _CACHE_SETTINGS]
    written, read = cache.account(json.dumps(settings, sort_keys=True), prompt.marks)
    thought = sum(len(block.thinking) for block in turn.blocks if block.type == "thinking")
    said = sum(len(block.model_dump_json()) for block in turn.blocks)
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
