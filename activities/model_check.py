"""Whether the model can be called, asked before any task needs it."""

from anthropic import AsyncAnthropic
from temporalio.exceptions import ApplicationError

from activities import provider_errors
from models.problems import Problem
from policy import prices


async def check_model(client: AsyncAnthropic, model: str) -> list[str]:
    """Return warnings about `model`, one sentence each; an empty list when all is well.

    Raises ApplicationError with a type of Problem when it cannot be called: no key or a refused
    one, an unknown or retired model, no connection.
    """
    try:
        info = await client.models.retrieve(model)
    except Exception as error:
        raise provider_errors.problem(error, model, attempt=1) from None
    # Gateways in front of the API answer with less than it does.
    lifecycle = getattr(info, "lifecycle", "active")
    if lifecycle == "retired":
        text = f"The model {model} is retired: set CLAUDE_MODEL to a newer one."
        raise ApplicationError(text, type=Problem.PROVIDER_REJECTED, non_retryable=True)
    warnings = [] if prices.is_known(model) else [prices.unknown(model)]
    if lifecycle != "active":
        end = f" and retires on {info.retires_at:%Y-%m-%d}" if info.retires_at else ""
        warnings.append(f"The model {model} is deprecated{end}: set CLAUDE_MODEL to a newer one.")
    return warnings
