"""Walls for machines that forbid namespaces, as many containers do: Landlock with seccomp.

Narrower than bubblewrap, and `describe` says so: no socket can be made, not even between processes
of one command, and /proc is closed. The workspace keeps its real path, and where the worker is root
programs in directories that only root may enter cannot be used. Of files outside Landlock does not
see (landlock(7)) whether a path exists, the times of files that anybody may write, and changes of
mode by a file's owner, which the command's user is only where the worker is not root.
"""

import dataclasses
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from workspace.landlock_launcher import version
from workspace.launch import Launch
from workspace.limits import LIMITS_FILE, ResourceLimits
from workspace.seccomp import UnknownMachine, seccomp_filter
from workspace.visible import Visible
from workspace.walls import BASH, GITCONFIG, WallsUnavailable, own_user, settle

LEAST_VERSION = 6
"""Before Linux 6.12 a command could send signals to the worker."""

PROGRAM = (
    "import sys; sys.path.append({root!r}); from workspace.landlock_launcher import main; main()"
)
NOT_HELD = (
    "They could still change the permissions of your other files, though not read or write them."
)
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
ABOUT_THE_MACHINE = (
    "/sys/devices/system/cpu",
    "/proc/sys/kernel",
    "/proc/sys/vm",
    *(
        f"/proc/{name}"
        for name in ("cpuinfo", "filesystems", "meminfo", "stat", "uptime", "version")
    ),
)
"""Nothing of /proc that belongs to processes: without a namespace they would be all there are."""


class LandlockWalls:
    """A command runs in the workspace itself; the kernel refuses it everything else.

    `place` is a directory for what is generated here. Raises WallsUnavailable.
    """

    def __init__(
        self,
        place: Path,
        seen: Visible,
        limits: ResourceLimits,
        *,
        user: int | None = None,
        python: str = sys.executable,
    ) -> None:
        if version() < LEAST_VERSION:
            raise WallsUnavailable("this needs Linux 6.12 or later.")
        try:
            seccomp_filter()
        except UnknownMachine as unknown:
            raise WallsUnavailable(str(unknown)) from unknown
        self._place = place
        self._seen = seen
        self._limits = limits
        self._user = os.getuid() if user is None else user
        self._python = python
        place.mkdir(parents=True, exist_ok=True)
        settle(place / "gitconfig", GITCONFIG)
        taken = 0 if self._user == 0 else _tasks_of(self._user)
        shared = dataclasses.replace(limits, processes=limits.processes + taken)
        settle(place / LIMITS_FILE, shared.script())

    def describe(self) -> str:
        """Tell people what protects them, and how it differs."""
        rights = "" if self._user == 0 else f" {NOT_HELD}"
        return (
            "Commands are walled in by Landlock and seccomp: they can change only the workspace, "
            "have no network, no sockets of any kind, no list of processes and no privileges. The "
            f"workspace is not at /workspace but at its real path.{rights}"
        )

    async def ready(self) -> None:
        """Nothing has to be waited for: there is no network."""

    def wrap(self, command: str, workspace: Path, scratch: Path) -> Launch:
        """Run the command in the workspace; HOME and TMPDIR are thrown away."""
        owner = own_user(workspace, scratch) if self._user == 0 else None
        scratch.mkdir(parents=True, exist_ok=True)
        rules = scratch / "landlock.json"
        content = {
            "read": [*self._seen.paths, *self._generated(), *_there(ABOUT_THE_MACHINE)],
            "write": [workspace, scratch / "home", scratch / "tmp"],
            "devices": _there(f"/dev/{name}" for name in DEVICES),
            "user": owner and owner.user,
            "group": owner and owner.group,
            "cwd": workspace,
            "argv": [*BASH, command],
        }
        rules.write_text(json.dumps(content, default=str))
        root = str(Path(__file__).resolve().parent.parent)
        return Launch(
            argv=[self._python, "-I", "-S", "-c", PROGRAM.format(root=root)],
            cwd=Path("/"),
            env=self._env(scratch),
            files=(rules,),
            owner=owner,
            free_disk_bytes=self._limits.free_disk_bytes,
        )

    def _generated(self) -> list[Path]:
        return [self._place / LIMITS_FILE, self._place / "gitconfig"]

    def _env(self, scratch: Path) -> dict[str, str]:
        limits, gitconfig = map(str, self._generated())
        own = {
            "HOME": str(scratch / "home"),
            "TMPDIR": str(scratch / "tmp"),
            "BASH_ENV": limits,
            "GIT_CONFIG_SYSTEM": gitconfig,
        }
        return {**self._seen.env, **own}


def _there(paths: Iterable[str]) -> list[Path]:
    return [Path(path) for path in paths if Path(path).exists()]


def _tasks_of(user: int) -> int:
    """Count the threads of a user: without a namespace they count against the limit too."""
    tasks = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if process.stat().st_uid == user:
                tasks += len(list((process / "task").iterdir()))
        except OSError:
            continue
    return tasks
