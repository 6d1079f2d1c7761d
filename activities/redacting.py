"""Nothing leaves an activity with a secret in it: results and errors are blanked on their way."""

import asyncio
import traceback
from collections.abc import Callable
from enum import Enum
from typing import Any

from pydantic import BaseModel
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from policy.redaction import Redactor


def redacted(value: Any, text: Callable[[str], str]) -> Any:
    """Return `value` with `text` applied to every string in it, keys and enums apart."""
    match value:
        case Enum():
            return value
        case str():
            return text(value)
        case BaseModel():
            fields = type(value).model_fields
            update = {name: redacted(getattr(value, name), text) for name in fields}
            return value.model_copy(update=update)
        case dict():
            return {key: redacted(item, text) for key, item in value.items()}
        case list() | tuple():
            return type(value)(redacted(item, text) for item in value)
        case _:
            return value


class RedactActivities(Interceptor):
    """Blanks secrets in what activities return and raise."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Stand between an activity and Temporal."""
        return _Redacting(next, self._redactor)


class _Redacting(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, redactor: Redactor) -> None:
        super().__init__(next)
        self._redactor = redactor

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        try:
            result = await super().execute_activity(input)
        except Exception as error:
            if not self._tells_a_secret(error):
                raise
            raise self._blanked(error) from None
        # in a thread, for a long conversation takes a tenth of a second
        return await asyncio.to_thread(redacted, result, self._redactor.text)

    def _tells_a_secret(self, error: Exception) -> bool:
        told = "".join(traceback.format_exception(error))
        details = error.details if isinstance(error, ApplicationError) else ()
        return (self._redactor.text(told), redacted(details, self._redactor.text)) != (
            told,
            details,
        )

    def _blanked(self, error: Exception) -> Exception:
        words = self._redactor.text(
            error.message if isinstance(error, FailureError) else str(error)
        )
        if not isinstance(error, ApplicationError):
            return ApplicationError(words, type=type(error).__name__)
        return ApplicationError(
            words,
            *redacted(error.details, self._redactor.text),
            type=error.type,
            non_retryable=error.non_retryable,
            next_retry_delay=error.next_retry_delay,
            category=error.category,
        )
