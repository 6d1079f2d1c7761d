"""One message to Discord, and the manner in which it is told."""

from dataclasses import dataclass, field
from typing import Any

SILENT = 4_096
"""SUPPRESS_NOTIFICATIONS: the message is there, and no phone rings."""


@dataclass(frozen=True)
class Manner:
    """How Discord is told: all of it or the essence, whom to mention, how people can answer."""

    detailed: bool = True
    mention_user: str = ""
    buttons: bool = False
    answers_here: bool = False


@dataclass
class Note:
    """One message to post; `files` are name and text, `asks` the request that it asks about."""

    body: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)
    asks: str = ""


def ringing(line: str, manner: Manner) -> dict[str, Any]:
    """A message that reaches the one who is to answer; nobody else is ever mentioned."""
    if not manner.mention_user:
        return {"content": line}
    user = manner.mention_user
    return {"content": f"{line} <@{user}>", "allowed_mentions": {"users": [user]}}
