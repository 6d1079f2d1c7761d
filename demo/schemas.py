"""What a strict tool's JSON schema may contain (docs, structured outputs; SDK `lib/_parse`)."""

from collections.abc import Iterator, Mapping
from typing import Any

from demo.errors import invalid

_ANYWHERE = {"type", "title", "description", "default", "enum", "const", "$ref", "$defs"}
_COMBINING = {"anyOf", "allOf"}
_BY_TYPE = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems"},
    "string": {"format"},
}


def check_strict_tools(tools: list[dict[str, Any]]) -> None:
    """Raise ApiError for the first strict tool whose schema the API would not compile."""
    for at, tool in enumerate(tools):
        if tool.get("strict"):
            for schema in _schemas(tool["input_schema"]):
                _check(f"tools.{at}.custom", schema)


def _check(place: str, schema: Mapping[str, Any]) -> None:
    kind = _type_of(schema)
    if kind == "object" and schema.get("additionalProperties") is not False:
        raise invalid(
            f"{place}: For 'object' type, 'additionalProperties' must be explicitly set to false"
        )
    if schema.get("minItems", 0) not in (0, 1):
        raise invalid(
            f"{place}: For 'array' type, 'minItems' values other than 0 or 1 are not supported"
        )
    strange = sorted(set(schema) - _ANYWHERE - _COMBINING - _BY_TYPE.get(kind, set()))
    if strange:
        named = (
            f"property '{strange[0]}' is"
            if len(strange) == 1
            else f"properties {', '.join(strange)} are"
        )
        raise invalid(f"{place}: For '{kind}' type, {named} not supported")


def _type_of(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "any")
    names = [name for name in kind if name != "null"] if isinstance(kind, list) else [kind]
    return str(names[0]) if names else "null"


def _schemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    inner += [variant for key in sorted(_COMBINING) for variant in schema.get(key, [])]
    inner += [schema["items"]] if "items" in schema else []
    for child in inner:
        yield from _schemas(child)
