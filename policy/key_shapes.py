"""What keys, tokens and passwords look like, whoever gave them out.

Providers' own prefixes are those of GitHub's secret scanning and of gitleaks (MIT), as far as they
are common. After a name such as `password`, the value decides: program text assigns names, calls
and placeholders, which no secret looks like.
"""

import re
from collections.abc import Callable
from typing import NamedTuple


class Shape(NamedTuple):
    """The group `keep` of a match stays, `key` is blanked if it `looks` like one.

    To be looked for only where one of `hints` occurs, in any case: most texts have none.
    """

    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    looks: Callable[[str], bool]


_NAME = (
    r"(?i:passw(?:or)?d|passphrase|secret|credential|token|signature|"
    r"(?:api|access|secret|private|auth|account|encryption|signing|master)[_-]?key)"
)
_CAPITAL_NAME = (
    "(?:PASSW(?:OR)?D|PASSPHRASE|SECRET|CREDENTIALS?|TOKEN|"
    "(?:API|ACCESS|SECRET|PRIVATE|AUTH|ACCOUNT|ENCRYPTION|SIGNING|MASTER)_?KEY)"
)
NAMES = ("passw", "passphrase", "secret", "credential", "token", "signature", "key")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_LOGIN = r"(?i:passw(?:or)?d|passphrase)"
_ENDS = r"(?![\w(\[.])"
"""A name that is called, indexed or taken apart is program text."""

_WORDS = {"true", "false", "none", "null", "undefined", "required", "optional", "changeme"}


def _any(_value: str) -> bool:
    return True


def _is_value(value: str) -> bool:
    """Neither a number, a word of a program, nor a placeholder in capitals."""
    is_placeholder = bool(re.fullmatch(r"[A-Z_]+|\*+|x+|\.+", value))
    return not (value.isdigit() or value.lower() in _WORDS or is_placeholder)


def _is_odd(value: str) -> bool:
    """A value with something in it that names and words have not."""
    return _is_value(value) and value[0] not in "/.~-" and bool(re.search(r"[\d!@#^+=~]", value))


def _is_random(value: str) -> bool:
    """Long and mixed as only chance makes it."""
    if value[0] in "/.~-" or "://" in value or _DOTTED.fullmatch(value):
        return False
    digits = sum(character.isdigit() for character in value)
    return len(value) >= 16 and 2 <= digits < len(value)


def _is_strong(value: str) -> bool:
    """Random, or what a rule for passwords asks for."""
    kinds = ("[a-z]", "[A-Z]", "[0-9]", r"[^\w\s]")
    mixed = sum(bool(re.search(kind, value)) for kind in kinds) >= 3
    return _is_random(value) or (mixed and _is_odd(value) and "://" not in value)


def _shape(hints: str, pattern: str, looks: Callable[[str], bool] = _any) -> Shape:
    return Shape(tuple(hints.split()), re.compile(pattern), looks)


def _named(pattern: str, looks: Callable[[str], bool]) -> Shape:
    return Shape(NAMES, re.compile(pattern), looks)


PREFIXED = (
    _shape("sk-", r"\b(?P<key>sk-(?:ant-[\w-]{10,}|(?=[\w-]{0,200}\d)[\w-]{20,}))"),
    _shape("akia asia", r"\b(?P<key>(?:AKIA|ASIA)[A-Z0-9]{16})\b"),
    _shape("ghp_ gho_ ghu_ ghs_ ghr_", r"\b(?P<key>gh[pousr]_\w{20,})"),
    _shape("github_pat_", r"\b(?P<key>github_pat_\w{20,})"),
    _shape("glpat-", r"\b(?P<key>glpat-[\w.-]{16,})"),
    _shape("xox xapp-", r"\b(?P<key>(?:xox[a-z](?:\.xox[a-z])?|xapp)-[\w-]{10,})"),
    _shape("aiza", r"\b(?P<key>AIza[\w-]{30,})"),
    _shape("npm_ hf_", r"\b(?P<key>(?:npm|hf)_[A-Za-z0-9]{30,})"),
    _shape("pypi-", r"\b(?P<key>pypi-[\w-]{40,})"),
    _shape("k_live_ k_test_", r"\b(?P<key>[rs]k_(?:live|test)_\w{16,})"),
    _shape("sg.", r"\b(?P<key>SG\.[\w-]{16,}\.[\w-]{16,})"),
    _shape("age-secret-key-", r"\b(?P<key>AGE-SECRET-KEY-1[A-Z0-9]{20,})"),
    _shape("eyj", r"(?<![\w-])(?P<key>eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*)"),
    _shape("hooks.slack.com", r"(?P<keep>hooks\.slack\.com/[a-z]+/)(?P<key>[\w/-]{16,})"),
    _shape("/webhooks/", r"(?P<keep>/webhooks/)(?P<key>\d{5,}/[\w-]{16,})"),
    _shape(
        "bearer",
        r"(?P<keep>\b(?i:bearer)[ \t]{1,3})(?P<key>(?=[\w.~+/-]*\d)[\w.~+/-]{16,}=*)",
    ),
    _shape(
        "authorization",
        r"(?P<keep>(?i:authorization)[\"']?\s{0,3}[:=]\s{0,3}[\"']?(?i:basic|bearer|token)\s{1,3})"
        r"(?P<key>[^\s\"'{}$<>()]{8,}+)",
        _is_odd,
    ),
    # https://user:word@host
    _shape(
        "://",
        r"(?P<keep>://[^\s/:@\"'<>{}$]{0,100}:)(?P<key>[^\s/@\"'<>{}$()*\[][^\s/@\"'<>{}$()*]{0,200})(?=@)",
    ),
    _shape("://", r"(?P<keep>://)(?P<key>(?=[\w-]*\d)[\w-]{20,})(?=@)"),
)
"""Keys that tell themselves."""

NAMED = (
    # as `env` prints it and shells take it
    _named(
        rf"(?P<keep>(?<![\w$.{{-])(?:[A-Z0-9_]{{0,60}}_)?{_CAPITAL_NAME}=[\"']?)"
        r"(?P<key>[^\s\"'$<{(%`;&|][^\s\"'`;&|]{3,}+)",
        _is_value,
    ),
    # --password=word, --token word1, ?token=word
    _named(
        rf"(?P<keep>--(?:[\w-]{{0,60}}-)?{_NAME}=[\"']?)"
        r"(?P<key>[^\s\"'$<{(%`;&|][^\s\"'`;&|]{3,}+)",
        _is_value,
    ),
    _named(
        rf"(?P<keep>--(?:[\w-]{{0,60}}-)?{_NAME}[ \t]{{1,3}}[\"']?)"
        r"(?P<key>[^\s\"'$<{(%`;&|-][^\s\"'`;&|]{3,}+)",
        _is_odd,
    ),
    _named(
        rf"(?P<keep>[?&](?:[\w-]{{0,60}}[_-])?{_NAME}=)"
        r"(?P<key>[^\s\"'$<{(&#][^\s\"'<>&#`]{3,}+)",
        _is_value,
    ),
    # host=db password=word1
    _named(
        rf"(?P<keep>(?<![\w.])(?:[\w-]{{0,60}}[_-])?{_NAME}=)"
        r"(?P<key>[^\s\"'`;&|,(){}\[\]<>$%*]{4,}+)(?=\s|$|[;&\"'`])",
        _is_odd,
    ),
    # "password": "word1"
    _named(
        rf"(?P<keep>[\"'][\w.-]{{0,60}}{_LOGIN}[\"']\s{{0,3}}:\s{{0,3}}[\"'])"
        r"(?P<key>[^\"'\n]{4,200}+)(?=[\"'])",
        _is_odd,
    ),
    # a line of YAML
    _shape(
        "passw passphrase",
        rf"(?m)(?P<keep>(?<![\w.])[\w.-]{{0,60}}{_LOGIN}:[ \t]{{1,3}})"
        r"(?P<key>[^\s\"'`,(){}\[\]<>$%*|&]{6,}+)(?=\s*$)",
        _is_odd,
    ),
    # token = "random", "token": "random"
    _named(
        rf"(?P<keep>{_NAME}[\"']?\s{{0,3}}(?::|=>?|:=)\s{{0,3}}[\"'])"
        r"(?P<key>[^\s\"'{}<>$()]{8,500}+)(?=[\"'])",
        _is_strong,
    ),
    # anything random behind such a name
    _named(
        rf"(?P<keep>{_NAME}[ \t]{{0,3}}(?::|=)[ \t]{{0,3}})"
        rf"(?P<key>[\w+/=.~-]{{20,500}}+){_ENDS}",
        _is_random,
    ),
)
"""Values behind a name, on one line."""

BEGUN = re.compile(
    r"(?:\b(?:sk-|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|xapp-|AIza|npm_|hf_|pypi-|SG\.|eyJ)"
    r"|/webhooks/|hooks\.slack\.com/|://[^\s/@]*:|\b(?i:bearer|basic)\s+"
    rf"|{_NAME}[\"']?\s*[:=]\s*(?=\S)[\"']?)\S*\Z"
    r"|-----BEGIN .*\Z"
)
"""The end of a line that may be the beginning of a key."""
