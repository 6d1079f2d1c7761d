"""How much of a command is read, and what is said when it is more, or hidden."""

from policy.effects import Category, Finding
from policy.shell.streams import Source

MAX_COMMANDS = 4000
"""Commands read in one judgement."""
MAX_WORDS = 3000
"""Words of one command."""
MAX_GUESSES = 400
"""Programs tried for command words that are patterns or known in part."""
MAX_NESTING = 20
"""Texts inside texts (`sh -c "sh -c ..."`, functions calling functions) that are followed."""
MAX_CHARACTERS = 300_000
"""Characters read in one judgement, each as often as it is read."""
MAX_RECURSION = 3
"""Calls of a function inside itself that are followed."""

TOO_DEEP = Finding(Category.CODE, "run a command nested too deeply to be read")
TOO_MUCH = Finding(Category.CODE, "run more commands than can be read")
UNRESOLVED = Finding(Category.CODE, "run a program whose name is not known beforehand")
UNREADABLE = {
    Source.PROGRAM: Finding(Category.CODE, "run code that cannot be read beforehand"),
    Source.FILE: Finding(Category.CODE, "run code that cannot be read beforehand"),
    Source.DOWNLOAD: Finding(Category.CODE, "run code from the internet that nobody has read"),
    Source.DECODED: Finding(Category.CODE, "run hidden code"),
}


class ExhaustedError(Exception):
    """More would have to be read than `MAX_COMMANDS` and its like allow: give shorter commands."""
