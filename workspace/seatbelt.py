"""Walls on macOS: sandbox-exec, which comes with the system. Not proven on a real machine here."""

from pathlib import Path

from workspace.launch import Launch
from workspace.limits import LIMITS_FILE, ResourceLimits
from workspace.visible import Visible
from workspace.walls import BASH, WallsUnavailable, settle

PROGRAM = "/usr/bin/sandbox-exec"

SYSTEM = ("/System", "/Library", "/private/etc", "/private/var/db", "/opt/homebrew", "/dev")
"""Beside what `visible` names; /etc, /tmp and /var are links into /private."""

PROFILE = """
(version 1)
(deny default)
(allow process-exec process-fork sysctl-read mach-lookup)
(allow signal (target same-sandbox))
(allow file-read-metadata)
(allow file-read* (literal "/") {read})
(allow file-write* file-read* {write})
(allow file-write-data (literal "/dev/null") (literal "/dev/zero"))
(deny network*)
"""


class SeatbeltWalls:
    """A command runs in the workspace itself; the system refuses it everything else.

    `place` is a directory for what is generated here. Raises WallsUnavailable.
    """

    def __init__(self, place: Path, seen: Visible, limits: ResourceLimits) -> None:
        if not Path(PROGRAM).exists():
            raise WallsUnavailable("this is part of macOS.")
        self._seen = seen
        self._limits = limits
        place.mkdir(parents=True, exist_ok=True)
        self._limits_file = place / LIMITS_FILE
        settle(self._limits_file, limits.script())

    def describe(self) -> str:
        """Tell people what protects them, and what does not."""
        return (
            "Commands are walled in by sandbox-exec: they can change only the workspace and have "
            "no network. They can see which programs run on this machine."
        )

    async def ready(self) -> None:
        """Nothing has to be waited for: there is no network."""

    def wrap(self, command: str, workspace: Path, scratch: Path) -> Launch:
        """Run the command in the workspace; HOME and TMPDIR are thrown away."""
        read = [*self._seen.paths, *map(Path, SYSTEM), self._limits_file]
        profile = PROFILE.format(
            read=_subpaths(read), write=_subpaths([workspace, scratch / "home", scratch / "tmp"])
        )
        home, temporary = str(scratch / "home"), str(scratch / "tmp")
        own = {"HOME": home, "TMPDIR": temporary, "BASH_ENV": str(self._limits_file)}
        return Launch(
            argv=[PROGRAM, "-p", profile, *BASH, command],
            cwd=workspace,
            env={**self._seen.env, **own},
            free_disk_bytes=self._limits.free_disk_bytes,
        )


def _subpaths(paths: list[Path]) -> str:
    quoted = (str(path.resolve()).replace("\\", "\\\\").replace('"', '\\"') for path in paths)
    return " ".join(f'(subpath "{path}")' for path in quoted)
