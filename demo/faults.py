"""What can go wrong with a call to Claude, as data that a script attaches to a turn."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from demo.errors import ApiError


class Fault(BaseModel):
    """One trouble of a call.

    `status` refuses the call with that HTTP status. The others begin a stream and then, after
    `after_events` events: send an `error` event, cut the socket, end cleanly too early or fall
    silent until the client leaves. `empty` ends the stream before its first event, `broken_json`
    sends tool input that cannot be parsed; without streaming all of these refuse the call. A fault
    strikes `times` calls in a row.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["status", "error_event", "cut", "early_end", "hang", "empty", "broken_json"]
    times: int = 1
    after_events: int = 4
    status: int = 500
    error_type: str = ""
    message: str = "scripted fault"
    code: str = ""
    retry_after_seconds: float | None = None
    should_retry: bool | None = None
    html: bool = False

    def refusal(self) -> ApiError:
        """Answer the error of a `status` fault."""
        headers = {}
        if self.retry_after_seconds is not None:
            headers["retry-after"] = f"{self.retry_after_seconds:g}"
        if self.should_retry is not None:
            headers["x-should-retry"] = str(self.should_retry).lower()
        return ApiError(self.status, self.message, code=self.code, headers=headers)


def refused(status: int, message: str = "scripted fault", *, times: int = 1) -> Fault:
    """Answer a fault that refuses the call with an HTTP status."""
    return Fault(kind="status", status=status, message=message, times=times)


def rate_limited(retry_after_seconds: float, *, times: int = 1) -> Fault:
    """Answer a 429 that says when to come back."""
    return Fault(
        kind="status",
        status=429,
        message="This request would exceed your organization's rate limit.",
        retry_after_seconds=retry_after_seconds,
        times=times,
    )


def spend_limit(code: str = "enforced_spend_limit_reached") -> Fault:
    """Answer a 429 that waiting does not mend; `contract_spend_limit_reached` is the other code."""
    return Fault(
        kind="status",
        status=429,
        message="You have reached your specified API usage limits.",
        code=code,
        should_retry=False,
    )


def error_event(error_type: str = "overloaded_error", message: str = "Overloaded") -> Fault:
    """Answer an `error` event in the middle of a stream that began with status 200."""
    return Fault(kind="error_event", error_type=error_type, message=message)


FAULTS: dict[str, Fault] = {
    "overloaded": refused(529, "Overloaded"),
    "server_error": refused(500, "Internal server error"),
    "bad_gateway": Fault(kind="status", status=502, html=True),
    "rate_limited": rate_limited(1),
    "spend_limit": spend_limit(),
    "contract_limit": spend_limit("contract_spend_limit_reached"),
    "wrong_key": refused(401, "invalid x-api-key"),
    "no_credit": refused(402, "Your credit balance is too low to access the Anthropic API."),
    "forbidden": refused(403, "Your API key does not have permission to use this model."),
    "too_large": refused(413, "Request exceeds the maximum size"),
    "prompt_too_long": refused(400, "prompt is too long: 1000001 tokens > 1000000 maximum"),
    "error_event": error_event(),
    "cut": Fault(kind="cut"),
    "early_end": Fault(kind="early_end"),
    "hang": Fault(kind="hang"),
    "empty": Fault(kind="empty"),
    "broken_json": Fault(kind="broken_json"),
}
"""Faults that a JSON script may name with one word."""
