"""Cuts bash text into tokens, with here-documents taken out.

The grammar of tree-sitter-bash is right about commands and wrong about some words (two
here-documents on a line, `cat <<EOF; rm x`, `{rm,x}`), so the words are cut here as bash cuts them
and the grammar sees only how they stand together. Manual: bash(1), "Shell grammar", "Quoting".
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from policy.shell.extents import MAX_DEPTH, PLAIN, Extents, TooDeep, Unfinished
from policy.shell.position import Position

_BLANK = re.compile(r"(?:[ \t]|\\\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_OPERATOR = re.compile(r"&>>|<<<|<<-|;;&|&&|\|\||\|&|;;|;&|<<|>>|<&|>&|<>|>\||&>|[|&;()<>\n]")
_ARRAY_NAME = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")
_DESCRIPTOR = re.compile(r"\d+|\{[A-Za-z_]\w*\}")
_TEST_END = re.compile(r"(?<=\s)\]\](?=[\s;&|)<>]|$)")
_COPROCESS = re.compile(r"coproc[ \t]+[A-Za-z_]\w*(?=[ \t]+[{(])")
_TIME_OPTION = re.compile(r"time[ \t]+-")
_DELIMITER_QUOTES = re.compile(r"""\\(.)|['"]|\$(?=['"])""", re.DOTALL)


class Kind(Enum):
    """What a token is to the grammar."""

    WORD = "word"
    RESERVED = "reserved word"
    OPERATOR = "operator"
    REDIRECT = "redirection"
    DESCRIPTOR = "number of a descriptor before a redirection"
    TEST = "[[ ... ]] or (( ... ))"


class Token(NamedTuple):
    """A piece of the text from `start` to `end`, in characters."""

    kind: Kind
    start: int
    end: int
    text: str


class Heredoc(NamedTuple):
    """A here-document: its body, and whether the body is taken as it stands."""

    body: str
    start: int
    literal: bool


@dataclass
class Lexer:
    """Reads tokens from `start`; `closing` stops it behind the `)` that closes a substitution."""

    text: str
    start: int = 0
    depth: int = 0
    closing: bool = False
    extents: Extents | None = None
    tokens: list[Token] = field(default_factory=list)
    heredocs: dict[int, Heredoc] = field(default_factory=dict)
    flawed: bool = False

    def __post_init__(self) -> None:
        self._at = self.start
        self._open = 0
        self._open_test = False
        self._position = Position()
        self._awaited: list[tuple[int, str, bool]] = []
        self.extents_in_text = self.extents or Extents(self.text, self._group_end)

    def run(self) -> int:
        """Read to the end and answer where it is; raises `Unfinished` when `closing` fails."""
        size = len(self.text)
        while self._at < size:
            if blank := _BLANK.match(self.text, self._at):
                self._at = blank.end()
            elif self.text[self._at] == "#":
                self._at = self._end_of(_COMMENT)
            elif self._step():
                return self._at
        if self.closing:
            raise Unfinished
        return size

    def _step(self) -> bool:
        """Read one token; tell whether it closed the substitution."""
        operator = _OPERATOR.match(self.text, self._at)
        if operator and not self._is_process_substitution():
            return self._operator(operator.group())
        self._word()
        return False

    def _end_of(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self._at)
        return found.end() if found else self._at

    def _is_process_substitution(self) -> bool:
        return self.text.startswith(("<(", ">("), self._at)

    # --- operators

    def _operator(self, text: str) -> bool:
        if text == "(" and self._position.may_compute and (end := self._arithmetic_end()):
            self._position.word("(( ))")
            self._add(Kind.TEST, end)
            return False
        if text in "()" and self._parenthesis(text):
            self._at += 1
            return True
        is_redirect = text[0] in "<>" or text.startswith("&>")
        self._add(Kind.REDIRECT if is_redirect else Kind.OPERATOR, self._at + len(text))
        if is_redirect:
            self._position.redirect()
        else:
            self._position.operator(text)
        if text in ("<<", "<<-"):
            self._await_heredoc(strip=text == "<<-")
        if text == "\n":
            self._read_heredocs()
        return False

    def _parenthesis(self, text: str) -> bool:
        """Count nesting; tell whether this one closes the substitution."""
        if self._position.in_pattern:
            return False
        self._open += 1 if text == "(" else -1
        return self.closing and self._open < 0

    def _arithmetic_end(self) -> int | None:
        return self.extents_in_text.arithmetic(self._at)

    # --- words

    def _word(self) -> None:
        start = self._at
        end = self._or_rest(self.word_end, start)
        text = self.text[start:end]
        if text == "coproc" and (named := _COPROCESS.match(self.text, start)):
            end = named.end()
        if _DESCRIPTOR.fullmatch(text) and self.text[end : end + 1] in ("<", ">"):
            self._add(Kind.DESCRIPTOR, end)
        elif text == "[[" and self._position.at_command:
            self._add(Kind.TEST, self._or_rest(self._test_end, end))
            self._position.word("[[ ]]")
        else:
            reserved = not self._is_program_time(end) and self._position.word(text)
            self._add(Kind.RESERVED if reserved else Kind.WORD, end)

    def _or_rest(self, end_of: Callable[[int], int], start: int) -> int:
        """End of a construct; what is never closed takes the rest of the text."""
        try:
            return end_of(start)
        except Unfinished:
            if self.closing:
                raise
            self.flawed = True
            return len(self.text)

    def _is_program_time(self, end: int) -> bool:
        """`time -v` is the program, for the reserved word has no such option."""
        return bool(_TIME_OPTION.match(self.text, self._at, end + 8)) and self._position.at_command

    def _test_end(self, start: int) -> int:
        """Index behind the `]]` that closes a test; quotes inside hide theirs."""
        text, at = self.text, len(self.text) if self._open_test else start
        while at < len(text):
            if found := _TEST_END.match(text, at):
                return found.end()
            if text[at] in "\\'\"$`":
                at = self.extents_in_text.quoted(at, self.depth + 1)
            else:
                at += 1
        self._open_test = True
        return start

    def word_end(self, start: int) -> int:
        """Index behind the word that starts at `start`."""
        text, at, size = self.text, start, len(self.text)
        while at < size:
            if plain := PLAIN.match(text, at):
                at = plain.end()
            elif text[at] in "\\'\"$`":
                at = min(size, self.extents_in_text.quoted(at, self.depth + 1))
            elif text[at] in "<>" and text.startswith("(", at + 1):
                at = self._group_end(at + 2, self.depth + 1)
            elif text[at] == "(" and self._continues_word(start, at):
                at = self.extents_in_text.balanced(at + 1)
            else:
                break
        return at

    def _continues_word(self, start: int, at: int) -> bool:
        """Tell whether a parenthesis belongs to the word: an array, or an extended pattern."""
        before = self.text[start:at]
        if _ARRAY_NAME.fullmatch(before):
            return True
        is_negation = before == "!" and self._position.at_command
        return before[-1:] in ("@", "?", "*", "+", "!") and not is_negation

    def _group_end(self, start: int, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise TooDeep
        return Lexer(self.text, start, depth, closing=True, extents=self.extents_in_text).run()

    def _add(self, kind: Kind, end: int) -> None:
        self.tokens.append(Token(kind, self._at, end, self.text[self._at : end]))
        self._at = end

    # --- here-documents

    def _await_heredoc(self, *, strip: bool) -> None:
        self._at = self._end_of(_BLANK)
        start = self._at
        self._word()
        raw = self.text[start : self._at]
        delimiter = _DELIMITER_QUOTES.sub(r"\1", raw)
        self._awaited.append((start, delimiter, strip))

    def _read_heredocs(self) -> None:
        for position, delimiter, strip in self._awaited:
            start, lines = self._at, []
            for line in self._lines():
                content = line.rstrip("\n").lstrip("\t") if strip else line.rstrip("\n")
                if content == delimiter:
                    break
                lines.append(line.lstrip("\t") if strip else line)
            literal = not self.text.startswith(delimiter, position)
            self.heredocs[position] = Heredoc("".join(lines), start, literal)
        self._awaited.clear()

    def _lines(self) -> Iterator[str]:
        while self._at < len(self.text):
            start, self._at = self._at, self.text.find("\n", self._at) + 1 or len(self.text)
            yield self.text[start : self._at]


def extents_of(text: str) -> Extents:
    """Extents of a piece of bash text, such as one word."""
    return Lexer(text).extents_in_text
