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
_PATTERNS = (
    r"(?<![\w$@%>{.-])(?:s|tr|y)(?P<a>[/|,!])(?:\\.|(?!(?P=a))[^\n]){0,300}(?P=a)"
    r"(?:\\.|(?!(?P=a))[^\n]){0,300}(?P=a)(?P<flags>[a-z]*)"
    r"|(?<![\w$@%>{.-])(?:m|qr)(?P<b>[/|,!])(?:\\.|(?!(?P=b))[^\n]){0,300}(?P=b)[a-z]*"
    r"|(?:(?<=[=!]~)|(?<=[=!]~ )|(?<=\bif )|(?<=\band )|(?<=\bor )|(?<=less )|(?<=\())"
    r"/(?![/*])(?:\\.|[^/\n]){1,300}/[a-z]*"
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
_ESCAPED_SIGN = re.compile(r"\\([^\w\s])")
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
    kinds = [_COMMENTS[kind] for kind in comment.split()]
    data = [*kinds, f"(?P<text>{_STRINGS})", *([_PATTERNS] if patterns else [])]
    pattern = re.compile("|".join(data), re.DOTALL)
    code.bare = pattern.sub(lambda found: _kept(code, found), text.translate({1: None, 2: None}))
    _fold(code)
    return code


def _kept(code: Code, found: re.Match[str]) -> str:
    groups = found.groupdict()
    literal = groups["text"]
    if literal is None:  # a substitution with the flag `e` runs its replacement
        return found[0] if "e" in (groups.get("flags") or "") else " "
    body = literal[1:-1]
    text = body if literal[0] == "'" and "\\x" not in body else decode(body)
    token = code.add(_ESCAPED_SIGN.sub(r"\1", text))
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
