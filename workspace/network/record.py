"""What a command reached and what it was refused, kept in its directory. Standard library only."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from workspace.network.door import RECORD_FILE

MOST_ENTRIES = 200
"""Of one command; a host counts once."""


@dataclass(frozen=True)
class Attempt:
    """A host and port that was asked for; `reason` says why it was refused, "" if it was not."""

    target: str
    reason: str = ""

    def __str__(self) -> str:
        if self.reason:
            return f"The network refused: {self.target} ({self.reason})"
        return f"The network allowed: {self.target}"


class Record:
    """Writes down each attempt once, at once, so that it outlives the proxy."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._known: set[Attempt] = set()

    def add(self, attempt: Attempt) -> None:
        """Write an attempt down, unless it is known or there are too many."""
        if attempt not in self._known and len(self._known) < MOST_ENTRIES:
            self._known.add(attempt)
            self._file.write(json.dumps(asdict(attempt)).encode() + b"\n")
            self._file.flush()


def read_record(command: Path) -> list[Attempt]:
    """Return what the command of this directory tried to reach, first one first."""
    try:
        lines = (command / RECORD_FILE).read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return [Attempt(**json.loads(line)) for line in lines if line.endswith(b"\n")]


def refused(command: Path) -> list[str]:
    """Return a sentence on every host that was refused to the command of this directory."""
    return [str(attempt) for attempt in read_record(command) if attempt.reason]
