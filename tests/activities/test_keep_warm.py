"""A long wait for a person, and the provider's prompt cache."""

from demo.scenarios.steps import run
from demo.script import Turn
from models.consent import WarmRequest
from models.steps import Usage
from tests.activities.conftest import Begin, Rehearsal


async def kept_warm(task: Rehearsal) -> Usage:
    request = WarmRequest(task_id="task-abcd", checkpoint=task.checkpoint)
    usage: Usage = await task.environment.run(task.activities.keep_warm, request)
    return usage


async def test_the_cached_prompt_is_read_once_more_and_nothing_is_said(begin: Begin) -> None:
    turns = [Turn(blocks=[run("ls")]), Turn(blocks=[run("true")])]
    task = begin(*turns, goal="Build it. " * 2_000)
    thought = await task.think()
    usage = await kept_warm(task)
    assert usage.cache_read_tokens >= thought.usage.cache_write_tokens > 5_000
    assert (usage.cache_write_tokens, usage.output_tokens) == (0, 0)
    assert 0 < usage.cost_usd < thought.usage.cost_usd / 10
    first, second = task.sent
    assert second["max_tokens"] == 0
    assert first["messages"] == second["messages"]
    assert {name: first[name] for name in ("system", "tools", "thinking", "output_config")} == {
        name: second[name] for name in ("system", "tools", "thinking", "output_config")
    }
    call_id = thought.calls[0].id
    task.hand(call_id, "done")
    again = await task.think()
    assert again.usage.cache_read_tokens >= usage.cache_read_tokens


async def test_what_is_cheap_to_lose_is_not_kept(rehearsal: Rehearsal) -> None:
    rehearsal.model = "claude-haiku-5-5"
    rehearsal.begin([Turn(blocks=[run("ls")])])
    await rehearsal.think()
    assert await kept_warm(rehearsal) == Usage()
    assert len(rehearsal.sent) == 1
