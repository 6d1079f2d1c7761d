"""Where a quotation or an expansion ends in bash text.

Every function takes the index where its construct starts and answers the index behind it. They
raise `Unfinished` when the text ends first, and `TooDeep` past `MAX_DEPTH` levels of nesting.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

MAX_DEPTH = 40
"""Levels of nested quotation and substitution that are read. People write three."""
MAX_UNCLOSED = 20
"""Unclosed `((` after which no more are looked for."""

PLAIN = re.compile(r"""[^\\'"$`|&;()<> \t\n]+""")
_DOUBLE_PLAIN = re.compile(r'[^"\\$`]+')
_BRACE_PLAIN = re.compile(r"""[^\\'"$`{}]+""")
_ANSI = re.compile(r"(?:[^'\\]|\\.)*'", re.DOTALL)
_BACKTICK = re.compile(r"(?:[^`\\]|\\.)*`", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]", re.ASCII)
_BALANCED_PLAIN = re.compile(r"""[^\\'"$`()#\s]+""")
_COMMAND_BRACE_END = re.compile(r"[;\n]\s*\}")
_COMMENT = re.compile(r"#[^\n]*")


class Unfinished(Exception):
    """A quotation or bracket is never closed: give the command again with it closed."""


class TooDeep(Exception):
    """The command is nested too deeply to be read: write it as several commands."""


@dataclass(frozen=True)
class Extents:
    """Finds the ends of constructs in `text`; `group` finds the end of a `(...)` of commands."""

    text: str
    group: Callable[[int, int], int]
    _known: dict[int, int] = field(default_factory=dict)
    _open: list[int] = field(default_factory=list)
    _open_braces: list[int] = field(default_factory=list)

    def quoted(self, start: int, depth: int) -> int:
        """End of what starts with a backslash, quote, backtick or dollar at `start`."""
        if depth > MAX_DEPTH:
            raise TooDeep
        match self.text[start]:
            case "\\":
                return start + 2
            case "'":
                return self._find("'", start + 1)
            case '"':
                return self.double(start, depth)
            case "`":
                return self._match(_BACKTICK, start + 1)
            case _:
                return self.dollar(start, depth, in_double=False)

    def double(self, start: int, depth: int) -> int:
        """End of a double-quoted string."""
        text, at = self.text, start + 1
        while at < len(text):
            if plain := _DOUBLE_PLAIN.match(text, at):
                at = plain.end()
            elif text[at] == '"':
                return at + 1
            elif text[at] == "$":
                at = self.dollar(at, depth + 1, in_double=True)
            else:
                at = self.quoted(at, depth + 1)
        raise Unfinished

    def dollar(self, start: int, depth: int, *, in_double: bool) -> int:
        """End of what a dollar starts; a lone dollar is one character."""
        if depth > MAX_DEPTH:
            raise TooDeep
        following = self.text[start + 1 : start + 2]
        if following == "(":
            return self._substitution(start, depth)
        if following == "{":
            return self.brace(start + 2, depth + 1, in_double=in_double)
        if following == "[":
            return self._find("]", start + 2)
        if following == "'" and not in_double:
            return self._match(_ANSI, start + 2)
        if following == '"' and not in_double:
            return self.double(start + 1, depth + 1)
        name = _NAME.match(self.text, start + 1)
        return name.end() if name else start + 1

    def _substitution(self, start: int, depth: int) -> int:
        """End of `$(...)` or `$((...))`; remembered, for both readings look into the same text."""
        if start not in self._known:
            self._known[start] = 0
            inside = self.arithmetic(start + 1, depth + 1)
            self._known[start] = inside or self.group(start + 2, depth + 1)
        if not self._known[start]:
            raise Unfinished
        return self._known[start]

    def arithmetic(self, start: int, depth: int = 0) -> int | None:
        """End of `((...))` that starts at `start`; None when it is nested subshells instead."""
        if not self.text.startswith("((", start) or len(self._open) >= MAX_UNCLOSED:
            return None
        try:
            inner = self.balanced(start + 2, depth)
        except Unfinished:
            self._open.append(start)
            return None
        return inner + 1 if self.text.startswith(")", inner) else None

    def balanced(self, start: int, depth: int = 0) -> int:
        """End of an array, a pattern or arithmetic whose opening parenthesis is before `start`."""
        text, at, open_ = self.text, start, 1
        while at < len(text):
            if plain := _BALANCED_PLAIN.match(text, at):
                at = plain.end()
                continue
            character = text[at]
            if character in "()":
                open_ += 1 if character == "(" else -1
            if character in "\\'\"$`":
                at = self.quoted(at, depth + 1)
            elif character == "#" and text[at - 1].isspace() and (note := _COMMENT.match(text, at)):
                at = note.end()
            else:
                at += 1
            if not open_:
                return at
        raise Unfinished

    def brace(self, start: int, depth: int, *, in_double: bool) -> int:
        """End of `${...}` whose inside starts at `start`."""
        text, at = self.text, start
        if text[at : at + 1] in (" ", "\t", "\n", "|"):
            return self._command_brace(at)
        while at < len(text):
            if plain := _BRACE_PLAIN.match(text, at):
                at = plain.end()
            elif text[at] == "}":
                return at + 1
            elif text[at] == "{" or (in_double and text[at] == "'"):
                at += 1
            elif text[at] == "$":
                at = self.dollar(at, depth + 1, in_double=in_double)
            else:
                at = self.quoted(at, depth + 1)
        raise Unfinished

    def _command_brace(self, start: int) -> int:
        """End of `${ command; }`, which bash 5.3 runs like a substitution."""
        closing = None if self._open_braces else _COMMAND_BRACE_END.search(self.text, start)
        if not closing:
            self._open_braces.append(start)
            raise Unfinished
        return closing.end()

    def _find(self, closing: str, start: int) -> int:
        found = self.text.find(closing, start)
        if found < 0:
            raise Unfinished
        return found + 1

    def _match(self, pattern: re.Pattern[str], start: int) -> int:
        found = pattern.match(self.text, start)
        if not found:
            raise Unfinished
        return found.end()
