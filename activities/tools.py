"""Claude's tools as the API wants them, made from the models of their inputs."""

import inspect
from typing import Any

from models.tools import TOOL_INPUTS, Tool, ToolInput


def tool_definitions() -> list[dict[str, Any]]:
    """Return the tools in a fixed order, each with a strict JSON schema.

    A strict schema has no references, titles or defaults, allows no other property and requires
    all of them (docs, structured outputs); what is optional may be null.
    """
    return [_definition(tool, given) for tool, given in TOOL_INPUTS.items()]


def _definition(tool: Tool, given: type[ToolInput]) -> dict[str, Any]:
    schema = given.model_json_schema()
    properties = schema["properties"]
    return {
        "name": tool.value,
        "description": inspect.cleandoc(given.__doc__ or ""),
        "strict": True,
        "input_schema": {
            "type": "object",
            "properties": {
                name: _strict(value, schema.get("$defs", {})) for name, value in properties.items()
            },
            "required": list(properties),
            "additionalProperties": False,
        },
    }


def _strict(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return a property's schema with references put in and what strict mode refuses left out."""
    if "$ref" in schema:
        referred = definitions[schema["$ref"].rsplit("/", 1)[-1]]
        schema = {**referred, **{k: v for k, v in schema.items() if k != "$ref"}}
    kept: dict[str, Any] = {
        key: schema[key] for key in ("type", "enum", "description") if key in schema
    }
    if "anyOf" in schema:
        kept["anyOf"] = [_strict(variant, definitions) for variant in schema["anyOf"]]
    if "items" in schema:
        kept["items"] = _strict(schema["items"], definitions)
    return kept
