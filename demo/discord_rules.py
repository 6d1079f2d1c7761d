"""What Discord takes as a message, and in which words it refuses the rest.

Numbers are those of its public documentation (resources Webhook, Message, Embed), checked against
its OpenAPI description; the sum over the embeds stands in the documentation only.
"""

from collections.abc import Iterator, Sequence
from typing import Any

MAX_CONTENT = 2_000
MAX_EMBEDS = 10
MAX_EMBED_SUM = 6_000
MAX_FIELDS = 25
MAX_FILES = 10
MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_BUTTONS_IN_ROW = 5
MAX_ROWS = 5
MAX_CUSTOM_ID = 100
MAX_LABEL = 80

_IN_EMBED = {"title": 256, "description": 4_096}
_IN_FIELD = {"name": 256, "value": 1_024}
_LINK_BUTTON = 5
_WEBHOOK_FLAGS = 4 | 4_096 | 32_768  # no embeds, no notification, components of version 2


class DiscordError(Exception):
    """A refusal as Discord words it; `code` is Discord's own, beside the HTTP status."""

    def __init__(
        self, status: int, message: str, code: int = 0, *, errors: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.errors = errors or {}

    def body(self) -> dict[str, Any]:
        """Answer the JSON document of this refusal."""
        body: dict[str, Any] = {"message": str(self), "code": self.code}
        if self.errors:
            body["errors"] = {
                where: {"_errors": [{"code": "BASE_TYPE_BAD_LENGTH", "message": why}]}
                for where, why in self.errors.items()
            }
        return body


def check_message(body: dict[str, Any], files: Sequence[bytes], *, buttons: bool) -> None:
    """Refuse what Discord would. `buttons` tells whether the sender may have interactive ones.

    Raises:
        DiscordError: the message breaks a rule.
    """
    errors = dict(
        [
            *_too_long(body, {"content": MAX_CONTENT}, ""),
            *_bad_embeds(body.get("embeds") or []),
            *_bad_components(body.get("components") or [], buttons=buttons),
            *_bad_mentions(body.get("allowed_mentions") or {}),
            *_bad_files(files),
        ]
    )
    if int(body.get("flags") or 0) & ~_WEBHOOK_FLAGS:
        errors["flags"] = "Such a flag cannot be set."
    if errors:
        raise DiscordError(400, "Invalid Form Body", 50035, errors=errors)
    if not (body.get("content") or body.get("embeds") or body.get("components") or files):
        raise DiscordError(400, "Cannot send an empty message", 50006)


def _too_long(
    given: dict[str, Any], limits: dict[str, int], where: str
) -> Iterator[tuple[str, str]]:
    for name, most in limits.items():
        if len(str(given.get(name) or "")) > most:
            yield f"{where}{name}", f"Must be {most} or fewer in length."


def _bad_embeds(embeds: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    if len(embeds) > MAX_EMBEDS:
        yield "embeds", f"Must be {MAX_EMBEDS} or fewer in length."
    for number, embed in enumerate(embeds):
        where = f"embeds.{number}."
        yield from _too_long(embed, _IN_EMBED, where)
        yield from _too_long(embed.get("footer") or {}, {"text": 2_048}, f"{where}footer.")
        yield from _too_long(embed.get("author") or {}, {"name": 256}, f"{where}author.")
        yield from _bad_fields(embed.get("fields") or [], where)
    if sum(map(_length, embeds)) > MAX_EMBED_SUM:
        yield "embeds", f"Embed size exceeds maximum size of {MAX_EMBED_SUM}"


def _bad_fields(fields: list[dict[str, Any]], where: str) -> Iterator[tuple[str, str]]:
    if len(fields) > MAX_FIELDS:
        yield f"{where}fields", f"Must be {MAX_FIELDS} or fewer in length."
    for number, field in enumerate(fields):
        yield from _too_long(field, _IN_FIELD, f"{where}fields.{number}.")
        for name in _IN_FIELD:
            if not str(field.get(name) or "").strip():
                yield f"{where}fields.{number}.{name}", "This field is required"


def _length(embed: dict[str, Any]) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for field in embed.get("fields") or []:
        texts += [field.get("name"), field.get("value")]
    return sum(len(str(text or "")) for text in texts)


def _bad_components(rows: list[dict[str, Any]], *, buttons: bool) -> Iterator[tuple[str, str]]:
    if len(rows) > MAX_ROWS:
        yield "components", f"Must be {MAX_ROWS} or fewer in length."
    for row in rows:
        inside = row.get("components") or []
        if not 1 <= len(inside) <= MAX_BUTTONS_IN_ROW:
            yield "components", f"Must be between 1 and {MAX_BUTTONS_IN_ROW} in length."
        for button in inside:
            limits = {"label": MAX_LABEL, "custom_id": MAX_CUSTOM_ID, "url": 512}
            yield from _too_long(button, limits, "components.")
            if button.get("style") != _LINK_BUTTON and not buttons:
                yield "components", "Only webhooks of an application may send such components."


def _bad_mentions(allowed: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for kind in ("users", "roles"):
        if allowed.get(kind) and kind in (allowed.get("parse") or []):
            yield "allowed_mentions", f'parse:["{kind}"] and {kind}: [ids...] exclude each other.'


def _bad_files(files: Sequence[bytes]) -> Iterator[tuple[str, str]]:
    if len(files) > MAX_FILES:
        yield "files", f"Must be {MAX_FILES} or fewer in length."
    if any(len(file) > MAX_FILE_BYTES for file in files):
        raise DiscordError(413, "Request entity too large", 40005)
