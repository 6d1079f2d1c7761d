import anthropic
import pytest
from temporalio.exceptions import ApplicationError

from activities.model_check import check_model
from models.problems import Problem
from tests.activities.conftest import Rehearsal


async def test_an_active_model_is_fine(rehearsal: Rehearsal) -> None:
    assert await check_model(rehearsal.client, "claude-sonnet-5-5") == []


async def test_a_deprecated_model_is_warned_of(rehearsal: Rehearsal) -> None:
    [warning] = await check_model(rehearsal.client, "claude-sonnet-4-5")
    assert "retires on 2026-11-30" in warning
    assert "set CLAUDE_MODEL" in warning


@pytest.mark.parametrize("model", ["claude-sonnet-4-20250514", "claude-future-9"])
async def test_a_retired_or_unknown_model_cannot_be_used(rehearsal: Rehearsal, model: str) -> None:
    with pytest.raises(ApplicationError, match="set CLAUDE_MODEL") as caught:
        await check_model(rehearsal.client, model)
    assert caught.value.type == Problem.PROVIDER_REJECTED
    assert model in caught.value.message


async def test_a_wrong_key_is_told(rehearsal: Rehearsal) -> None:
    async with rehearsal.client.copy(api_key="wrong") as client:
        with pytest.raises(ApplicationError, match="set ANTHROPIC_API_KEY") as caught:
            await check_model(client, "claude-sonnet-5-5")
    assert caught.value.type == Problem.PROVIDER_REJECTED


async def test_a_missing_key_is_told(rehearsal: Rehearsal) -> None:
    async with anthropic.AsyncAnthropic(api_key="", base_url=rehearsal.client.base_url) as client:
        client.api_key = None
        with pytest.raises(ApplicationError, match="set ANTHROPIC_API_KEY"):
            await check_model(client, "claude-sonnet-5-5")


async def test_no_connection_may_pass(rehearsal: Rehearsal) -> None:
    async with rehearsal.client.copy(base_url="http://127.0.0.1:9") as client:
        with pytest.raises(ApplicationError) as caught:
            await check_model(client, "claude-sonnet-5-5")
    assert caught.value.type == Problem.PROVIDER_UNAVAILABLE
    assert not caught.value.non_retryable
