"""A change and a conversation as texts, for whoever asks for those and not for JSON."""

from typing import Any

from fastapi import Request, Response

from models.shown import Log

_WHO = {"user": "You", "claude": "Claude", "tool": "Tool"}


class Patch(Response):
    """A change that `git apply` takes."""

    media_type = "text/x-diff"
    declared: dict[str, Any] = {"content": {"text/x-diff": {"schema": {"type": "string"}}}}


class Markdown(Response):
    """A conversation to read."""

    media_type = "text/markdown"
    declared: dict[str, Any] = {"content": {"text/markdown": {"schema": {"type": "string"}}}}

    @classmethod
    def of(cls, log: Log) -> "Markdown":
        """Write a conversation down."""
        left_out = [f"*{log.truncated} earlier entries are left out.*"] if log.truncated else []
        told = [f"**{_WHO[entry.who]}:**\n\n{entry.text}" for entry in log.entries]
        return cls("\n\n".join([*left_out, *told]) + "\n")


def prefers(request: Request, kind: type[Response]) -> bool:
    """Whether the header Accept names this kind of text, and JSON not before it."""
    accepted = [one.split(";")[0].strip() for one in request.headers.get("accept", "").split(",")]
    named = [one for one in accepted if one in {kind.media_type, "application/json"}]
    return named[:1] == [kind.media_type]
