import pytest

from models.steps import Usage
from policy import prices

MILLION = 1_000_000


def test_each_kind_of_token_has_its_own_price() -> None:
    usage = Usage(
        input_tokens=MILLION,
        output_tokens=MILLION,
        cache_write_tokens=MILLION,
        cache_read_tokens=MILLION,
    )
    assert prices.cost_usd("claude-sonnet-5-5", usage) == pytest.approx(2 + 10 + 2.5 + 0.1)
    assert prices.cost_usd("claude-opus-5-5", usage) == pytest.approx(4 + 20 + 5 + 0.2)
    assert prices.cost_usd("claude-sonnet-4-5", usage) == pytest.approx(3 + 15 + 3.75 + 0.3)


@pytest.mark.parametrize("suffix", ["", "-20261001", "@20261001", "-latest"])
def test_a_date_does_not_change_the_model(suffix: str) -> None:
    model = f"claude-sonnet-5-5{suffix}"
    assert prices.is_known(model)
    assert prices.price_of(model) is prices.LIST_PRICES["claude-sonnet-5-5"]


def test_an_unknown_model_costs_no_less_than_any_known_one_and_is_flagged() -> None:
    guess = prices.price_of("claude-sonnet-5-50")
    assert not prices.is_known("claude-sonnet-5-50")
    assert "claude-sonnet-5-50" in prices.unknown("claude-sonnet-5-50")
    for known in prices.LIST_PRICES.values():
        assert guess.input >= known.input
        assert guess.output >= known.output
        assert guess.cache_write >= known.cache_write
        assert guess.cache_read >= known.cache_read


def test_haiku_costs_five_times_as_much_above_100k_tokens_of_prompt() -> None:
    short = Usage(input_tokens=1, cache_read_tokens=99_999, output_tokens=1000)
    long = Usage(input_tokens=1, cache_read_tokens=100_000, output_tokens=1000)
    per_million = 1 * 0.10 + 100_000 * 0.01 + 1000 * 0.50
    assert prices.cost_usd("claude-haiku-5-5", long) == pytest.approx(5 * per_million / MILLION)
    ratio = prices.cost_usd("claude-haiku-5-5", long) / prices.cost_usd("claude-haiku-5-5", short)
    assert ratio == pytest.approx(5, rel=0.001)


def test_no_tokens_cost_nothing() -> None:
    assert prices.cost_usd("claude-sonnet-5-5", Usage()) == 0


def test_a_cached_prompt_is_kept_warm_where_losing_it_costs_more() -> None:
    """Of 50,000 tokens, losing costs $0.12 and reading them once $0.005 (facts of the vendor)."""
    assert prices.is_worth_keeping_warm("claude-sonnet-5-5", 50_000)
    assert not prices.is_worth_keeping_warm("claude-sonnet-5-5", 1_500)
    assert not prices.is_worth_keeping_warm("claude-haiku-5-5", 20_000)
    assert not prices.is_worth_keeping_warm("claude-sonnet-5-5", 0)
