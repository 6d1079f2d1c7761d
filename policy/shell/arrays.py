"""Array literals: `(a b [3]=c "$d")`."""

import re

from policy.shell.lexer import Kind, Lexer
from policy.shell.words import Expander

_ITEM = re.compile(r"\[([^\]]*)\]=")


def items_of(inside: str, start: int, expander: Expander) -> dict[str, str]:
    """Items of an array literal, by index or key."""
    lexer = Lexer(inside)
    lexer.run()
    items: dict[str, str] = {}
    for token in lexer.tokens:
        if token.kind not in (Kind.WORD, Kind.RESERVED):
            continue
        keyed = _ITEM.match(token.text)
        if keyed:
            value = expander.text(token.text[keyed.end() :], start + token.start + keyed.end())
            items[expander.quoted(keyed[1], None)] = value
            continue
        for word in expander.fields(token.text, start + token.start):
            items[str(len(items))] = word
    return items
