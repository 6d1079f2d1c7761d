"""Secrets blanked before anything is shown or stored: known values, and what looks like a key.

Known values are found wherever they stand. Short ones, such as a code of four digits, are found
only as words: `6283` in `16283` stays, `code=6283` goes. A text about something else that has the
same four digits as a word loses them too: better than a code that is read.
"""

import re
from collections.abc import Iterable, Mapping
from functools import partial
from urllib.parse import quote

from policy.key_blocks import BLANKED, KeyBlocks
from policy.key_shapes import BEGUN, NAMED, NAMES, PREFIXED, Shape

SHORTEST_CHARACTERS = 3
"""Shorter secrets are not blanked: every text has them."""

WORD_CHARACTERS = 12
"""Shorter secrets are blanked only as words."""

PART_CHARACTERS = 16
"""Parts of a list or of an address are secrets of their own from this length on."""

CUT_CHARACTERS = 8
"""So much of a secret at the end of a text that was cut is blanked as well."""

LONGEST_BEGUN_CHARACTERS = 2_000
"""Looked at for the beginning of a key; keeps the time linear in a line without end."""

_SECRET_NAME = re.compile(
    r"PASSW(OR)?D|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|WEBHOOK(_URL)?"
    r"|(API|ACCESS|SECRET|PRIVATE|AUTH|ACCOUNT|ENCRYPTION|SIGNING|MASTER)_?KEY"
)


def secret_values(environment: Mapping[str, str]) -> list[str]:
    """Values of variables whose name ends in a word for secrets."""
    return [
        value
        for name, value in environment.items()
        if len(value) >= CUT_CHARACTERS
        and not value.startswith("/")
        and re.search(rf"(^|_)({_SECRET_NAME.pattern})\Z", name)
    ]


class Redactor:
    """Blanks the given secrets, their parts, and keys that nobody told it about."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for secret in secrets for form in _forms(secret)}
        self._known = sorted(known, key=len, reverse=True)
        self._patterns = {secret: _exactly(secret) for secret in self._known}

    def text(self, text: str) -> str:
        """Blank a whole text."""
        return self.stream().lines(text)

    def stream(self) -> "RedactedStream":
        """Begin a text that comes in pieces."""
        return RedactedStream(self)

    def begun(self, text: str) -> int:
        """Where at the end of `text` a secret may have begun; its length where none has."""
        begins = [len(text) - _overlap(text, secret) for secret in self._known]
        if found := BEGUN.search(text, max(0, len(text) - LONGEST_BEGUN_CHARACTERS)):
            begins.append(found.start())
        return min(begins, default=len(text))

    def known(self, text: str) -> str:
        """Blank the given secrets only: a user may give Claude a key of their own to work with."""
        for secret, pattern in self._patterns.items():
            if secret in text:
                text = pattern.sub(BLANKED, text)
        return self._end_blanked(text)

    def blanked(self, text: str) -> str:
        """Blank what stands within lines."""
        text = self.known(text)
        text = _without(PREFIXED, text)
        if _has_name(text):  # few lines have one, and its patterns are slow
            lines = text.split("\n")
            text = "\n".join(_without(NAMED, line) if _has_name(line) else line for line in lines)
        return text

    def _end_blanked(self, text: str) -> str:
        end = text.rstrip("…\n")
        for secret in self._known:
            if len(secret) >= WORD_CHARACTERS:
                cut = _overlap(end, secret)
                if cut >= CUT_CHARACTERS:
                    return end[:-cut] + BLANKED + text[len(end) :]
        return text


class RedactedStream:
    """A text in pieces of whole lines; a private key may go over several of them."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._blocks = KeyBlocks()

    def lines(self, text: str) -> str:
        """Blank the next lines."""
        return self._redactor.blanked(self._blocks.lines(text)) if text else text

    def begun(self, text: str) -> int:
        """Where in an unfinished line a secret may have begun; its length where none has."""
        return self._redactor.begun(text)


def _forms(secret: str) -> set[str]:
    """A secret as it may be written: whole, its long parts, as part of an address."""
    secret = secret.strip()
    parts = re.split(r"[/:@?&=#]+" if "://" in secret else r"[\s,:]+", secret)
    wholes = [secret, *(part for part in parts if len(part) >= PART_CHARACTERS)]
    forms = {form for whole in wholes for form in (whole, quote(whole, safe=""))}
    return {form for form in forms if len(form) >= SHORTEST_CHARACTERS}


def _exactly(secret: str) -> re.Pattern[str]:
    if len(secret) >= WORD_CHARACTERS:
        return re.compile(re.escape(secret))
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])")


def _overlap(text: str, secret: str) -> int:
    """How many characters at the end of `text` are the beginning of `secret`, but not all."""
    longest = min(len(secret) - 1, len(text))
    return next((n for n in range(longest, 0, -1) if text.endswith(secret[:n])), 0)


def _has_name(text: str) -> bool:
    lowered = text.lower()
    return any(name in lowered for name in NAMES)


def _without(shapes: Iterable[Shape], text: str) -> str:
    lowered = text.lower()
    for shape in shapes:
        if any(hint in lowered for hint in shape.hints):
            text = shape.pattern.sub(partial(_blanked, shape), text)
    return text


def _blanked(shape: Shape, found: re.Match[str]) -> str:
    if not shape.looks(found["key"]):
        return found[0]
    return found.groupdict().get("keep", "") + BLANKED
