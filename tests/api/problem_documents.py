"""What tests of the api check of every problem document."""

from typing import Any

import httpx2


def problem(answer: httpx2.Response, status: int, kind: str = "about:blank") -> dict[str, Any]:
    """Check that an answer is a problem document and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    assert document["type"] == kind
    assert document["detail"].endswith(".")
    if status == 503:
        assert int(answer.headers["retry-after"]) > 0
    return document
