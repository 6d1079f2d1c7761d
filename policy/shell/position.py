"""Where in the grammar the lexer stands: what decides whether `if` is a reserved word."""

import re
from enum import Enum, auto

from policy.vocabulary import named

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")


class _State(Enum):
    COMMAND = auto()
    ARGUMENT = auto()
    FOR_NAME = auto()
    FOR_IN = auto()
    CASE_WORD = auto()
    CASE_IN = auto()
    PATTERN = auto()
    FUNCTION = auto()


_AFTER = {
    **named("if then elif else while until do { ! time coproc", _State.COMMAND),
    **named("fi done } esac", _State.COMMAND),
    "for": _State.FOR_NAME,
    "select": _State.FOR_NAME,
    "case": _State.CASE_WORD,
    "function": _State.FUNCTION,
}
_KEPT_OVER_NEWLINE = frozenset(
    (_State.FOR_NAME, _State.FOR_IN, _State.CASE_IN, _State.PATTERN, _State.FUNCTION)
)


class Position:
    """Follows words and operators; answers which words are reserved."""

    def __init__(self) -> None:
        self._state = _State.COMMAND
        self._target = False
        self._cases = 0

    @property
    def at_command(self) -> bool:
        """A command may start here."""
        return self._state is _State.COMMAND and not self._target

    @property
    def may_compute(self) -> bool:
        """`((` may start arithmetic here."""
        return self.at_command or self._state is _State.FOR_NAME

    @property
    def in_pattern(self) -> bool:
        """Here is a pattern of `case`, where a parenthesis closes nothing."""
        return self._state is _State.PATTERN

    def redirect(self) -> None:
        """The next word is the target of a redirection."""
        self._target = True

    def operator(self, text: str) -> None:
        """Pass an operator or a newline."""
        self._target = False
        if text == "\n" and self._state in _KEPT_OVER_NEWLINE:
            return
        if self.in_pattern and text in ("(", "|"):
            return
        ends_item = text in (";;", ";&", ";;&") and self._cases
        self._state = _State.PATTERN if ends_item else _State.COMMAND

    def word(self, text: str) -> bool:
        """Pass a word; tell whether it is reserved here."""
        if self._target:
            self._target = False
            return False
        if self._state is _State.COMMAND:
            return self._command_word(text)
        if self._state is _State.PATTERN:
            return self._pattern_word(text)
        return self._head_word(text)

    def _command_word(self, text: str) -> bool:
        if text in _AFTER:
            self._state = _AFTER[text]
            self._cases -= text == "esac" and self._cases > 0
            return True
        if not _ASSIGNMENT.match(text):
            self._state = _State.ARGUMENT
        return False

    def _pattern_word(self, text: str) -> bool:
        if text != "esac":
            return False
        self._cases -= 1
        self._state = _State.COMMAND
        return True

    def _head_word(self, text: str) -> bool:
        """A word in the head of `for`, `case` or `function`, or an argument."""
        if self._state is _State.FOR_IN and text in ("in", "do", "{"):
            self._state = _State.ARGUMENT if text == "in" else _State.COMMAND
            return True
        if self._state is _State.CASE_IN and text == "in":
            self._state = _State.PATTERN
            self._cases += 1
            return True
        self._state = {
            _State.FOR_NAME: _State.FOR_IN,
            _State.CASE_WORD: _State.CASE_IN,
            _State.FUNCTION: _State.COMMAND,
        }.get(self._state, _State.ARGUMENT)
        return False
