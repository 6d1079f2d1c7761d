"""How things are said: any text fit for a voice; numbers, ids, money and time as words.

Pure and here, because everybody who speaks needs it: the story, the doors in and the doors out.
"""

import re
import unicodedata

MOST_WORDS = 20
"""Of one `speak` text; a longer one is not listened to (issue: at most 20 words)."""

# fmt: off
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)
_TENS = (
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)
_LEADING_ON = {
    "a", "an", "the", "and", "or", "with", "of", "in", "on", "for", "to", "by", "from", "that",
}
# fmt: on
_SCALES = ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred"))
_MOST_COUNTED = 999_999_999
"""Larger numbers, and those with a leading zero, are said digit by digit."""


def number(value: float) -> str:
    """Say a number: 62 is "sixty two", 1.5 is "one point five"."""
    if value < 0:
        return f"minus {number(-value)}"
    whole, _, decimals = f"{value:.2f}".rstrip("0").rstrip(".").partition(".")
    said = _whole(int(whole))
    return f"{said} point {spelled(decimals)}" if decimals else said


def _whole(value: int) -> str:
    if value > _MOST_COUNTED:
        return spelled(str(value))
    for size, name in _SCALES:
        if value >= size:
            count, rest = divmod(value, size)
            return f"{_whole(count)} {name}" + (f" {_whole(rest)}" if rest else "")
    if value < len(_ONES):
        return _ONES[value]
    tens, ones = divmod(value, 10)
    return _TENS[tens] + (f" {_ONES[ones]}" if ones else "")


def spelled(text: str) -> str:
    """Say an id or a code sign by sign: "a7f3" is "a seven f three"."""
    signs = (_ONES[int(sign)] if sign.isdecimal() else sign for sign in text if sign.isalnum())
    return " ".join(signs)


def counted(count: int, noun: str) -> str:
    """Say how many: "one step", "four steps"."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def dollars(amount: float) -> str:
    """Say a price: "thirty cents", "two dollars and five cents"."""
    cents = round(amount * 100)
    if cents <= 0:
        return "less than a cent" if amount > 0 else "nothing"
    whole, rest = divmod(cents, 100)
    parts = [counted(whole, "dollar")] if whole else []
    return " and ".join([*parts, counted(rest, "cent")] if rest else parts)


def duration(seconds: float) -> str:
    """Say how long: "forty seconds", "one hour and ten minutes"."""
    if round(seconds) < 60:
        return counted(max(round(seconds), 0), "second")
    hours, minutes = divmod(round(seconds / 60), 60)
    parts = [counted(hours, "hour")] if hours else []
    return " and ".join([*parts, counted(minutes, "minute")] if minutes else parts)


_SIGNS = {"%": " percent ", "&": " and ", "+": " plus ", "@": " at "}
_LINK = re.compile(r"\b[a-z][a-z0-9+.-]*://\S*[^\s.,;:!?)]", re.IGNORECASE)
_HASH = re.compile(r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b")
_SHORT_ID = re.compile(r"#(?=\w*\d)(?=\w*[a-z])([a-z0-9]{4,32})\b")
_GROUPED = r"\d{1,3}(?:,\d{3}){1,5}(?!,?\d)"
"""A number with separators of thousands; a comma may follow."""

_PRICE = re.compile(rf"\$\s?((?:{_GROUPED}|\d{{1,9}})(?:\.\d+)?)")
_PATH = re.compile(r"[\w.~*-]*(?:[/\\][\w.~*-]*)+(?<!\.)")
_FILE = re.compile(r"(?<![\w.])(\w[\w-]+)\.([a-z]\w{0,9})\b", re.IGNORECASE)
_DOT_FILE = re.compile(r"(?<![\w.])\.(?=[^\W\d])")
_NUMBER = re.compile(rf"(?:{_GROUPED}|\d+)(?:\.\d+)?")
_LONGEST_WORD = 40
"""Letters; nobody can say a longer one, which is data anyway."""

_NO_PAUSE = re.compile(r"(?<![^\W\d_]):|:(?!\s)")
"""A colon that no voice pauses at."""

_LOOKED_AT = 400
"""Characters of a goal, which may have 20,000; its first words are among them."""

_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")

_INNER_END = re.compile(r"[.?!](?=\s)")


def sentences(text: str) -> list[str]:
    """Split what is said into its sentences."""
    return _SENTENCE_END.split(text)


def speakable(text: str, most_words: int = MOST_WORDS) -> str:
    """Make any text fit for a voice: words alone, at most so many, whole sentences if possible.

    Paths shrink to their last name, links and hashes go, numbers and prices become words, and
    what Markdown, code and symbols are left is dropped. "" when nothing is left to say.
    """
    text = _LINK.sub(" a link ", unicodedata.normalize("NFKC", text))
    text = _PATH.sub(_last_name, text)
    text = _SHORT_ID.sub(lambda found: f" {spelled(found[1])} ", text)
    text = _HASH.sub(" ", text)
    text = _PRICE.sub(lambda found: f" {dollars(float(found[1].replace(',', '')))} ", text)
    text = _DOT_FILE.sub(" dot ", _FILE.sub(r"\1 dot \2", text))
    text = _NUMBER.sub(lambda found: f" {_read(found[0])} ", text)
    text = _NO_PAUSE.sub(" ", text)
    text = "".join(_SIGNS.get(sign) or _heard(sign) for sign in text)
    return _cut(_tidy(text), most_words)


def _last_name(path: re.Match[str]) -> str:
    """Of a path its last name; of words with one stroke between them, the words."""
    names = [name for name in re.split(r"[/\\]", path[0]) if name.strip(".~*-")]
    is_path = len(names) > 2 or "." in path[0] or path[0][0] in "/\\~"
    return f" {' '.join(names[-1:] if is_path else names)} "


def _read(digits: str) -> str:
    """Say a number as it is written."""
    whole, _, decimals = digits.replace(",", "").partition(".")
    if len(whole) > len(str(_MOST_COUNTED)) or (len(whole) > 1 and whole[0] in "0\u0660"):
        return spelled(whole + decimals)
    return _whole(int(whole)) + (f" point {spelled(decimals)}" if decimals else "")


def _heard(sign: str) -> str:
    """A sign that a voice can say or pause at; a space for every other."""
    if sign.isalpha() or unicodedata.category(sign) in {"Mn", "Mc"} or sign in ",.:?!'":
        return sign
    return {"\u2019": "'", ";": ",", "\u2026": "."}.get(sign, " ")


def _tidy(text: str) -> str:
    text = " ".join(text.split())
    text = re.sub(r"\s+([,.:?!])", r"\1", text)
    text = re.sub(r"(?:^|(?<=\s))'+(?=\s|$)", "", text)
    text = re.sub(r"([,.:?!'])[,.:?!']+", r"\1", text)
    text = re.sub(r"(?<=[,.:?!])(?=[^\s,.:?!'])", " ", text)
    words = (word for word in text.split() if len(word) <= _LONGEST_WORD)
    return " ".join(words).strip(" ,:'").lstrip(".?!,: ")


def _cut(text: str, most_words: int) -> str:
    words = text.split()
    if len(words) <= most_words:
        return text
    rest = sentences(text)
    kept: list[str] = []
    while rest and len(" ".join([*kept, rest[0]]).split()) <= most_words:
        kept.append(rest.pop(0))
    return " ".join(kept) or " ".join(words[:most_words]).rstrip(".,?!'") + "."


def title(goal: str, most_words: int = 6) -> str:
    """The first words of a goal, by which people tell tasks apart; never more than a sentence."""
    text = _cut(speakable(goal[:_LOOKED_AT], 200), most_words).rstrip(".,?!")
    words = _INNER_END.sub(",", text).split()
    # words after which one expects another make no end
    while len(words) > 1 and words[-1].lower() in _LEADING_ON:
        words.pop()
    return " ".join(words)
