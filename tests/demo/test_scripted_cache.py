"""`usage` follows the prompt cache: what was sent before is read, for five minutes."""

from typing import Any

from anthropic.types import Usage

from tests.demo.conftest import Stage, ask, results, said, user

SYSTEM = "You are careful. " * 500
CACHED: dict[str, Any] = {"system": SYSTEM, "cache_control": {"type": "ephemeral"}}


def split(usage: Usage) -> tuple[int, int, int]:
    """Input, written and read tokens."""
    return (
        usage.input_tokens,
        usage.cache_creation_input_tokens or 0,
        usage.cache_read_input_tokens or 0,
    )


async def test_nothing_is_cached_unasked(stage: Stage) -> None:
    message = await ask(stage.client(), [user()], system=SYSTEM)
    assert message.usage.input_tokens > 2000
    assert split(message.usage)[1:] == (0, 0)


async def test_short_prompt_is_not_cached(stage: Stage) -> None:
    message = await ask(stage.client(), [user()], cache_control={"type": "ephemeral"})
    assert split(message.usage)[1:] == (0, 0)


async def test_breakpoint_moves_with_the_conversation(stage: Stage) -> None:
    client = stage.client("long")
    first = await ask(client, [user("turns=2")], **CACHED)
    fresh, written, read = split(first.usage)
    assert (fresh, read) == (0, 0)
    assert written > 2000
    talk = [user("turns=2"), said(first), results(first)]
    second = await ask(client, talk, **CACHED)
    assert second.usage.cache_read_input_tokens == written
    assert 0 < split(second.usage)[1] < 200
    again = await ask(client, talk, **CACHED)
    assert split(again.usage) == (0, 0, sum(split(second.usage)))


async def test_long_task_reads_almost_everything_from_the_cache(stage: Stage) -> None:
    client = stage.client("long")
    messages = [user("turns=49")]
    total = cached = 0
    for _ in range(50):
        message = await ask(client, messages, **CACHED)
        total += sum(split(message.usage))
        cached += split(message.usage)[2]
        messages += [said(message), results(message, "x" * 500)]
    assert cached / total > 0.95


async def test_cache_lasts_five_minutes_and_use_renews_it(stage: Stage) -> None:
    client = stage.client()
    written = split((await ask(client, [user()], **CACHED)).usage)[1]
    stage.now += 299
    assert split((await ask(client, [user()], **CACHED)).usage) == (0, 0, written)
    stage.now += 299
    assert split((await ask(client, [user()], **CACHED)).usage) == (0, 0, written)
    stage.now += 301
    assert split((await ask(client, [user()], **CACHED)).usage) == (0, written, 0)


async def test_refresh_without_output_keeps_the_cache(stage: Stage) -> None:
    client = stage.client()
    written = split((await ask(client, [user()], **CACHED)).usage)[1]
    stage.now += 240
    refresh = await ask(client, [user()], **CACHED, max_tokens=0)
    assert refresh.content == []
    assert refresh.stop_reason == "max_tokens"
    assert refresh.usage.output_tokens == 0
    stage.now += 240
    assert split((await ask(client, [user()], **CACHED)).usage) == (0, 0, written)
    assert [one["call"] for one in stage.control.requests()] == [0, 0, 1]


async def test_another_effort_empties_the_cache(stage: Stage) -> None:
    client = stage.client()
    await ask(client, [user()], **CACHED)
    other = await ask(client, [user()], **CACHED, output_config={"effort": "low"})
    assert split(other.usage)[2] == 0


async def test_marked_block_is_cached_and_the_rest_is_input(stage: Stage) -> None:
    client = stage.client()
    marked = [{"type": "text", "text": SYSTEM, "cache_control": {"type": "ephemeral"}}]
    await ask(client, [user("One thing.")], system=marked)
    fresh, written, read = split((await ask(client, [user("Another.")], system=marked)).usage)
    assert written == 0
    assert read > 2000
    assert 0 < fresh < 20


async def test_hour_long_mark_outlasts_five_minutes(stage: Stage) -> None:
    client = stage.client()
    hour = {"system": SYSTEM, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    await ask(client, [user()], **hour)
    stage.now += 3000
    assert split((await ask(client, [user()], **hour)).usage)[2] > 2000


async def test_reading_an_earlier_part_renews_it(stage: Stage) -> None:
    client = stage.client("long")
    first = await ask(client, [user("turns=2")], **CACHED)
    written = split(first.usage)[1]
    stage.now += 200
    await ask(client, [user("turns=2"), said(first), results(first)], **CACHED)
    stage.now += 200
    assert split((await ask(client, [user("turns=2")], **CACHED)).usage) == (0, 0, written)


async def test_entry_more_than_twenty_blocks_back_is_not_found(stage: Stage) -> None:
    client = stage.client("long")
    first = await ask(client, [user("turns=2")], **CACHED)
    words = [{"type": "text", "text": f"Also {number}."} for number in range(25)]
    answers = user([*results(first)["content"], *words])
    second = await ask(client, [user("turns=2"), said(first), answers], **CACHED)
    assert split(second.usage)[2] == 0
