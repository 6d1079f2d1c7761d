"""The voice functions declared in the dialects of those who call them."""

import inspect
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from models.voice import ARGUMENTS, VoiceFunction

Declaration = dict[str, Any]
Schema = dict[str, Any]


class Dialect(StrEnum):
    """Whose tools are declared."""

    GEMINI = "gemini"  # Gemini Live: google.genai.types.FunctionDeclaration
    OPENAI = "openai"  # the Realtime API: openai.types.realtime.RealtimeFunctionTool
    ANTHROPIC = "anthropic"  # anthropic.types.ToolParam
    MCP = "mcp"  # the Model Context Protocol, and whoever takes plain JSON Schema


_NON_BLOCKING = {VoiceFunction.START}
"""Functions after which Gemini talks on: their news comes later, under the same call id."""


def declarations(dialect: Dialect) -> list[Declaration]:
    """Declare all functions."""
    return [_DECLARE[dialect](function) for function in VoiceFunction]


def _gemini(function: VoiceFunction) -> Declaration:
    """Its schema is a part of OpenAPI's, with types in capitals."""
    behaviour = {"behavior": "NON_BLOCKING"} if function in _NON_BLOCKING else {}
    return {**_named(function), "parameters": _in_capitals(_schema(function)), **behaviour}


def _openai(function: VoiceFunction) -> Declaration:
    return {"type": "function", **_named(function), "parameters": _schema(function)}


def _anthropic(function: VoiceFunction) -> Declaration:
    return {**_named(function), "input_schema": _schema(function)}


def _mcp(function: VoiceFunction) -> Declaration:
    return {**_named(function), "inputSchema": _schema(function)}


_DECLARE: dict[Dialect, Callable[[VoiceFunction], Declaration]] = {
    Dialect.GEMINI: _gemini,
    Dialect.OPENAI: _openai,
    Dialect.ANTHROPIC: _anthropic,
    Dialect.MCP: _mcp,
}


def _named(function: VoiceFunction) -> Declaration:
    words = inspect.cleandoc(ARGUMENTS[function].__doc__ or "")
    return {"name": function.value, "description": " ".join(words.split())}


def _schema(function: VoiceFunction) -> Schema:
    """The arguments as JSON Schema that every vendor takes: flat, without titles and defaults."""
    given = ARGUMENTS[function].model_json_schema()
    properties = {
        name: {key: value for key, value in field.items() if key in _KEPT}
        for name, field in given["properties"].items()
    }
    return {"type": "object", "properties": properties, "required": given.get("required", [])}


_KEPT = {"type", "description"}
"""Lengths are checked here: a model that reads them talks about them."""


def _in_capitals(schema: Schema) -> Schema:
    properties = {
        name: field | {"type": field["type"].upper()}
        for name, field in schema["properties"].items()
    }
    return {**schema, "type": schema["type"].upper(), "properties": properties}
