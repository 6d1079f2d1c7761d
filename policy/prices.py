"""What a call to Claude costs at list price."""

import re
from dataclasses import astuple, dataclass

from models.steps import Usage

LONG_PROMPT_TOKENS = 100_000
"""Prompts above this many tokens cost more on models that have a `long_prompt_factor`."""


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens, by kind of token; cache writes are those of five minutes."""

    input: float
    output: float
    cache_write: float
    cache_read: float
    long_prompt_factor: float = 1.0


LIST_PRICES = {
    "claude-sonnet-5-5": Price(2.00, 10.00, 2.50, 0.10),
    "claude-opus-5-5": Price(4.00, 20.00, 5.00, 0.20),
    "claude-haiku-5-5": Price(0.10, 0.50, 0.125, 0.01, long_prompt_factor=5.0),
    "claude-sonnet-4-5": Price(3.00, 15.00, 3.75, 0.30),
}
"""Anthropic's pricing page, October 2026; keys are model ids without a date."""

LATE_ANSWERS = 0.25
"""Share of questions that are answered only when the prompt cache is about to expire, but soon
enough for one refresh to carry it over. A guess, on the low side."""

LEAST_SAVING_USD = 0.001
"""A refresh that is expected to save less is not worth its request."""

_DATE = re.compile(r"[-@](\d{8}|latest)$")


def is_known(model: str) -> bool:
    """Tell whether `model` (an id with or without a date suffix) has a list price here."""
    return _DATE.sub("", model) in LIST_PRICES


def price_of(model: str) -> Price:
    """Return the list price of `model`; for an unknown one the highest known of each kind.

    A limit in dollars must hold for a model that is newer than this table, so the guess errs high.
    """
    known = LIST_PRICES.get(_DATE.sub("", model))
    rows = map(astuple, LIST_PRICES.values())
    return known or Price(*(max(kind) for kind in zip(*rows, strict=True)))


def unknown(model: str) -> str:
    """Return the sentence for people about a model without a list price."""
    return f"No list price is known for {model}; its cost is counted at the highest known rates."


def cost_usd(model: str, usage: Usage) -> float:
    """Return what the tokens of one call cost in US dollars."""
    price = price_of(model)
    prompt_tokens = usage.input_tokens + usage.cache_write_tokens + usage.cache_read_tokens
    factor = price.long_prompt_factor if prompt_tokens > LONG_PROMPT_TOKENS else 1.0
    dollars_per_million = (
        usage.input_tokens * price.input
        + usage.output_tokens * price.output
        + usage.cache_write_tokens * price.cache_write
        + usage.cache_read_tokens * price.cache_read
    )
    return factor * dollars_per_million / 1_000_000


def is_worth_keeping_warm(model: str, cached_tokens: int) -> bool:
    """Tell whether to pay for reading a cached prompt once more, so that it does not expire.

    Reading it keeps it; an expired one is written anew by the next call.
    """
    price = price_of(model)
    loss = (price.cache_write - price.cache_read) * cached_tokens / 1_000_000
    refresh = price.cache_read * cached_tokens / 1_000_000
    return LATE_ANSWERS * loss - refresh > LEAST_SAVING_USD
