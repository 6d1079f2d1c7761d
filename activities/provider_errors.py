"""What went wrong with a call to Claude, told as a problem with one sentence for people.

Nothing of a request, a header or an answer's body passes on, save one shortened and cleaned
sentence of the API about a request it refused.
"""

import re
import time
from collections.abc import Mapping
from datetime import timedelta
from email.utils import mktime_tz, parsedate_tz

import httpx2
from anthropic import APIConnectionError, APIStatusError, CredentialsError
from temporalio.exceptions import ApplicationError

from models.problems import Problem

MAX_WAIT_SECONDS = 60.0
"""A longer wait that the provider asks for is not a retry: the task parks until it is over."""
MAX_UNREADABLE_ATTEMPTS = 3
"""An answer that cannot be read may be chance; more often than this it is not."""
SENTENCE_CHARACTERS = 200

_KEY_ADVICE = "set ANTHROPIC_API_KEY to a valid key and restart the worker"
_STATUS_BY_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""An `error` event comes after the status 200; its type says what the status would have been."""
_RETRIED = {408, 409, 429}


class StreamCut(Exception):
    """The stream ended before Claude's answer did."""


def problem(error: Exception, model: str, attempt: int) -> ApplicationError:
    """Return the problem to raise for `error`; `attempt` counts from 1."""
    if isinstance(error, APIStatusError):
        return _refused(error, model)
    if isinstance(error, TimeoutError):
        text = "The active time of the task ran out while Claude was thinking."
        return _lasting(Problem.TIME_LIMIT, text)
    if _is_about_the_key(error):
        text = f"There is no usable Anthropic API key: {_KEY_ADVICE}."
        return _lasting(Problem.PROVIDER_REJECTED, text)
    if isinstance(error, StreamCut | APIConnectionError | httpx2.TransportError):
        return _passing(f"The connection to Claude was lost ({type(error).__name__}).", None)
    return ApplicationError(
        f"Claude's answer could not be read ({type(error).__name__}).",
        type=Problem.PROVIDER_UNAVAILABLE,
        non_retryable=attempt >= MAX_UNREADABLE_ATTEMPTS,
    )


def is_too_long(error: Exception) -> bool:
    """Tell whether the API found the conversation too long, in tokens or in bytes."""
    if not isinstance(error, APIStatusError):
        return False
    return _status(error) == 413 or (_status(error) == 400 and "too long" in _words(error))


def is_signature_refused(error: Exception) -> bool:
    """Tell whether the API did not accept the signature of a thinking block."""
    if not isinstance(error, APIStatusError) or _status(error) != 400:
        return False
    return "signature" in _words(error) and "thinking" in _words(error)


def _refused(error: APIStatusError, model: str) -> ApplicationError:
    wait_seconds = retry_after_seconds(error.response.headers)
    if not _is_spend_limit(error) and _may_be_retried(error):
        if wait_seconds is not None and wait_seconds > MAX_WAIT_SECONDS:
            minutes = max(1, round(wait_seconds / 60))
            text = f"Claude's rate limit is used up for about {minutes} more minutes."
            return _lasting(Problem.PROVIDER_QUOTA, text, wait_seconds)
        return _passing(_trouble(_status(error)), wait_seconds)
    return _lasting(Problem.PROVIDER_REJECTED, _advice(error, model))


def _may_be_retried(error: APIStatusError) -> bool:
    said = error.response.headers.get("x-should-retry")
    if said in {"true", "false"}:
        return bool(said == "true")
    return _status(error) in _RETRIED or _status(error) >= 500


def _is_spend_limit(error: APIStatusError) -> bool:
    return (error.error_code or "").endswith("spend_limit_reached")


def _is_about_the_key(error: Exception) -> bool:
    # A key with characters that no header may have fails before anything is sent.
    unsendable = httpx2.LocalProtocolError | UnicodeEncodeError
    if isinstance(error, CredentialsError | unsendable) or isinstance(error.__cause__, unsendable):
        return True
    return isinstance(error, TypeError) and "authentication method" in str(error)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return how long the provider asks to wait: `retry-after-ms`, seconds, or an HTTP date."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        if re.fullmatch(r"\d+(\.\d+)?", headers.get(name, "").strip()):
            return float(headers[name]) * scale
    date = parsedate_tz(headers.get("retry-after", ""))
    return max(0.0, mktime_tz(date) - time.time()) if date else None


def _trouble(status: int) -> str:
    if status == 429:
        return "Claude's rate limit is used up for a moment."
    if status == 529:
        return "Claude is overloaded for a moment."
    return f"Claude's service answered with an error (status {status})."


def _advice(error: APIStatusError, model: str) -> str:
    status = _status(error)
    if _is_spend_limit(error):
        return _SPEND_LIMIT
    if status == 404:
        return f"Claude does not know the model {model}: set CLAUDE_MODEL to one it offers."
    if status in _ADVICE:
        return _ADVICE[status]
    return f"Claude refused the request (status {status}): {_sentence(error)}."


_SPEND_LIMIT = (
    "The spend limit of the Anthropic organization is reached: raise it in the Claude Console under"
    " Settings, Limits, or wait for the next month."
)
_ADVICE = {
    401: f"The Anthropic API key was not accepted: {_KEY_ADVICE}.",
    402: "The Anthropic account cannot pay: add credit in the Claude Console, Settings, Billing.",
    403: "The Anthropic API key may not use this model or feature: give it access in the Claude"
    " Console or set ANTHROPIC_API_KEY to another one.",
    413: "The request is larger than Claude takes, even after a fresh start: give a shorter goal.",
}


def _status(error: APIStatusError) -> int:
    if error.status_code >= 400:
        return error.status_code
    return _STATUS_BY_TYPE.get(error.type or "", 500)


def _words(error: APIStatusError) -> str:
    return (error.api_message or "").lower()


def _sentence(error: APIStatusError) -> str:
    text = " ".join((error.api_message or "no reason given").split())
    return re.sub(r"sk-[\w-]+", "(key)", text)[:SENTENCE_CHARACTERS].rstrip(". ")


def _passing(text: str, wait_seconds: float | None) -> ApplicationError:
    delay = None if wait_seconds is None else timedelta(seconds=wait_seconds)
    return ApplicationError(text, type=Problem.PROVIDER_UNAVAILABLE, next_retry_delay=delay)


def _lasting(kind: Problem, text: str, *details: float) -> ApplicationError:
    return ApplicationError(text, *details, type=kind, non_retryable=True)
