"""The walls around a task's commands."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from policy.secrets import FALLBACKS, command_environment


@dataclass(frozen=True)
class Launch:
    """What to start so that a command runs inside the walls."""

    argv: list[str]
    cwd: Path
    env: dict[str, str]


class Walls(Protocol):
    """One way to keep commands inside their workspace."""

    def wrap(self, command: str, workspace: Path, scratch: Path) -> Launch:
        """Return how to start a shell command inside the walls.

        `scratch` is `processes.Command.scratch`: its `home` and `tmp` are thrown away with the
        command.
        """
        ...

    def describe(self) -> str:
        """Tell people in one sentence what protects them."""
        ...


class NoWalls:
    """Commands run as the worker's own user, with all that this user may do.

    Of the worker's environment only what `policy.secrets` allows gets through.
    """

    def __init__(self, worker_environment: Mapping[str, str] = FALLBACKS) -> None:
        self._env = command_environment(worker_environment)

    def wrap(self, command: str, workspace: Path, scratch: Path) -> Launch:
        """Run the command in the workspace itself."""
        own = {"HOME": str(scratch / "home"), "TMPDIR": str(scratch / "tmp")}
        return Launch([*shell(self._env), command], workspace, self._env | own)

    def describe(self) -> str:
        """Tell that nothing protects them."""
        return "Commands run without walls: they can do whatever the worker's user can."


def shell(env: Mapping[str, str]) -> list[str]:
    """Return the words that go before a command line: bash where there is one, else sh."""
    return [shutil.which("bash", path=env.get("PATH")) or "/bin/sh", "-c", "--"]
