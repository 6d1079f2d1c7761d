"""What walls make of a command line: something to start."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """The user a command runs as, and the directories that must be this user's."""

    user: int
    group: int
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Launch:
    """How to start a command so that it runs inside the walls.

    `files` are opened for it as descriptors 3, 4 ... `owner` is set where the worker is root and
    the command must not be. `main_holds_walls`: the first process is not the command but holds its
    walls, so it is not asked to end: the command is. The command is ended when less than
    `free_disk_bytes` are left on the disk. `network` is a file with `network.rules` for the proxy
    that the command gets; without it there is none.
    """

    argv: list[str]
    cwd: Path
    env: dict[str, str]
    files: tuple[Path, ...] = ()
    owner: Owner | None = None
    main_holds_walls: bool = False
    free_disk_bytes: int = 0
    network: Path | None = None
