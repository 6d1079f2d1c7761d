"""Text that flows between commands, as far as it is known before anything runs."""

from dataclasses import dataclass
from enum import StrEnum

from policy.shell.marks import HOLE, is_known


class Source(StrEnum):
    """Where unknown text comes from."""

    PROGRAM = "the output of another program"
    FILE = "a file of the project"
    DOWNLOAD = "a download"
    DECODED = "decoded text"


@dataclass(frozen=True)
class Stream:
    """Output of a command or content of a file; unknown parts are `HOLE`."""

    text: str
    source: Source = Source.PROGRAM

    @property
    def is_known(self) -> bool:
        """Every character is known."""
        return is_known(self.text)

    def __add__(self, other: "Stream") -> "Stream":
        worse = other.source if other.source in _FOREIGN else self.source
        return Stream(self.text + other.text, worse)


_FOREIGN = frozenset((Source.DOWNLOAD, Source.DECODED))
SILENCE = Stream("")
UNKNOWN = Stream(HOLE)
