"""Effects of code in Perl, Ruby, JavaScript, PHP, Lua, R, Tcl and others.

They are read on the level of tokens: what a call is named, and which texts it is given.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from policy.code.literals import LITERAL, Code, cut
from policy.effects import (
    Category,
    ChangesMode,
    Connects,
    Deletes,
    Effect,
    Empties,
    Finding,
    Kills,
    Reads,
    RunsCommand,
    RunsText,
    Writes,
)
from policy.shell.marks import HOLE
from policy.vocabulary import words_of

MAX_CHARACTERS = 30_000
"""Longer code is not read."""
MAX_CALLS = 300
"""Calls of one kind that are looked at."""
MAX_ARGUMENTS = 1000
"""Characters of the arguments of one call that are looked at."""

UNREADABLE = Finding(Category.CODE, "run code that cannot be read beforehand")


LOSES_DATA = Finding(Category.DATABASE, "delete data from a database")


MAILS = Finding(Category.PUBLISHING, "send mail")


_QUERIES = re.compile(
    r"(?:->|\.|::|\b)(?:query|execute|exec|prepare|raw|run|do|statement|sql"
    r"|unprepared|mysqli_query|mysql_query"
    r"|pg_query|execute_sql|executeQuery|executeUpdate|\$queryRawUnsafe"
    r"|\$executeRawUnsafe|\$executeRaw)\s*[(\s]"
)


_PATH = re.compile(r"(?:[/~.\w-]+/)?[\w.@+-]+$")
_INTERPOLATION = re.compile(r"#\{\s*(?:[\"']([^\"']*)[\"']\s*|[^}]*)\}")
_FUNCTIONS = frozenset(
    words_of("unlink rmdir system exec shell_exec passthru popen proc_open rmtree")
)
_FETCHES = re.compile(r"\b(?:open|get|read|fetch|file_get_contents|popen|URI|HTTP|curl_exec)\b")
_SENDS_FILES = re.compile(
    r"(?s)(?=.*(?:readFile|File\.read|file_get_contents|IO\.read))(?=.*(?:\bbody\b|\bdata\b|POST|post))"
)
_URL = re.compile(r"https?://")


_SENDS_DELETE = re.compile(r"""(?:method|:method|CURLOPT_CUSTOMREQUEST)\W{1,6}(?:=>|:)?\s*$""")


@dataclass(frozen=True)
class Language:
    """What the functions of a language are called: regular expressions over bare code."""

    comment: str
    deletes: str
    runs: str
    modes: str = r"(?!)"
    kills: str = r"(?!)"
    evaluates: str = r"(?!)"
    empties: str = r"(?!)"
    writes: str = r"(?!)"
    loses_data: str = r"(?!)"
    backticks_run: bool = False
    has_patterns: bool = False
    inline: str = r"(?!)"
    dynamic: str = r"(?!)"

    def read(self, name: str, text: str) -> Iterator[Effect]:
        """Effects of code in this language."""
        if len(text) > MAX_CHARACTERS:
            yield UNREADABLE
            return
        for found in re.finditer(self.inline, text, re.DOTALL):
            yield RunsText("bash", next(group for group in found.groups() if group is not None))
        code = cut(text, self.comment, patterns=self.has_patterns)
        yield from self._files(code)
        yield from self._commands(code)
        for region in _regions(self.evaluates, code.bare):
            yield from self._evaluated(name, code, region)
        yield from _data(code, self.loses_data)

    def _evaluated(self, name: str, code: Code, region: str) -> Iterator[Effect]:
        """Text that is run as code; output of a command cannot be read."""
        numbers = [int(number) for number in re.findall(LITERAL, region)]
        hidden = [one for one in numbers if self.backticks_run and code.quotes[one] == "`"]
        if hidden or not numbers or _FETCHES.search(region):
            yield UNREADABLE
        for number in numbers:
            yield RunsText(name, code.literals[number])

    def _files(self, code: Code) -> Iterator[Effect]:
        for region in _regions(self.deletes, code.bare):
            yield Deletes(tuple(code.inside(region)), recursive=False)
        for region in _regions(self.modes, code.bare):
            yield ChangesMode(tuple(code.inside(region)), "s")
        if re.search(self.kills, code.bare):
            yield Kills()
        for region in _regions(self.empties, code.bare):
            yield Empties(tuple(code.inside(region)[:1]))
        for region in _regions(self.writes, code.bare):
            texts = code.inside(region)
            yield Writes(tuple(one for one in texts if _PATH.match(one)))
            if len(texts) == 2 and not texts[1]:
                yield Empties((texts[0],))
        yield Reads(
            tuple(one for one in code.literals if "/" in one and " " not in one and len(one) < 200)
        )

    def _called_by_name(self, code: Code) -> Iterator[Effect]:
        """Functions that a text names: `$f = "unlink"; $f("x")`."""
        for one in code.literals:
            if one in ("unlink", "rmdir", "rmtree"):
                yield Deletes(())
            elif one in _FUNCTIONS:
                yield UNREADABLE

    def _commands(self, code: Code) -> Iterator[Effect]:
        for region in _regions(self.runs, code.bare):
            texts = code.inside(region)
            if len(texts) > 1 and " " not in texts[0].strip():
                yield RunsCommand(tuple(texts))
            for one in texts:
                yield RunsText("bash", one)
            if not texts:
                yield from (RunsText("bash", one) for one in code.literals if " " in one)
        if re.search(self.dynamic, code.bare):
            yield from self._called_by_name(code)
        for literal, quote in zip(code.literals, code.quotes, strict=True):
            if self.backticks_run and quote == "`":
                yield RunsText("bash", _interpolated(literal))


def _interpolated(text: str) -> str:
    """Text of a literal in which Ruby puts the values of expressions."""
    return _INTERPOLATION.sub(lambda found: found[1] or HOLE, text)


def _regions(pattern: str, bare: str) -> Iterator[str]:
    """Arguments of each call that a pattern finds: up to its closing bracket or the line's end."""
    for found in islice(re.finditer(pattern, bare), MAX_CALLS):
        yield _arguments(bare, found.end())


def _arguments(bare: str, start: int) -> str:
    depth = 1 if bare[start - 1 : start] == "(" else 0
    opened = depth or bare[start : start + 1].strip() == "("
    for index in range(start, min(len(bare), start + MAX_ARGUMENTS)):
        character = bare[index]
        depth += (character in "([{") - (character in ")]}")
        if (opened and depth <= 0 and index > start) or (
            not opened and (character in ";\n" or depth < 0)
        ):
            return bare[start : index + 1]
    return bare[start:]


def _data(code: Code, loses_data: str) -> Iterator[Effect]:
    """Databases and web services."""
    for found in islice(_QUERIES.finditer(code.bare), MAX_CALLS):
        for text in code.inside(_arguments(code.bare, found.end())):
            yield RunsText("sql", text)
    if re.search(loses_data, code.bare):
        yield LOSES_DATA
    deletes = any(one.upper() == "DELETE" for one in code.literals) or re.search(
        r"(?:axios|http|got|request|requests|fetch|client|\$http|HTTP"
        r"|Net::HTTP)\.delete\b|Net::HTTP::Delete",
        code.bare,
    )
    sends = bool(_SENDS_FILES.match(f"{code.bare} {' '.join(code.literals)}"[:5000]))
    for one in code.literals:
        if _URL.match(one):
            yield Connects(one, sends=sends, method="DELETE" if deletes else "GET")
    if re.search(r"nodemailer|sendMail\(|Net::SMTP|PHPMailer|\bmail\s*\(\s*\x01", code.bare):
        yield MAILS
