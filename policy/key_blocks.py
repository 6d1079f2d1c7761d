"""Private keys in PEM (RFC 7468), line by line: only their first and last line are shown."""

import re

BLANKED = "[redacted]"

_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----")
_ALONE = re.compile(r"(?:\\n)?[\"']?\s*[+\\,]?\s*")
"""What may stand behind the first line of a key; behind anything else stands program text."""

_LINE = r"""
    (?: \s*\d+[\t:|]\s? | [^\s:]{1,300}:\d+[:-]\s? )?      # as `cat -n` and `grep -n` print it
    [+ -]? \s* ["']?
    (?: %s )
    (?:\\n)? ["']? \s*[+\\,]?\s*
    """
_FIRST = re.compile(_LINE % r"[A-Za-z0-9+/=]{16,100} | [A-Z][\w-]{1,30}:\s.{0,200}", re.VERBOSE)
_LATER = re.compile(_LINE % r"[A-Za-z0-9+/=]{0,100} | [A-Z][\w-]{1,30}:\s.{0,200}", re.VERBOSE)
_ON_ONE_LINE = re.compile(rf"({_BEGIN.pattern})(?:\\[rn]|[A-Za-z0-9+/=\s])+")


class KeyBlocks:
    """Blanks private keys in text that comes in pieces of whole lines."""

    def __init__(self) -> None:
        self._next: re.Pattern[str] | None = None

    def lines(self, text: str) -> str:
        """Blank the next lines; the text may end without a newline."""
        if self._next is None and "PRIVATE KEY" not in text:
            return text
        return "".join(map(self._shown, text.splitlines(keepends=True)))

    def _shown(self, line: str) -> str:
        content = line.rstrip("\r\n")
        if self._next and self._next.fullmatch(content):
            is_first, self._next = self._next is _FIRST, _LATER
            return f"{BLANKED}\n" if is_first else ""
        begin = _BEGIN.search(content)
        if begin and _ALONE.fullmatch(content, begin.end()):
            self._next = _FIRST
        elif content.strip() or self._next is not _FIRST:
            self._next = None
        return _ON_ONE_LINE.sub(rf"\1{BLANKED}", line) if begin and not self._next else line
