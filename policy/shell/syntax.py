"""The grammar of a bash text: tree-sitter-bash over our tokens.

The grammar is shown one short stand-in for each token, so that it meets only plain words, and a
node of its tree is mapped back to the tokens it covers.
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from policy.shell.lexer import Heredoc, Kind, Lexer, Token
from policy.vocabulary import words_of

_DROPPED = frozenset(("!", "time", "coproc"))
_CLOSERS = frozenset(words_of("then do done elif else fi esac }"))
_CLOSED = frozenset((")", "}", "fi", "done", "esac"))


@cache
def _language() -> Language:
    return Language(tree_sitter_bash.language())


@dataclass(frozen=True)
class Script:
    """A text that has been read: its tokens, here-documents and grammar tree."""

    text: str
    tokens: list[Token]
    heredocs: dict[int, Heredoc]
    root: Node
    flawed: bool
    _offsets: list[int]
    _indexes: list[int]

    def covered(self, node: Node) -> tuple[int, int]:
        """Range of indexes into `tokens` that a node covers."""
        first = bisect_left(self._offsets, node.start_byte)
        last = bisect_left(self._offsets, node.end_byte)
        if first == last:
            return 0, 0
        return self._indexes[first], self._indexes[last - 1] + 1


class _StandIns:
    """Builds the text that the grammar sees."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._parts: list[str] = []
        self._size = 0
        self._last = ""
        self.offsets: list[int] = []
        self.indexes: list[int] = []

    def build(self) -> bytes:
        index = 0
        while index < len(self._tokens):
            token = self._tokens[index]
            if token.kind is Kind.RESERVED and token.text in ("for", "select", "case"):
                index = self._head(index, token.text)
            else:
                self._token(index, token)
                index += 1
        return "".join(self._parts).encode()

    def _emit(self, index: int, text: str) -> None:
        self.offsets.append(self._size)
        self.indexes.append(index)
        self._parts.append(text + " ")
        self._size += len(text) + 1
        self._last = text

    def _token(self, index: int, token: Token) -> None:
        match token.kind:
            case Kind.WORD | Kind.TEST:
                self._emit(index, "w")
            case Kind.REDIRECT:
                self._emit(index, "<" if token.text[0] == "<" else ">")
            case Kind.OPERATOR:
                self._operator(index, token.text)
            case Kind.RESERVED if token.text.partition(" ")[0] not in _DROPPED:
                if token.text in _CLOSERS and self._last in _CLOSED:
                    self._emit(index, ";")
                self._emit(index, token.text)

    def _operator(self, index: int, text: str) -> None:
        after_function = text == "\n" and self._last == ")" and self._is_function(index)
        if not after_function:
            self._emit(index, text)

    def _is_function(self, index: int) -> bool:
        before = [token.text for token in self._tokens[max(0, index - 2) : index]]
        return before == ["(", ")"]

    def _head(self, index: int, opening: str) -> int:
        """Replace the head of a loop or `case` by its plainest form."""
        ends = ("in",) if opening == "case" else ("do", "{")
        self._emit(index, "case w in" if opening == "case" else "for w in w;")
        end = index + 1
        while end < len(self._tokens):
            token = self._tokens[end]
            if token.kind is Kind.RESERVED and token.text in ends:
                break
            end += 1
        return end + 1 if opening == "case" else end


def read(text: str) -> Script:
    """Read a bash text. Raises `TooDeep` when it is nested past what anybody writes."""
    lexer = Lexer(text)
    lexer.run()
    stand_ins = _StandIns(lexer.tokens)
    root = Parser(_language()).parse(stand_ins.build()).root_node
    return Script(
        text, lexer.tokens, lexer.heredocs, root, lexer.flawed, stand_ins.offsets, stand_ins.indexes
    )
