"""What a word of bash text stands for: quotes, escapes, expansions, braces, splitting.

Manual: bash(1), "Expansion". What only running it would tell becomes `HOLE`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from policy.shell import arithmetic, braces, escapes
from policy.shell.extents import Extents, Unfinished
from policy.shell.lexer import extents_of
from policy.shell.marks import (
    ABSENT,
    BRACKET,
    CLOSE,
    COMMA,
    EMPTY,
    HOLE,
    OPEN,
    QUESTION,
    SPLIT,
    STAR,
    active,
    typed,
)
from policy.shell.parameters import Parameters
from policy.shell.scope import Scope

_SIMPLE = re.compile(r"[\w./:=@%^+,-]+")
_PLAIN = re.compile(r"[^\\'\"$`*?\[{},~<>()]+")
_DOUBLE_PLAIN = re.compile(r'[^"\\$`]+')
_SPACES = re.compile(r"[ \t\n]+")
_TILDE = re.compile(r"~([+-]|[A-Za-z_][\w.-]*)?(?=/|:|$)")
_MARKED = {"(": STAR, "*": STAR, "?": QUESTION, "[": BRACKET, "{": OPEN, ",": COMMA, "}": CLOSE}
_ASSIGNED = re.compile(r"[A-Za-z_]\w*\+?=$")
_BACKTICK_ESCAPE = re.compile(r"\\([\\$`])")


@dataclass
class Choice:
    """Which of the possible values each variable has; remembers the variables that had several."""

    picks: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    unknown: bool = False

    def pick(self, name: str, values: tuple[str, ...]) -> str:
        """The chosen value."""
        if len(values) == 1:
            return values[0]
        self.sizes[name] = len(values)
        if self.unknown:
            return HOLE
        return values[min(self.picks.get(name, 0), len(values) - 1)]


@dataclass
class Expander:
    """Expands the words of one command in one scope.

    `substitute` runs a substitution (its text, where the text starts in the script or None) and
    answers its output; `pipe` does so for `<(...)` and answers the file name that stands for it.
    """

    scope: Scope
    substitute: Callable[[str, int | None], str]
    pipe: Callable[[str, int | None, str], str]
    choice: Choice = field(default_factory=Choice)

    def fields(self, raw: str, start: int | None) -> list[str]:
        """Words that a raw word becomes: none, one or several."""
        if _SIMPLE.fullmatch(raw):
            return [raw]
        marked = self.marked(raw, start)
        words = [part for word in braces.expand(marked) for part in word.split(SPLIT)]
        return [_settled(word) for word in words if word]

    def text(self, raw: str, start: int | None) -> str:
        """Text of a raw word where bash does not split: an assignment, a redirection's target."""
        if _SIMPLE.fullmatch(raw):
            return raw
        return _settled(typed(self.marked(raw, start).replace(SPLIT, " ")))

    def quoted(self, body: str, start: int | None) -> str:
        """Text of the inside of double quotes or of a here-document."""
        return _settled(self._double(body, start).replace(SPLIT, " ").replace(EMPTY, ""))

    def marked(self, raw: str, start: int | None) -> str:
        """Expansion of a raw word with every mark still in it."""
        return "".join(self._pieces(raw, start))

    def _pieces(self, raw: str, start: int | None) -> Iterator[str]:
        extents = extents_of(raw)
        at = 0
        while at < len(raw):
            if plain := _PLAIN.match(raw, at):
                yield plain.group()
                at = plain.end()
                continue
            end = min(_end(extents, raw, at), len(raw))
            yield self._piece(raw, at, end, start)
            at = end

    def _piece(self, raw: str, at: int, end: int, start: int | None) -> str:
        character = raw[at]
        if character in "\\'\"":
            return self._quotation(raw, at, end, start)
        if character == "`":
            offset = None if start is None else start + at + 1
            return self._split(self._backtick(raw[at + 1 : end - 1], offset))
        if character == "$":
            return self._dollar(raw, at, end, start)
        if character == "~":
            return self._tilde(raw[at:end])
        if character in "<>" and end - at > 2:
            return self._pipe(raw, at, end, start)
        return _MARKED.get(character, character)

    def _quotation(self, raw: str, at: int, end: int, start: int | None) -> str:
        if raw[at] == "\\":
            return raw[at + 1 : end].replace("\n", "")
        inside = raw[at + 1 : end - 1]
        if raw[at] == '"':
            inside = self._double(inside, None if start is None else start + at + 1)
        return inside or EMPTY

    def _pipe(self, raw: str, at: int, end: int, start: int | None) -> str:
        return self.pipe(raw[at + 2 : end - 1], None if start is None else start + at + 2, raw[at])

    # --- quotes

    def _double(self, body: str, start: int | None) -> str:
        extents, parts, at = extents_of(body), list[str](), 0
        while at < len(body):
            if plain := _DOUBLE_PLAIN.match(body, at):
                parts.append(plain.group())
                at = plain.end()
                continue
            try:
                in_double = body[at] == "$"
                end = extents.dollar(at, 0, in_double=True) if in_double else extents.quoted(at, 0)
            except Unfinished:
                end = at + 1
            end = at + 1 if body[at] == '"' else min(end, len(body))
            parts.append(self._double_piece(body, at, end, start))
            at = end
        return "".join(parts)

    def _double_piece(self, body: str, at: int, end: int, start: int | None) -> str:
        piece = body[at:end]
        if piece.startswith("\\"):
            following = piece[1:2]
            return {"\n": ""}.get(following, following) if following in '$`"\\\n' else piece
        if piece.startswith("`"):
            return self._backtick(piece[1:-1], None if start is None else start + at + 1)
        if piece.startswith("$"):
            return self._value(body, at, end, start)
        return piece

    def _backtick(self, inside: str, start: int | None) -> str:
        body = _BACKTICK_ESCAPE.sub(r"\1", inside)
        return self.substitute(body, start if body == inside else None)

    # --- dollars

    def _dollar(self, raw: str, at: int, end: int, start: int | None) -> str:
        following = raw[at + 1 : at + 2]
        if following == "'":
            return escapes.decode(raw[at + 2 : end - 1]) or EMPTY
        if following == '"':
            return self._double(raw[at + 2 : end - 1], None if start is None else start + at + 2)
        if end == at + 1:
            return "$"
        return self._split(self._value(raw, at, end, start))

    def _value(self, raw: str, at: int, end: int, start: int | None) -> str:
        """Value of the expansion that stands from `at` to `end`."""
        parameters = Parameters(self.scope, self.choice.pick, self)
        body, offset = raw[at + 2 : end - 1], None if start is None else start + at + 2
        if raw.startswith("((", at + 1) and raw.endswith("))", at, end):
            return self._arithmetic(raw[at + 3 : end - 2], offset)
        if raw.startswith("(", at + 1):
            return self.substitute(body, offset)
        if raw.startswith("[", at + 1):
            return self._arithmetic(body, offset)
        if not raw.startswith("{", at + 1):
            return "$" if end == at + 1 else parameters.plain(raw[at + 1 : end])
        if body[:1] in (" ", "\t", "\n", "|"):
            return self.substitute(body.lstrip("|"), None)
        return parameters.braced(body, offset)

    def _arithmetic(self, body: str, start: int | None) -> str:
        text = self.quoted(body, start)
        value = arithmetic.evaluate(text, lambda name: self.scope.variables.get(name, ("",))[0])
        return HOLE if value is None else str(value)

    def _split(self, value: str) -> str:
        """Mark where an unquoted value splits into words, and its patterns."""
        separators = self.scope.variables.get("IFS", (" \t\n",))[0]
        if separators != " \t\n" and HOLE not in separators:
            for character in separators:
                value = value.replace(character, SPLIT)
            return active(value)
        return active(_SPACES.sub(SPLIT, value))

    def _tilde(self, text: str) -> str:
        user = text[1:]
        if text == "~+":
            return self.scope.cwd or HOLE
        if text == "~-":
            return HOLE
        return f"/home/{user}" if user else self.scope.home


def _end(extents: Extents, raw: str, at: int) -> int:
    """End of the piece of a word that starts at `at`."""
    character = raw[at]
    if (character in _MARKED and character != "(") or (
        character in ")<>" and not raw.startswith("(", at + 1)
    ):
        return at + 1
    if character == "~":
        return _tilde_end(raw, at)
    try:
        if character in "<>":
            return extents.group(at + 2, 1)
        return extents.balanced(at + 1) if character == "(" else extents.quoted(at, 0)
    except Unfinished:
        return len(raw)


def _tilde_end(raw: str, at: int) -> int:
    starts = at == 0 or raw[at - 1] == ":" or _ASSIGNED.fullmatch(raw, 0, at)
    found = _TILDE.match(raw, at) if starts else None
    return found.end() if found else at + 1


def _settled(word: str) -> str:
    """A finished word: braces are text again, patterns and holes stay marked."""
    if ABSENT in word:
        word = word.replace(ABSENT, "") or HOLE
    if BRACKET in word and "]" not in word[word.index(BRACKET) :]:
        word = word.replace(BRACKET, "[")
    for mark, text in ((OPEN, "{"), (COMMA, ","), (CLOSE, "}"), (EMPTY, "")):
        word = word.replace(mark, text)
    return word
