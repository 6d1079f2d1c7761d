"""Glob patterns as git reads them in .gitignore, and what a chain of such files leaves out.

Protocol: https://git-scm.com/docs/gitignore#_pattern_format, without POSIX classes and slashes in
brackets or after a backslash. Patterns become regular expressions in which a star never tries again
once it has fitted (atomic groups), as only the last one needs to: so none can take for ever.
"""

import re
from collections.abc import Iterator
from itertools import groupby, islice
from typing import NamedTuple

_NEVER = "(?!)"
_TOKEN = re.compile(r"\*+|\?|\[(?P<set>[!^]?\]?(?:\\.|[^\]\\])*)\]|\\(?P<plain>.)|.", re.DOTALL)
_BRACES = re.compile(r"\{([^{}]*)\}")
_MAX_ALTERNATIVES = 64


def translate(glob: str) -> str:
    """Regular expression for the relative paths that `glob` fits, for `re.fullmatch`.

    A pattern with a slash that is not at its end counts from the top, another one at any depth.
    """
    runs: list[list[str]] = [[]]
    for segment in _rooted(glob):
        if segment == "**":
            runs.append([])
        else:
            runs[-1].append(_segment(segment))
    head, *floating = ["/".join(run) for run in runs]
    if not floating:
        return head
    middles = [f"(?>(?:[^/]+/)*?{run}/)" for run in floating[:-1] if run]
    return (head and head + "/") + "".join(middles) + "(?:[^/]+/)*" + floating[-1]


def expand_braces(glob: str) -> list[str]:
    """`*.{ts,tsx}` as `*.ts` and `*.tsx`; at most 64 patterns."""
    return list(islice(_expanded(glob), _MAX_ALTERNATIVES))


def _expanded(glob: str) -> Iterator[str]:
    found = _BRACES.search(glob)
    if found is None:
        yield glob
        return
    for choice in found[1].split(","):
        yield from _expanded(glob[: found.start()] + choice + glob[found.end() :])


class _Rule(NamedTuple):
    negated: bool
    directories_only: bool
    pattern: str


class _Group(NamedTuple):
    """Rules of one kind that follow each other; `skip` characters lead to their directory."""

    skip: int
    negated: bool
    directories_only: bool
    pattern: re.Pattern[str]


class Ignored(NamedTuple):
    """The rules of the .gitignore files from the workspace down to one directory, in order."""

    groups: tuple[_Group, ...] = ()

    def extended(self, gitignore: str, directory: str) -> "Ignored":
        """These rules and those of the .gitignore with this text in `directory` ("" is the top)."""
        rules = [rule for line in gitignore.split("\n") if (rule := _rule(line))]
        skip = len(directory) + 1 if directory else 0
        groups = [
            _Group(skip, negated, only, _any_of([rule.pattern for rule in alike]))
            for (negated, only), alike in groupby(rules, key=lambda rule: rule[:2])
        ]
        return Ignored((*self.groups, *groups))

    def covers(self, path: str, *, is_directory: bool) -> bool:
        """Whether `path`, relative to the workspace, is ignored; its parents are not looked at."""
        for group in reversed(self.groups):
            if group.directories_only and not is_directory:
                continue
            if group.pattern.fullmatch(path, group.skip):
                return not group.negated
        return False


def _rule(line: str) -> _Rule | None:
    line = re.sub(r"(?<!\\) +$", "", line.removesuffix("\r"))
    if not line or line.startswith("#"):
        return None
    glob = line.removeprefix("!")
    return _Rule(glob != line, glob.endswith("/"), translate(glob))


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    try:
        return re.compile("|".join(patterns))
    except re.error:
        return re.compile("|".join(filter(_is_valid, patterns)) or _NEVER)


def _is_valid(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _rooted(glob: str) -> list[str]:
    segments = glob.removeprefix("/").removesuffix("/").split("/")
    if len(segments) == 1 and not glob.startswith("/"):
        segments.insert(0, "**")
    if segments[-1] == "**":
        segments.append("*")
    return segments


def _segment(segment: str) -> str:
    pieces = [""]
    for token in _TOKEN.finditer(segment):
        if token[0].startswith("*"):
            pieces.append("")
        else:
            pieces[-1] += _character(token)
    first, *starred = pieces
    if not starred:
        return first or _NEVER
    return first + "".join(f"(?>[^/]*?{p})" for p in starred[:-1]) + "[^/]*" + starred[-1]


def _character(token: re.Match[str]) -> str:
    if token["set"]:
        return _set(token["set"])
    if token["plain"]:
        return re.escape(token["plain"])
    return {"?": "[^/]", "[": _NEVER, "\\": _NEVER}.get(token[0], re.escape(token[0]))


def _set(inside: str) -> str:
    negated = inside[0] in "!^"
    members = re.sub(r"\\?(.)", _member, inside[negated:], flags=re.DOTALL)
    return f"(?!/)[{'^' * negated}{members}]"


def _member(found: re.Match[str]) -> str:
    return "-" if found[0] == "-" else re.escape(found[1])
