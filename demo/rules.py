"""What the Messages API refuses with a 400, in its words where they are known."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from demo.catalogue import MAX_OUTPUT_TOKENS, callable_models
from demo.errors import ApiError, invalid
from demo.prompt import blocks_of
from demo.schemas import check_strict_tools

_KNOWN = {
    "cache_control", "diagnostics", "inference_geo", "max_tokens", "messages", "metadata", "model",
    "output_config", "service_tier", "stop_sequences", "stream", "system", "thinking",
    "tool_choice", "tools",
}  # fmt: skip
_SAMPLING = ("temperature", "top_p", "top_k")
_THINKING = {
    "enabled": '"thinking.type.enabled" is not supported for this model. Use '
    '"thinking.type.adaptive" and "output_config.effort" to control thinking behavior.',
    "disabled": '"thinking.type.disabled" is not supported for this model.',
}
_BLOCKS = {
    "user": {"text", "tool_result", "image", "document"},
    "assistant": {"text", "thinking", "redacted_thinking", "tool_use"},
}


@contextmanager
def documented_shapes() -> Iterator[None]:
    """Refuse a request whose parts do not have the shape that the API documents."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise invalid(f"The request does not have the documented shape: {error!r}") from error


def check_request(request: Mapping[str, Any], *, counting: bool = False) -> None:
    """Raise ApiError for a request that breaks a rule; `counting` is for count_tokens."""
    _check_fields(request, counting=counting)
    _check_settings(request)
    check_strict_tools(request.get("tools") or [])
    _check_cache_marks(request)


def _check_fields(request: Mapping[str, Any], *, counting: bool) -> None:
    for field in _SAMPLING:
        if field in request:
            raise invalid(f"`{field}` is deprecated for this model.")
    for field in ("model", "messages") if counting else ("model", "max_tokens", "messages"):
        if field not in request:
            raise invalid(f"{field}: Field required")
    for field in sorted(set(request) - _KNOWN):
        raise invalid(f"{field}: Extra inputs are not permitted")
    model = request["model"]
    if model not in callable_models():
        raise ApiError(404, f"model: {model}", headers={"x-should-retry": "false"})
    if request.get("max_tokens", 0) > MAX_OUTPUT_TOKENS:
        raise invalid(
            f"max_tokens: {request['max_tokens']} > {MAX_OUTPUT_TOKENS}, which is the maximum "
            f"allowed number of output tokens for {model}"
        )


def _check_settings(request: Mapping[str, Any]) -> None:
    thinking = (request.get("thinking") or {}).get("type")
    if thinking in _THINKING:
        raise invalid(_THINKING[thinking])
    choice = (request.get("tool_choice") or {}).get("type")
    if choice in ("any", "tool"):
        raise invalid("Thinking may not be enabled when tool_choice forces tool use.")


def _check_cache_marks(request: Mapping[str, Any]) -> None:
    blocks = [*(request.get("tools") or []), *blocks_of(request.get("system"))]
    for message in request["messages"]:
        blocks += blocks_of(message["content"])
    marked = sum(bool(block.get("cache_control")) for block in [*blocks, request])
    if marked > 4:
        raise invalid(f"A maximum of 4 blocks with cache_control may be provided. Found {marked}.")


def check_messages(messages: list[dict[str, Any]], *, paused: bool) -> None:
    """Raise ApiError for a conversation that the API would not continue.

    `paused`: the last message is a turn that stopped with `pause_turn`, which is sent back as it
    is. Stricter than the real one in one way: two messages of a user in a row are refused, where
    it merges them.
    """
    if not messages:
        raise invalid("messages: at least one message is required")
    if messages[-1].get("role") == "assistant" and not paused:
        raise invalid(
            "This model does not support assistant message prefill. "
            "The conversation must end with a user message."
        )
    calls: list[str] = []
    seen: set[str] = set()
    for at, message in enumerate(messages):
        _check_role(messages, at)
        blocks = blocks_of(message.get("content"))
        _check_blocks(at, message["role"], blocks)
        _check_results(at, blocks, calls)
        calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        _check_unique(at, calls, seen)
    _check_answered(len(messages) - 1, calls, [])


def _check_role(messages: list[dict[str, Any]], at: int) -> None:
    role = messages[at].get("role")
    if role not in _BLOCKS:
        raise invalid(f"messages.{at}.role: Input should be 'user' or 'assistant'")
    if at == 0 and role != "user":
        raise invalid('messages: first message must use the "user" role')
    if at and role == "user" == messages[at - 1]["role"]:
        raise invalid(
            'messages: roles must alternate between "user" and "assistant", '
            'but found multiple "user" roles in a row'
        )


def _check_blocks(at: int, role: str, blocks: list[dict[str, Any]]) -> None:
    if not blocks:
        raise invalid(
            f"messages.{at}: all messages must have non-empty content "
            "except for the optional final assistant message"
        )
    for number, block in enumerate(blocks):
        place = f"messages.{at}.content.{number}"
        if block.get("type") not in _BLOCKS[role]:
            raise invalid(
                f"{place}: `{block.get('type')}` blocks are not allowed in {role} messages"
            )
        if block["type"] == "text":
            _check_text(block["text"])
        if block["type"] == "tool_result":
            _check_result(place, block)


def _check_text(text: str) -> None:
    if not text:
        raise invalid("messages: text content blocks must be non-empty")
    if not text.strip():
        raise invalid("messages: text content blocks must contain non-whitespace text")


def _check_result(place: str, block: Mapping[str, Any]) -> None:
    if block.get("is_error") and not block.get("content"):
        raise invalid(f"{place}.tool_result: content cannot be empty if `is_error` is true")
    for inner in blocks_of(block.get("content")):
        if inner["type"] == "text" and not isinstance(block["content"], str):
            _check_text(inner["text"])


def _check_results(at: int, blocks: list[dict[str, Any]], calls: list[str]) -> None:
    """Check one message against the tool calls of the message before it."""
    answered: list[str] = []
    leading = True
    for number, block in enumerate(blocks):
        leading = leading and block["type"] == "tool_result"
        if block["type"] != "tool_result":
            continue
        call = block["tool_use_id"]
        if call not in calls:
            raise invalid(
                f"messages.{at}.content.{number}: unexpected `tool_use_id` found in `tool_result` "
                f"blocks: {call}. Each `tool_result` block must have a corresponding `tool_use` "
                "block in the previous message."
            )
        if call in answered:
            raise invalid(
                f"messages.{at}.content.{number}: each tool_use must have a single result. "
                f"Found multiple `tool_result` blocks with id: {call}"
            )
        if leading:
            answered.append(call)
    _check_answered(at - 1, calls, answered)


def _check_answered(at: int, calls: list[str], answered: list[str]) -> None:
    missing = [call for call in calls if call not in answered]
    if missing:
        raise invalid(
            f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately "
            f"after: {', '.join(missing)}. Each `tool_use` block must have a corresponding "
            "`tool_result` block in the next message."
        )


def _check_unique(at: int, calls: list[str], seen: set[str]) -> None:
    for call in calls:
        if call in seen:
            raise invalid(f"messages.{at}: `tool_use` ids must be unique")
        seen.add(call)
