"""Code of C-like languages cut into bare code and its string literals.

In the bare code a literal is its number between two control characters, so that words inside text
are never taken for code.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field

from policy.shell.escapes import decode
from policy.shell.marks import clean

OPEN, CLOSE = "\x01", "\x02"
LITERAL = rf"{OPEN}(\d+){CLOSE}"

_STRINGS = r"\"(?:[^\"\\]|\\.){0,3000}\"|'(?:[^'\\]|\\.){0,3000}'|`(?:[^`\\]|\\.){0,3000}`"
_COMMENTS = {
    "#": r"(?<![$\\\w&{])#(?![{!])[^\n]*",
    "//": r"(?<!:)//[^\n]*|/\*.{0,3000}?\*/",
    "--": r"--(?:\[\[.*?\]\]|[^\n]*)",
    ";": r";[^\n]*",
}
_QUOTE_LIKE = re.compile(
    r"(?<![\w$@%>{.-])(?:(?:s|tr|y)([/|,!])(?:\\.|(?!\1)[^\n]){0,300}\1(?:\\.|(?!\1)[^\n]){0,300}\1"
    r"(?P<flags>[a-z]*)|(?:m|qr)([/|,!])(?:\\.|(?!\3)[^\n]){0,300}\3[a-z]*"
    r"|(?:(?<=[=!]~)|(?<=[=!]~ )|(?<=\bif )|(?<=\band )|(?<=\bor )|(?<=less )|(?<=\())"
    r"/(?![/*])(?:\\.|[^/\n]){1,300}/[a-z]*)"
)
_JOINED = re.compile(rf"{LITERAL}\s*(?:\+|\.\.?|~)\s*{LITERAL}")
_PROPERTY = re.compile(rf"\[\s*{LITERAL}\s*\]")
_BASE64 = re.compile(
    rf"(?:\b(?:atob|base64_decode|decode_base64)|Base64\.(?:strict_"
    rf"|urlsafe_)?decode(?:64)?)\s*\(?\s*{LITERAL}\s*\)?"
)
_BUFFER = re.compile(
    rf"(?:Buffer\.from|new Buffer)\(\s*{LITERAL}\s*,\s*{LITERAL}\s*\)(?:\.toString\([^)]*\))?"
)
_CHARACTERS = re.compile(r"(?:String\.)?(?:fromCharCode|fromCodePoint)\(([\d,\sx]*)\)")
_CHARACTER = re.compile(r"\bchr\((\d+)\)|\b(\d+)\.chr\b")
_REVERSED = re.compile(
    rf"{LITERAL}\.(?:split\([^)]*\)\.reverse\(\)\.join\([^)]*\)|reverse\b(?:\(\))?)"
)
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")


@dataclass
class Code:
    """Bare code and its literals; `quotes` has the quotation mark of each."""

    bare: str
    literals: list[str] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)

    def inside(self, region: str) -> list[str]:
        """Literals that a region of the bare code names, in order."""
        return [self.literals[int(number)] for number in re.findall(LITERAL, region)]

    def add(self, text: str) -> str:
        """Keep a worked-out text as a literal; answers how the bare code names it."""
        self.literals.append(clean(text))
        self.quotes.append("")
        return f"{OPEN}{len(self.literals) - 1}{CLOSE}"


def cut(text: str, comment: str, *, patterns: bool = False) -> Code:
    """Cut code whose comments start with `comment` (two kinds may be given, as in `# //`).

    With `patterns`, as in Perl, `/pattern/` and `s/pattern/text/` are data like texts.
    """
    code = Code("")
    if patterns:
        text = _QUOTE_LIKE.sub(_kept_if_run, text)
    comments = "|".join(_COMMENTS[kind] for kind in comment.split())
    pattern = re.compile(f"{comments}|({_STRINGS})" if comments else f"({_STRINGS})", re.DOTALL)
    code.bare = pattern.sub(lambda found: _kept(code, found), text.translate({1: None, 2: None}))
    _fold(code)
    return code


def _kept_if_run(found: re.Match[str]) -> str:
    """Patterns and substitutions are data, unless their replacement is run as code."""
    return found[0] if "e" in (found["flags"] or "") else " "


def _kept(code: Code, found: re.Match[str]) -> str:
    literal = found[1]
    if literal is None:
        return " "
    body = literal[1:-1]
    token = code.add(body if literal[0] == "'" and "\\x" not in body else decode(body))
    code.quotes[-1] = literal[0]
    return token


def _fold(code: Code) -> None:
    """Work out what is only text put together."""
    code.bare = _BASE64.sub(lambda found: _decoded(code, found[0], found[1], "base64"), code.bare)
    code.bare = _BUFFER.sub(
        lambda found: _decoded(code, found[0], found[1], code.literals[int(found[2])]), code.bare
    )
    code.bare = _CHARACTERS.sub(lambda found: code.add(_characters(found[1])), code.bare)
    code.bare = _CHARACTER.sub(lambda found: code.add(_characters(found[1] or found[2])), code.bare)
    code.bare = _REVERSED.sub(lambda found: code.add(code.literals[int(found[1])][::-1]), code.bare)
    for _ in range(40):
        joined, count = _JOINED.subn(lambda found: _join(code, found), code.bare)
        if not count:
            break
        code.bare = joined
    code.bare = _PROPERTY.sub(lambda found: _named(code, found), code.bare)


def _join(code: Code, found: re.Match[str]) -> str:
    return code.add(code.literals[int(found[1])] + code.literals[int(found[2])])


def _named(code: Code, found: re.Match[str]) -> str:
    name = code.literals[int(found[1])]
    return f".{name}" if _IDENTIFIER.fullmatch(name) else found[0]


def _decoded(code: Code, whole: str, number: str, encoding: str) -> str:
    text = code.literals[int(number)]
    try:
        raw = bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text + "==")
    except (ValueError, binascii.Error):
        return whole
    return code.add(raw.decode("utf-8", "replace")) if encoding in ("hex", "base64") else whole


def _characters(numbers: str) -> str:
    values = [int(one, 0) for one in re.findall(r"0x[0-9a-fA-F]+|\b[1-9]\d{0,6}", numbers)]
    return "".join(chr(value) for value in values if value < 0x110000)
