"""Readers of all languages that commands may carry, by name."""

from collections.abc import Callable, Iterator

from policy.code.python import python
from policy.code.scripts import SCRIPTS
from policy.code.small import awk, debugger, makefile, package, sed, vim
from policy.code.sql import cypher, mongo, redis, sql
from policy.effects import Effect

Reader = Callable[[str, tuple[str, ...]], Iterator[Effect]]


def _plain(read: Callable[[str], Iterator[Effect]]) -> Reader:
    """A reader that needs no more than the text."""
    return lambda text, _: read(text)


LANGUAGES: dict[str, Reader] = {
    **{name: _plain(read) for name, read in SCRIPTS.items()},
    "python": _plain(python),
    "sql": _plain(sql),
    "redis": _plain(redis),
    "mongo": _plain(mongo),
    "cypher": _plain(cypher),
    "awk": _plain(awk),
    "sed": _plain(sed),
    "vim": _plain(vim),
    "debugger": _plain(debugger),
    "makefile": lambda text, words: makefile(text, words[1:]),
    "package": lambda text, words: package(text, words[1:]),
}
"""A reader takes a text and the words it is run with; it yields effects."""

_BY_SUFFIX = {
    ".py": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".ts": "javascript",
    ".pl": "perl",
    ".rb": "ruby",
    ".php": "php",
    ".lua": "lua",
    ".R": "r",
    ".jl": "julia",
    ".tcl": "tcl",
    ".exp": "tcl",
    ".awk": "awk",
    ".sed": "sed",
    ".sql": "sql",
}
_BY_PROGRAM = {
    "python": "python",
    "node": "javascript",
    "deno": "javascript",
    "bun": "javascript",
    "perl": "perl",
    "ruby": "ruby",
    "php": "php",
    "lua": "lua",
    "Rscript": "r",
    "julia": "julia",
    "tclsh": "tcl",
    "expect": "tcl",
    "awk": "awk",
    "sed": "sed",
    "make": "makefile",
}


def language_of(path: str, text: str) -> str:
    """Language of a script by its first line, else by its name, else the shell's."""
    first = text.partition("\n")[0]
    if first.startswith("#!"):
        for program, language in _BY_PROGRAM.items():
            if program in first:
                return language
        return "bash"
    dot = path.rfind(".")
    return _BY_SUFFIX.get(path[dot:], "bash") if dot >= 0 else "bash"
