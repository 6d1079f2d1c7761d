"""What the walk over a text needs of whoever runs its commands."""

from typing import Protocol

from policy.effects import Effect
from policy.shell.scope import Origin, Scope
from policy.shell.streams import Stream


class Machine(Protocol):
    """Carries out texts, commands and effects in imagination, and answers their output."""

    def run_text(self, text: str, scope: Scope, origin: Origin) -> Stream:
        """Run a bash text in a scope."""
        ...

    def run_words(
        self, words: tuple[str, ...], scope: Scope, origin: Origin, stdin: Stream | None
    ) -> Stream:
        """Run one expanded command."""
        ...

    def apply(self, effect: Effect, scope: Scope, origin: Origin) -> None:
        """Let an effect happen that is none of a program, such as that of a redirection."""
        ...
