"""What a command does to the world, as far as its text shows: the words between rules and policy.

Rules read a call and yield effects; `policy.consequences` says which effects need a code. A path
in an effect is a word as `policy.shell.marks` describes it, not yet resolved.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from policy.shell.streams import Source, Stream


class Category(StrEnum):
    """Kinds of commands that a person must allow; the first six are the seed's own list."""

    DELETION = "file deletion"
    DATABASE = "database"
    GIT = "git"
    PERMISSIONS = "permissions"
    PROCESSES = "processes"
    PRIVILEGE = "privilege"
    OUTSIDE = "outside the workspace"
    SYSTEM = "system"
    MACHINES = "other machines"
    CODE = "unreadable code"
    SECRETS = "secrets"
    PERSISTENCE = "persistence"
    PUBLISHING = "publishing"


@dataclass(frozen=True)
class Finding:
    """Something that needs a code; with `refuse`, something no code allows.

    `reason` fits into "this is needed to ..." and holds no paths or symbols.
    """

    category: Category
    reason: str
    refuse: bool = False


@dataclass(frozen=True)
class Deletes:
    """Unlinks files or directories, or throws them into a bin."""

    paths: tuple[str, ...] = ()
    recursive: bool = False
    reason: str = "delete files"


@dataclass(frozen=True)
class Writes:
    """Creates or replaces files, or puts things into directories."""

    paths: tuple[str, ...]


@dataclass(frozen=True)
class Empties:
    """Leaves files without content."""

    paths: tuple[str, ...]


@dataclass(frozen=True)
class Reads:
    """Takes the content of files; `shows` when it prints or carries it on as it is."""

    paths: tuple[str, ...]
    shows: bool = False


@dataclass(frozen=True)
class ChangesMode:
    """Changes permission bits; `mode` as given to chmod."""

    paths: tuple[str, ...]
    mode: str


@dataclass(frozen=True)
class Kills:
    """Ends processes that run in the sandbox."""

    reason: str = "stop running processes"


@dataclass(frozen=True)
class Connects:
    """Talks to a host; `sends` when local content goes along, `method` when it is HTTP."""

    url: str
    sends: bool = False
    method: str = "GET"


@dataclass(frozen=True)
class Sets:
    """Sets a variable; `exported` when the programs that follow are sure to see it."""

    name: str
    value: str
    exported: bool = True


@dataclass(frozen=True)
class RunsCommand:
    """Runs another command, given as its words. `elsewhere`: not in this file system."""

    words: tuple[str, ...]
    stdin: Stream | None = None
    elsewhere: bool = False


@dataclass(frozen=True)
class RunsText:
    """Runs code in a language; `bash` is the shell. `words` are its positional parameters."""

    language: str
    text: str
    source: Source = Source.PROGRAM
    words: tuple[str, ...] = ()
    elsewhere: bool = False


@dataclass(frozen=True)
class RunsInput:
    """Runs what comes on standard input as code of a language."""

    language: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunsFile:
    """Runs a file as code of a language; '' when the file itself says which."""

    path: str
    language: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Saves:
    """Gives a file content, for a later command of the same text to run."""

    path: str
    content: Stream = field(default_factory=lambda: Stream(""))


@dataclass(frozen=True)
class Copies:
    """Gives the content of one file to another name."""

    source: str
    target: str


Effect = (
    Finding
    | Deletes
    | Writes
    | Empties
    | Reads
    | ChangesMode
    | Kills
    | Connects
    | Sets
    | RunsCommand
    | RunsText
    | RunsInput
    | RunsFile
    | Saves
    | Copies
)
