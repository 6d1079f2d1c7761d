import json
from pathlib import Path
from typing import Any

import pytest

from activities import prompt
from activities.tools import tool_definitions
from models.task import Phase
from models.tools import TOOL_INPUTS

WALLS = "Commands run behind walls; the network reaches package registries only."
GOLDEN = Path(__file__).with_name("frozen.golden.json")

SCHEMA_WORDS = {"type", "properties", "required", "additionalProperties", "description"}
SCHEMA_WORDS |= {"enum", "anyOf", "items"}


def test_the_prompt_is_the_same_byte_for_byte() -> None:
    """A changed prompt is a changed product: look at the difference, then write the file anew.

    .venv/bin/python -c "from tests.activities import test_prompt; test_prompt.write_golden()"
    """
    assert frozen_text() == GOLDEN.read_text(encoding="utf-8")


def write_golden() -> None:
    GOLDEN.write_text(frozen_text(), encoding="utf-8")


def frozen_text() -> str:
    values = prompt.frozen("claude-sonnet-5-5", WALLS).model_dump()
    values["system"] = values["system"].splitlines()
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def test_the_walls_are_told() -> None:
    assert WALLS in prompt.frozen("claude-sonnet-5-5", WALLS).system


def test_the_goal_stands_in_its_own_tag() -> None:
    assert prompt.first_message("Say hello") == [
        {"type": "text", "text": "<goal>\nSay hello\n</goal>"}
    ]


def test_every_tool_has_a_description_and_a_strict_schema() -> None:
    definitions = tool_definitions()
    assert [definition["name"] for definition in definitions] == list(TOOL_INPUTS)
    for definition in definitions:
        assert definition["strict"] is True
        assert len(definition["description"]) > 30
        assert not any(line.startswith(" ") for line in definition["description"].splitlines())
        check_strict(definition["input_schema"])


def check_strict(schema: dict[str, Any]) -> None:
    assert set(schema) <= SCHEMA_WORDS, schema
    if schema.get("type") == "object":
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])
    for inner in [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]:
        check_strict(inner)
    if "items" in schema:
        check_strict(schema["items"])


def test_what_claude_may_choose_from_stands_in_the_schema() -> None:
    [command] = [tool for tool in tool_definitions() if tool["name"] == "run_command"]
    phase = command["input_schema"]["properties"]["phase"]
    assert phase["enum"] == [Phase.PLANNING, Phase.CODING, Phase.TESTING]
    assert phase["description"].startswith("What this step belongs to")


@pytest.mark.parametrize("word", ["turns left", "minutes left", "today", "2026"])
def test_nothing_in_the_prompt_counts_down_or_dates_it(word: str) -> None:
    assert word not in prompt.frozen("claude-sonnet-5-5", WALLS).system
