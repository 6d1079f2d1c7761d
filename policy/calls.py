"""One simple command, expanded: what the rules look at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from policy.effects import Effect
from policy.shell.marks import typed
from policy.shell.streams import Stream


@dataclass(frozen=True)
class Call:
    """A program and its words. `stdin` is None when nothing is fed to it."""

    program: str
    words: tuple[str, ...]
    stdin: Stream | None = None
    cwd: str = ""
    home: str = ""
    files: dict[str, Stream] = field(default_factory=dict)

    @property
    def args(self) -> tuple[str, ...]:
        """The words after the program."""
        return self.words[1:]

    @property
    def path(self) -> str:
        """The program as it was called, with its directory."""
        return self.words[0]

    def asks_for_help(self) -> bool:
        """It only prints its help or version, which programs do before anything else."""
        args = self.args[: self.args.index("--")] if "--" in self.args else self.args
        return "--help" in args or args[:1] == ("--version",)

    def line(self) -> str:
        """The words after the program as one text."""
        return " ".join(typed(arg) for arg in self.args)


Rule = Callable[[Call], Iterator[Effect]]
"""Reads one call and yields what it does."""
