"""The inside of a search: a program of its own, as a regular expression can run for ever.

Reads `{"root", "pattern", "glob"}` as JSON from standard input and writes what Claude reads, line
by line as it is found. Exit status 2 means that the last line says what was wrong. Nothing heavy
is imported: it shall start in some 30 ms.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from workspace.beneath import open_at
from workspace.file_problems import FileProblem
from workspace.patterns import expand_braces, translate
from workspace.tree import Found, Tree
from workspace.wording import counted, shown

MAX_MATCHES = 200
MAX_CHARACTERS = 30_000
MAX_FILE_BYTES = 5_000_000
MAX_SHOWN_CHARACTERS = 300
MAX_LINE_CHARACTERS = 20_000
"""Only the beginning of a longer line (minified code, data) is searched."""


def main() -> int:
    """Run one search; gives the exit status."""
    request = json.load(sys.stdin)
    try:
        Grep(Path(request["root"]), request["pattern"], request["glob"]).run()
    except FileProblem as problem:
        _say(str(problem))
        return 2
    return 0


class Grep:
    """One search and what it has counted so far."""

    def __init__(self, root: Path, pattern: str, glob: str | None) -> None:
        self._tree = Tree(root, ".")
        self._pattern = _compiled(pattern)
        self._wanted = _glob(glob) if glob else None
        self._files = self._matches = self._left_out = 0
        self._room = MAX_CHARACTERS
        self._shown = 0

    def run(self) -> None:
        """Write every match for which there is room, then a summary."""
        for found in self._tree:
            if self._wanted is None or self._wanted.fullmatch(found.path):
                self._search(found)
        self._summarize()

    def _search(self, found: Found) -> None:
        if not found.entry.is_file(follow_symlinks=False):
            return
        content = _text_of(found)
        if content is None:
            self._left_out += 1
            return
        self._files += 1
        for number, line in enumerate(content.split("\n"), 1):
            if self._pattern.search(line, 0, MAX_LINE_CHARACTERS):
                self._report(f"{shown(found.path)}:{number}: {line[:MAX_SHOWN_CHARACTERS]}")

    def _report(self, line: str) -> None:
        self._matches += 1
        self._room -= len(line)
        if self._room > 0 and self._shown < MAX_MATCHES:
            self._shown += 1
            _say(line)

    def _summarize(self) -> None:
        said = "No line matches" if not self._matches else counted(self._matches, "matching line")
        _say(f"{said} in {counted(self._files, 'file')}.")
        for note in self._notes():
            _say(f"({note})")

    def _notes(self) -> Iterator[str]:
        if self._shown < self._matches:
            yield f"only the first {self._shown} are shown: narrow the pattern or the glob"
        if self._left_out:
            yield f"{counted(self._left_out, 'binary, unreadable or very big file')} left out"
        if self._tree.cut:
            yield f"{self._tree.cut}: the rest was not searched"


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise FileProblem(f"The pattern is no valid regular expression: {error}.") from error


def _glob(glob: str) -> re.Pattern[str]:
    plain = glob.removeprefix("/workspace/").removeprefix("./")
    try:
        choices = "|".join(translate(choice) for choice in expand_braces(plain))
        return re.compile(f"(?:{choices})(?:/.*)?", re.DOTALL)
    except re.error as error:
        raise FileProblem(f"The glob {shown(glob)} is not valid: {error}.") from error


def _text_of(found: Found) -> str | None:
    try:
        with open_at(found.directory_fd, found.entry.name, found.path) as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except FileProblem:
        return None
    if len(content) > MAX_FILE_BYTES or b"\0" in content[:8192]:
        return None
    return content.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _say(line: str) -> None:
    sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.flush()
