"""The functions as the vendors' own types take them."""

import anthropic.types
import pytest
from google.genai import types as gemini
from openai.types.realtime import RealtimeFunctionTool
from pydantic import TypeAdapter

from models.voice import ARGUMENTS, VoiceFunction
from starter.voice_dialects import Dialect, declarations

NAMES = [
    "start_autonomous_coding",
    "check_coding_progress",
    "cancel_coding_task",
    "submit_background_confirmation",
    "pause_coding_task",
    "resume_coding_task",
    "answer_coding_question",
    "add_coding_instruction",
]


def test_gemini_takes_them() -> None:
    declared = [
        gemini.FunctionDeclaration.model_validate(one) for one in declarations(Dialect.GEMINI)
    ]
    assert [one.name for one in declared] == NAMES
    behaviours = [one.behavior for one in declared]
    assert behaviours == [gemini.Behavior.NON_BLOCKING] + [None] * 7
    start = declared[0].parameters
    assert start
    assert start.type is gemini.Type.OBJECT
    assert start.required == ["goal"]
    assert start.properties
    assert start.properties["goal"].type is gemini.Type.STRING
    gemini.LiveConnectConfig(tools=[gemini.Tool(function_declarations=declared)])


def test_openai_takes_them() -> None:
    declared = [RealtimeFunctionTool.model_validate(one) for one in declarations(Dialect.OPENAI)]
    assert [one.name for one in declared] == NAMES
    assert {one.type for one in declared} == {"function"}
    assert not any(one.model_extra for one in declared)


def test_anthropic_takes_them() -> None:
    tool = TypeAdapter(anthropic.types.ToolParam)
    declared = [tool.validate_python(one) for one in declarations(Dialect.ANTHROPIC)]
    assert [one["name"] for one in declared] == NAMES


@pytest.mark.parametrize("dialect", list(Dialect))
def test_every_function_says_what_it_is_for_in_every_dialect(dialect: Dialect) -> None:
    for one in declarations(dialect):
        assert len(one["description"]) > 40
        schema = one.get("parameters") or one.get("input_schema") or one["inputSchema"]
        assert all(field["description"] for field in schema["properties"].values())


def test_the_source_is_one() -> None:
    assert list(ARGUMENTS) == list(VoiceFunction)
    assert [one["name"] for one in declarations(Dialect.MCP)] == NAMES
