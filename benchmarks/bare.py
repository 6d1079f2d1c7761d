"""A loop with nothing around it: the time that model, wire and command take of a turn anyway."""

import asyncio
import json
import subprocess
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.baseline_job import MAX_TOKENS, MODEL, SYSTEM, TOOLS


class BareLoop:
    """Calls the scripted Claude on one connection and runs what it asks for."""

    def __init__(self, claude_url: str, workspace: Path) -> None:
        self._claude_url, self._workspace = claude_url, workspace

    async def play(self, goal: str) -> None:
        """Go round until Claude has finished."""
        await asyncio.to_thread(self._play, goal)

    def _play(self, goal: str) -> None:
        connection = HTTPConnection(urlsplit(self._claude_url).netloc)
        messages: list[dict[str, Any]] = [{"role": "user", "content": goal}]
        while results := self._turn(connection, messages):
            messages.append({"role": "user", "content": results})
        connection.close()

    def _turn(
        self, connection: HTTPConnection, messages: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        content = _ask(connection, messages)
        messages.append({"role": "assistant", "content": content})
        calls = [block for block in content if block["type"] == "tool_use"]
        if any(call["name"] == "finish_task" for call in calls):
            return []
        return [
            {"type": "tool_result", "tool_use_id": call["id"], "content": self._run(call["input"])}
            for call in calls
        ]

    def _run(self, given: dict[str, Any]) -> str:
        command = ["bash", "-c", given["command"]]
        return subprocess.run(
            command, cwd=self._workspace, capture_output=True, text=True, check=True
        ).stdout


def _ask(connection: HTTPConnection, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    settings = {"model": MODEL, "max_tokens": MAX_TOKENS, "system": SYSTEM, "tools": TOOLS}
    body = json.dumps({**settings, "messages": messages})
    headers = {"x-api-key": "demo-key", "anthropic-version": "2023-06-01"}
    connection.request("POST", "/v1/messages", body, headers)
    content: list[dict[str, Any]] = json.load(connection.getresponse())["content"]
    return content
