"""The prompt as a chain of blocks: its size, its signatures, and what is cached of it."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from demo.errors import invalid

CHARACTERS_PER_TOKEN = 4
SIGNING_KEY = b"the scripted Claude's own hand"
"""Fixed, so that a conversation goes on after the server was restarted."""
LOOKBACK_BLOCKS = 20
"""How far before a breakpoint the API looks for an earlier cache entry (docs, prompt caching)."""
CACHE_SECONDS = {"5m": 300.0, "1h": 3600.0}


def tokens(characters: int) -> int:
    """Estimate the tokens of a number of characters, rounded up."""
    return -(-characters // CHARACTERS_PER_TOKEN)


@dataclass(frozen=True)
class Mark:
    """The prompt up to the end of one block; `ttl_seconds` is set where it is to be cached."""

    digest: bytes
    characters: int
    ttl_seconds: float | None


class Prefix:
    """Everything before the next block. It can only grow."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.characters = 0

    def add(self, section: str, block: Mapping[str, Any]) -> None:
        """Append a block of a section: tools, system or a role."""
        part = f"{section}:{canonical(block)}\n"
        self._hash.update(part.encode())
        self.characters += len(part)

    def mark(self, ttl_seconds: float | None) -> Mark:
        """Answer where the prompt has got to."""
        return Mark(self._hash.digest(), self.characters, ttl_seconds)

    def sign(self, thinking: str) -> str:
        """Answer the signature that a thinking block has at this place, and nowhere else."""
        proof = hmac.digest(SIGNING_KEY, self._hash.digest() + thinking.encode(), "sha256")
        return "EqQB" + base64.b64encode(proof).decode()


@dataclass
class Prompt:
    """A request's prompt after its signatures were found good."""

    prefix: Prefix
    marks: list[Mark]

    @property
    def tokens(self) -> int:
        """Its estimated size."""
        return tokens(self.marks[-1].characters)


def canonical(block: Mapping[str, Any]) -> str:
    """Answer one spelling for all ways to write a block; cache marks are no part of it."""
    return json.dumps(_plain(block), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _plain(block: Mapping[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in block.items() if value is not None and value is not False}
    plain.pop("cache_control", None)
    if "content" in plain:
        plain["content"] = [_plain(inner) for inner in blocks_of(plain["content"])]
    return plain


def blocks_of(content: str | list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Answer content as blocks, for a string is short for one text block."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return content or []


def read_prompt(request: Mapping[str, Any]) -> Prompt:
    """Walk the prompt in the order tools, system, messages.

    Raises ApiError when a thinking block is not the one that was given out at its place.
    """
    prefix, marks = Prefix(), list[Mark]()
    for section, place, block in _walk(request):
        if block.get("type") == "thinking":
            _check_signature(prefix, place, block)
        prefix.add(section, block)
        marks.append(prefix.mark(_ttl_seconds(block.get("cache_control"))))
    if request.get("cache_control") and marks:
        marks[-1] = prefix.mark(_ttl_seconds(request["cache_control"]))
    return Prompt(prefix, marks)


def _walk(request: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for tool in request.get("tools") or []:
        yield "tools", "tools", tool
    for block in blocks_of(request.get("system")):
        yield "system", "system", block
    for at, message in enumerate(request["messages"]):
        for number, block in enumerate(blocks_of(message["content"])):
            yield message["role"], f"messages.{at}.content.{number}", block


def _check_signature(prefix: Prefix, place: str, block: Mapping[str, Any]) -> None:
    if not hmac.compare_digest(block.get("signature") or "", prefix.sign(block["thinking"])):
        raise invalid(f"{place}: Invalid `signature` in `thinking` block")


def _ttl_seconds(cache_control: Mapping[str, str] | None) -> float | None:
    return CACHE_SECONDS[cache_control.get("ttl") or "5m"] if cache_control else None


class PromptCache:
    """Which prefixes the provider still holds.

    `clock` answers seconds; a prefix shorter than `minimum_tokens` is not cached (1,024 on
    Sonnet, docs).
    """

    def __init__(self, clock: Callable[[], float], minimum_tokens: int = 1024) -> None:
        self._clock = clock
        self._minimum_tokens = minimum_tokens
        self._until: dict[tuple[str, bytes], float] = {}

    def account(self, scope: str, marks: list[Mark]) -> tuple[int, int]:
        """Answer the tokens written to and read from the cache, and remember this prompt.

        `scope` names what empties the cache when it changes: model, effort, thinking.
        """
        points = [at for at, mark in enumerate(marks) if mark.ttl_seconds]
        if not points or tokens(marks[points[-1]].characters) < self._minimum_tokens:
            return 0, 0
        hit = max((self._hit(scope, marks, point) for point in points), default=-1)
        for point in points:
            self._keep(scope, marks[point], marks[point].ttl_seconds or 0.0)
        read = tokens(marks[hit].characters) if hit >= 0 else 0
        return tokens(marks[points[-1]].characters) - read, read

    def _hit(self, scope: str, marks: list[Mark], point: int) -> int:
        for at in range(point, max(-1, point - LOOKBACK_BLOCKS - 1), -1):
            if self._until.get((scope, marks[at].digest), 0.0) > self._clock():
                self._keep(scope, marks[at], CACHE_SECONDS["5m"])
                return at
        return -1

    def _keep(self, scope: str, mark: Mark, seconds: float) -> None:
        key = (scope, mark.digest)
        self._until[key] = max(self._until.get(key, 0.0), self._clock() + seconds)
