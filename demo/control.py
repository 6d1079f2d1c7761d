"""The other end of `/_demo`: how a test asks a scripted Claude what it saw, and holds it back."""

import json
import time
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

DEADLINE_SECONDS = 10.0


class Control:
    """A served scripted Claude, in this process or another. `base_url` is for Anthropic clients."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    def url(self, scenario: str) -> str:
        """Answer the base URL under which every conversation plays `scenario`."""
        return f"{self.base_url}/s/{scenario}"

    def requests(self, scenario: str | None = None) -> list[dict[str, Any]]:
        """Answer the recorded calls (`demo.claude.Seen`), oldest first."""
        seen: list[dict[str, Any]] = self._call("GET", "requests")
        return [one for one in seen if scenario in (None, one["scenario"])]

    def refusals(self) -> list[str]:
        """Answer status and words of the refused calls, scripted or not, oldest first."""
        refused: list[str] = self._call("GET", "refusals")
        return refused

    def add(self, name: str, turns: list[dict[str, Any]]) -> None:
        """Add or replace a scenario, its turns given as JSON (`demo.script.Turn`)."""
        self._call("POST", "scenarios", {"name": name, "turns": turns})

    def hold(self, gate: str) -> None:
        """Close a gate: a named one, or `SCENARIO/TURN`."""
        self._call("POST", "hold", {"gate": gate})

    def release(self, gate: str) -> None:
        """Open a gate."""
        self._call("POST", "release", {"gate": gate})

    def wait_for(
        self,
        fits: Callable[[dict[str, Any]], bool],
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> dict[str, Any]:
        """Answer the first recorded call that fits. Raises TimeoutError."""
        give_up = time.monotonic() + deadline_seconds
        while time.monotonic() < give_up:
            found = next(filter(fits, self.requests()), None)
            if found:
                return found
            time.sleep(0.01)
        raise TimeoutError(f"No such call within {deadline_seconds:g} s: {self.requests()}")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        connection = HTTPConnection(urlsplit(self.base_url).netloc, timeout=DEADLINE_SECONDS)
        try:
            content = json.dumps(body) if body else None
            headers = {"content-type": "application/json"}
            connection.request(method, f"/_demo/{path}", content, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise ValueError(f"The scripted Claude refused {path}: {text.decode()}")
        return json.loads(text) if text else None
