"""A command's output as text for people and for Claude: clean, cut to size, line by line."""

import codecs
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from policy.redaction import Redactor

HEAD_CHARACTERS = 5_000
TAIL_CHARACTERS = 5_000
"""What Claude reads of a long output (mini-swe-agent, SWE-agent); the rest stays in the file."""

LINE_CHARACTERS = 400
"""Longest line that is told live."""

PATIENCE_SECONDS = 1.0
"""How long a line without its end, such as a prompt or a progress bar, is held back."""

HELD_CHARACTERS = 64 * 1024
"""A line longer than this is let go in pieces, so that memory stays bounded."""

CHUNK_BYTES = 256 * 1024

ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor (ECMA-48 5.4)
    r"|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?"  # OSC, DCS and their kind: titles, links
    r"|\x1b[ -/]*[0-~]"
)
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""C0 and C1 without tab and newline, and the marks that reverse text for the eye."""


def clean(text: str) -> str:
    """Text as a person would see it at the end: no escapes, overwritten progress bars gone."""
    if "\x1b" in text:
        text = ESCAPES.sub("", text)
    if "\r" in text:
        text = "\n".join(map(_last_written, text.split("\n")))
    return CONTROLS.sub("", text)


def _last_written(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2]


class TextReader:
    """Turns bytes, however they are cut, into clean text of whole lines.

    A line is let go unfinished only up to where `begun` says that something has begun in it that
    must not be cut.
    """

    def __init__(self, begun: Callable[[str], int] = len) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = begun
        self._held = ""

    @property
    def holds(self) -> bool:
        """Whether part of a line waits for its end."""
        return bool(self._held)

    def feed(self, data: bytes) -> str:
        """Add bytes; return the lines they complete, each with its newline."""
        text = self._held + self._decoder.decode(data)
        cut = text.rfind("\n") + 1
        if len(text) - cut > HELD_CHARACTERS:
            cut = max(cut, self._begun(text)) or len(text)
        self._held = text[cut:]
        return clean(text[:cut])

    def flush(self, *, final: bool = False) -> str:
        """Return the part of a line that was held; `final` when no more bytes will come."""
        if not final and self._begun(clean(self._held)) < len(clean(self._held)):
            return ""
        text, self._held = self._held, ""
        return clean(text + (self._decoder.decode(b"", final=True) if final else ""))


class LineBatcher:
    """Output that is told while it comes: complete lines, none too long, none held for ever.

    Secrets are blanked before a line is cut. Pure: the caller brings the bytes and the clock
    (seconds, monotonic).
    """

    def __init__(
        self,
        redactor: Redactor,
        longest: int = LINE_CHARACTERS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._longest = longest
        self._patience_seconds = patience_seconds
        self._stream = redactor.stream()
        self._reader = TextReader(self._stream.begun)
        self._held_since: float | None = None

    @property
    def holds(self) -> bool:
        """Whether part of a line is held back."""
        return self._reader.holds

    def take(self, data: bytes, now: float) -> list[str]:
        """Add bytes, possibly none, at `now`; return the lines that may be told."""
        text = self._reader.feed(data)
        if text or not self._reader.holds:
            self._held_since = None
        if self._reader.holds and self._held_since is None:
            self._held_since = now
        if self._held_since is not None and now - self._held_since >= self._patience_seconds:
            text += self._reader.flush()
            self._held_since = None
        return self._lines(text)

    def end(self) -> list[str]:
        """Return what is left when the command has ended."""
        return self._lines(self._reader.flush(final=True))

    def _lines(self, text: str) -> list[str]:
        text = self._stream.lines(text)
        lines = text.removesuffix("\n").split("\n") if text else []
        return [line if len(line) <= self._longest else self._cut(line) for line in lines]

    def _cut(self, line: str) -> str:
        return line[: self._longest - 1] + "…"


def head_and_tail(
    path: Path,
    head_characters: int = HEAD_CHARACTERS,
    tail_characters: int = TAIL_CHARACTERS,
) -> tuple[str, int]:
    """Return the clean text of a file, or its beginning and end, and how much was left out.

    The second number counts the characters missing between the two; 0 when the text is whole.
    The file is read in pieces, so its size does not matter.
    """
    head, tail, total = "", "", 0
    for piece in _pieces(path):
        total += len(piece)
        room = head_characters - len(head)
        head += piece[:room]
        tail = (tail + piece[room:])[-tail_characters:] if tail_characters else ""
    left_out = total - len(head) - len(tail)
    if not left_out:
        return head + tail, 0
    return f"{head}\n[... {left_out:,} characters left out ...]\n{tail}", left_out


def _pieces(path: Path) -> Iterator[str]:
    reader = TextReader()
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            yield reader.feed(data)
    yield reader.flush(final=True)


def blank_file(path: Path, redactor: Redactor) -> None:
    """Blank the secrets in a file, if there are any; nobody writes it any more."""
    if not path.exists() or all(before == after for before, after in _blanked(path, redactor)):
        return
    draft = path.with_name(f"{path.name}.blanked")
    draft.touch(0o600)
    with draft.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        file.writelines(after for _, after in _blanked(path, redactor))
    draft.replace(path)


def _blanked(path: Path, redactor: Redactor) -> Iterator[tuple[str, str]]:
    stream = redactor.stream()
    with path.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        while lines := file.readlines(CHUNK_BYTES):
            text = "".join(lines)
            yield text, stream.lines(text)
