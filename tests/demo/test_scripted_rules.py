"""What the real API refuses is refused here, in its words."""

from typing import Any

import anthropic
import pytest

from tests.demo.conftest import MODEL, Stage, ask, results, said, user

TOOL: dict[str, Any] = {
    "name": "run_command",
    "description": "Run it",
    "strict": True,
    "input_schema": {
        "type": "object",
        "properties": {
            "command": {"type": "string", "description": "What to run"},
            "timeout_s": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "options": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["command", "timeout_s", "options"],
        "additionalProperties": False,
    },
}


def tool(**properties: Any) -> dict[str, Any]:
    return {**TOOL, "input_schema": {**TOOL["input_schema"], "properties": properties}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"extra_body": {"temperature": 0.2}}, "`temperature` is deprecated for this model"),
        ({"extra_body": {"top_p": 0.9}}, "`top_p` is deprecated"),
        ({"extra_body": {"top_k": 5}}, "`top_k` is deprecated"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "thinking.type.enabled"),
        ({"thinking": {"type": "disabled"}}, "thinking.type.disabled"),
        ({"tools": [TOOL], "tool_choice": {"type": "any"}}, "tool_choice forces tool use"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "run_command"}},
            "tool_choice forces tool use",
        ),
        ({"max_tokens": 200_000}, "max_tokens: 200000 > 128000"),
        ({"extra_body": {"colour": "red"}}, "colour: Extra inputs are not permitted"),
        (
            {"system": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}] * 5},
            "A maximum of 4 blocks with cache_control may be provided. Found 5",
        ),
    ],
)
async def test_setting_is_refused(stage: Stage, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match=message) as caught:
        await ask(stage.client(), [user()], **changes)
    assert caught.value.type == "invalid_request_error"
    assert caught.value.response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("field", ["model", "max_tokens", "messages"])
async def test_missing_field_is_refused(stage: Stage, field: str) -> None:
    body = {"model": MODEL, "max_tokens": 10, "messages": [user()]}
    del body[field]
    with pytest.raises(anthropic.BadRequestError, match=f"{field}: Field required"):
        await stage.client().post("/v1/messages", cast_to=object, body=body)


async def test_accepted_settings_are_accepted(stage: Stage) -> None:
    message = await ask(
        stage.client(),
        [user()],
        system="You are careful.",
        tools=[TOOL],
        tool_choice={"type": "auto"},
        cache_control={"type": "ephemeral"},
        output_config={"effort": "medium"},
    )
    assert message.stop_reason == "tool_use"


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (
            {**TOOL, "input_schema": {"type": "object", "properties": {}}},
            "'additionalProperties' must be explicitly set to false",
        ),
        (
            tool(deep={"type": "array", "items": {"type": "object", "properties": {}}}),
            "'additionalProperties' must be explicitly set to false",
        ),
        (
            tool(n={"type": "integer", "minimum": 1}),
            "For 'integer' type, property 'minimum' is not",
        ),
        (
            tool(n={"anyOf": [{"type": "integer", "minimum": 1, "maximum": 5}, {"type": "null"}]}),
            "For 'integer' type, properties maximum, minimum are not supported",
        ),
        (tool(s={"type": "string", "maxLength": 5}), "For 'string' type, property 'maxLength'"),
        (tool(s={"type": "string", "pattern": "a"}), "For 'string' type, property 'pattern'"),
        (tool(a={"type": "array", "items": {}, "minItems": 2}), "'minItems' values other than 0"),
    ],
)
async def test_strict_schema_is_refused(
    stage: Stage, definition: dict[str, Any], message: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=message):
        await ask(stage.client(), [user()], tools=[TOOL, definition])


async def test_schema_that_is_not_strict_may_say_more(stage: Stage) -> None:
    loose = {**tool(n={"type": "integer", "minimum": 1}), "strict": False}
    assert (await ask(stage.client(), [user()], tools=[loose])).stop_reason == "tool_use"


async def test_wrong_key_is_refused_and_not_recorded(stage: Stage) -> None:
    with pytest.raises(anthropic.AuthenticationError, match="invalid x-api-key"):
        await ask(stage.client(key="stolen"), [user()])
    assert stage.control.requests() == []


@pytest.mark.parametrize("model", ["claude-none", "claude-sonnet-4-20250514"])
@pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")
async def test_unknown_and_retired_models_are_not_found(stage: Stage, model: str) -> None:
    with pytest.raises(anthropic.NotFoundError, match=f"model: {model}"):
        await ask(stage.client(), [user()], model=model)


async def test_request_over_32_megabytes_is_too_large(stage: Stage) -> None:
    with pytest.raises(anthropic.ContentTooLargeError, match="exceeds the maximum size"):
        await ask(stage.client(), [user("x" * (33 * 1024 * 1024))])


async def test_prompt_over_the_context_window_is_too_long(stage: Stage) -> None:
    stage.claude.context_tokens = 1000
    with pytest.raises(anthropic.BadRequestError, match=r"too long: 1\d\d\d tokens > 1000 maximum"):
        await ask(stage.client(), [user("x" * 5000)])


async def test_every_tool_call_wants_its_result_in_the_next_message(stage: Stage) -> None:
    client = stage.client("parallel")
    first = await ask(client, [user()])
    answered = results(first, "two.txt")
    call, *others = answered["content"]
    words = {"type": "text", "text": "And hurry."}
    stranger = {**call, "tool_use_id": "toolu_none"}
    left_out = "`tool_use` ids were found without `tool_result` blocks immediately after"
    for content, message in [
        (others, f"messages.1: {left_out}: {call['tool_use_id']}"),
        ([words, *answered["content"]], left_out),
        ([words], left_out),
        ([*answered["content"], stranger], "unexpected `tool_use_id`.*: toolu_none"),
        ([*answered["content"], call], "each tool_use must have a single result"),
        ([{**call, "is_error": True, "content": ""}, *others], "content cannot be empty"),
    ]:
        with pytest.raises(anthropic.BadRequestError, match=message):
            await ask(client, [user(), said(first), user(content)])
    last = await ask(client, [user(), said(first), user([*answered["content"], words])])
    assert last.stop_reason == "tool_use"


async def test_results_only_for_the_message_before(stage: Stage) -> None:
    client = stage.client("long")
    first = await ask(client, [user("turns=3")])
    talk = [user("turns=3"), said(first), results(first)]
    second = await ask(client, talk)
    twice = user([*results(second)["content"], *results(first)["content"]])
    with pytest.raises(anthropic.BadRequestError, match="unexpected `tool_use_id`"):
        await ask(client, [*talk, said(second), twice])


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        ([], "at least one message"),
        ([user(), {"role": "assistant", "content": "Sure,"}], "does not support assistant message"),
        ([user(), user()], "roles must alternate"),
        ([{"role": "assistant", "content": "Hm"}, user()], "first message must use"),
        ([{"role": "robot", "content": "Hm"}], "Input should be 'user' or 'assistant'"),
        ([user("")], "text content blocks must be non-empty"),
        ([user(" \n")], "must contain non-whitespace text"),
        ([user(), {"role": "assistant", "content": []}, user()], "must have non-empty content"),
        ([user([{"type": "video"}])], "`video` blocks are not allowed in user messages"),
        ([user([{"type": "text"}])], "documented shape"),
    ],
)
async def test_conversation_is_refused(stage: Stage, messages: list[Any], message: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match=message):
        await ask(stage.client("long"), messages)


async def test_thinking_is_accepted_as_it_was_given_out(stage: Stage) -> None:
    client = stage.client("long")
    first = await ask(client, [user("turns=3")], system="Be brief.", tools=[TOOL])
    talk = [user([{"type": "text", "text": "turns=3"}]), said(first), results(first)]
    again = await ask(client, talk, system=[{"type": "text", "text": "Be brief."}], tools=[TOOL])
    assert again.stop_reason == "tool_use"


async def test_thinking_is_refused_when_anything_before_it_changed(stage: Stage) -> None:
    client = stage.client("long")
    settings: dict[str, Any] = {"system": "Be brief.", "tools": [TOOL]}
    first = await ask(client, [user("turns=3")], **settings)
    talk = [user("turns=3"), said(first), results(first)]
    altered = said(first)
    altered["content"][0]["thinking"] += "!"
    swapped = said(first)
    swapped["content"].reverse()
    attempts: list[tuple[list[Any], dict[str, Any]]] = [
        (talk, {"system": "Be brief. It is Monday."}),
        (talk, {"tools": [{**TOOL, "description": "Run that"}]}),
        ([user("turns=4"), *talk[1:]], {}),
        ([talk[0], altered, talk[2]], {}),
        ([talk[0], swapped, talk[2]], {}),
    ]
    for messages, changes in attempts:
        with pytest.raises(anthropic.BadRequestError, match="Invalid `signature` in `thinking`"):
            await ask(client, messages, **{**settings, **changes})


async def test_conversation_goes_on_without_its_thinking(stage: Stage) -> None:
    client = stage.client("long")
    first = await ask(client, [user("turns=3")])
    bare = {"role": "assistant", "content": said(first)["content"][1:]}
    second = await ask(client, [user("turns=3"), bare, results(first)])
    talk = [user("turns=3"), bare, results(first), said(second), results(second)]
    assert (await ask(client, talk)).stop_reason == "tool_use"


async def test_later_thinking_does_not_survive_a_change_of_earlier_turns(stage: Stage) -> None:
    client = stage.client("long")
    first = await ask(client, [user("turns=3")])
    talk = [user("turns=3"), said(first), results(first)]
    second = await ask(client, talk)
    bare = {"role": "assistant", "content": said(first)["content"][1:]}
    with pytest.raises(anthropic.BadRequestError, match=r"messages\.3\.content\.0: Invalid"):
        await ask(client, [talk[0], bare, talk[2], said(second), results(second)])
