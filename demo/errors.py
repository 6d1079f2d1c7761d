"""Errors as the Messages API words them."""

from typing import Any

ERROR_TYPES: dict[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""`error.type` by HTTP status (SDK `types/shared/error_type.py`; 413 from the docs)."""


class ApiError(Exception):
    """A refusal with an HTTP status.

    `code` becomes `error.details.error_code`, by which the SDK picks finer classes; `headers` are
    added to the answer.
    """

    def __init__(
        self, status: int, message: str, *, code: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers or {}

    def body(self, request_id: str) -> dict[str, Any]:
        """Answer the JSON document that the API sends with this status."""
        return error_body(
            ERROR_TYPES.get(self.status, "api_error"), str(self), request_id, self.code
        )


def error_body(kind: str, message: str, request_id: str, code: str = "") -> dict[str, Any]:
    """Answer an error document, the same for a refused call and for an `error` event."""
    details = {"details": {"error_code": code}} if code else {}
    error = {"type": kind, "message": message, **details}
    return {"type": "error", "error": error, "request_id": request_id}


def invalid(message: str) -> ApiError:
    """Answer the 400 of a request that breaks a rule."""
    return ApiError(400, message, headers={"x-should-retry": "false"})
