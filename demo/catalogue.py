"""The models that the scripted Claude offers, as `GET /v1/models` describes them."""

from typing import Any

MAX_OUTPUT_TOKENS = 128_000
CONTEXT_TOKENS = 1_000_000

_NAMES = {
    "claude-sonnet-5-5": "Claude Sonnet 5.5",
    "claude-opus-5-5": "Claude Opus 5.5",
    "claude-haiku-5-5": "Claude Haiku 5.5",
    "claude-sonnet-4-5": "Claude Sonnet 4.5",
    "claude-sonnet-4-20250514": "Claude Sonnet 4",
}
_RETIRES = {
    "claude-sonnet-4-5": ("deprecated", "2026-11-30T00:00:00Z"),
    "claude-sonnet-4-20250514": ("retired", "2026-06-15T00:00:00Z"),
}
"""Lifecycle and end of the models that are not active (SDK `DEPRECATED_MODELS`)."""


def model_info(model: str) -> dict[str, Any] | None:
    """Answer a model's entry (SDK `types/model_info.py`), None for an unknown one."""
    if model not in _NAMES:
        return None
    lifecycle, retires_at = _RETIRES.get(model, ("active", None))
    return {
        "type": "model",
        "id": model,
        "display_name": _NAMES[model],
        "created_at": "2026-09-01T00:00:00Z",
        "lifecycle": lifecycle,
        "deprecated_at": "2026-04-14T00:00:00Z" if retires_at else None,
        "retires_at": retires_at,
        "line": model.split("-")[1],
        "max_input_tokens": CONTEXT_TOKENS,
        "max_tokens": MAX_OUTPUT_TOKENS,
        "capabilities": _capabilities(),
    }


def all_models() -> dict[str, Any]:
    """Answer the one page of `GET /v1/models`."""
    return {
        "data": [model_info(model) for model in _NAMES],
        "first_id": next(iter(_NAMES)),
        "last_id": next(reversed(_NAMES)),
        "has_more": False,
    }


def callable_models() -> set[str]:
    """Answer the models that take messages: all but the retired."""
    return {model for model in _NAMES if _RETIRES.get(model, ("",))[0] != "retired"}


def _capabilities() -> dict[str, Any]:
    yes, no = {"supported": True}, {"supported": False}
    levels = dict.fromkeys(("low", "medium", "high", "xhigh", "max"), yes)
    thinking = {"adaptive": yes, "between_tools": yes, "disabled": no, "enabled": no}
    return {
        "batch": no,
        "citations": no,
        "code_execution": no,
        "context_management": no,
        "effort": {**yes, **levels},
        "image_input": no,
        "pdf_input": no,
        "server_tools": {**no, "code_execution": no, "web_search": no},
        "structured_outputs": yes,
        "thinking": {**yes, "types": thinking},
    }
