"""Texts of others in Discord's Markdown: they stay what they are, and within the limits.

What Claude, a command or a user wrote must not leave a code block, mention anybody or hide a link.
"""

import re
import unicodedata

BLANK = "\u200b"
"""A space without width: what stands on its two sides no longer belongs together."""

_MARKS = re.compile(r"([\\*_~`|\[\]()<]|^[#>-])")
_MENTION = re.compile(
    r"<(?=[@#]|/[^<>\s:]*:\d|a?:\w+:\d|t:-?\d|id:)|@(?=everyone|here)", re.IGNORECASE
)
_HIDDEN_LINK = re.compile(r"\](?=\(\s*<?\s*[a-z][a-z0-9+.-]*:)", re.IGNORECASE)
_FENCE = "```"
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def length(text: str) -> int:
    """Characters as Discord's clients count them; a server may count fewer, never more."""
    return len(text.encode("utf-16-le", "replace")) // 2


def cut(text: str, most: int, note: str = "…") -> str:
    """The text, or as much of it as fits with `note` into `most` characters."""
    if length(text) <= most:
        return text
    room = most - length(note)
    units = text.encode("utf-16-le", "replace")[: max(0, room) * 2]
    return units.decode("utf-16-le", "ignore") + note


def one_line(text: str, most: int) -> str:
    """Everything on one line, without what cannot be seen, cut."""
    return cut(" ".join(visible(text).split()), most)


def plain(text: str, most: int) -> str:
    """A text on one line that no longer is Markdown."""
    return cut(_MARKS.sub(r"\\\1", _without_mentions(one_line(text, most))), most).rstrip("\\")


def code(text: str, most: int) -> str:
    """A line as code within a line."""
    inside = one_line(text, most - 2) or " "
    if "`" not in inside:
        return f"`{inside}`"
    return f"`` {cut(_unfenced(inside), most - 6)} ``"


def code_block(text: str, most: int, note: str = "\n…") -> str:
    """Lines as code. What cannot be seen is shown, so that nobody consents to what is hidden."""
    frame = 2 * len(_FENCE) + 2
    return f"{_FENCE}\n{cut(_unfenced(visible(text)), most - frame, note)}\n{_FENCE}"


def markdown(text: str, most: int) -> str:
    """Markdown of Claude's, with every link shown where it leads and every fence closed."""
    shown = _HIDDEN_LINK.sub(f"]{BLANK}", _without_mentions(visible(text)))
    shown = cut(shown, most - len(_FENCE) - 1)
    return f"{shown}\n{_FENCE}" if shown.count(_FENCE) % 2 else shown


def visible(text: str) -> str:
    """The text with characters that cannot be seen, or that turn others around, as their code."""
    return "".join(char if _is_seen(char) else f"\\u{ord(char):04x}" for char in text)


def _is_seen(char: str) -> bool:
    if char in "\n\t":
        return True
    # a joiner makes one picture of several, as in families
    return char == "\u200d" or unicodedata.category(char) not in _UNSEEN


def _unfenced(text: str) -> str:
    """Two backticks side by side could end the code they stand in."""
    return text.replace("``", f"`{BLANK}`").replace("``", f"`{BLANK}`")


def _without_mentions(text: str) -> str:
    return _MENTION.sub(lambda found: found[0] + BLANK, text)
