"""Walls of Linux namespaces, put up by bubblewrap: the strongest and fastest rung."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from workspace.etc import ETC, make_etc
from workspace.launch import Launch, Owner
from workspace.limits import ResourceLimits
from workspace.network.door import HOLD, INFO
from workspace.network.network import Network
from workspace.seccomp import UnknownMachine, seccomp_filter
from workspace.visible import Visible
from workspace.walls import BASH, WallsUnavailable, own_user, settle

USER = 1_000
"""Number of the user inside; outside it is the worker's own."""

ARGUMENTS_FILE, FILTER_FILE = 3, 4
NAMESPACES = ("ipc", "pid", "net", "uts", "cgroup-try")
INSTALL = "install bubblewrap, for example with: apt-get install bubblewrap"
LIMITS_INSIDE = "tars/limits.bash"


class Mount(NamedTuple):
    """How (an option of bwrap), from where, and to where inside."""

    how: str
    source: Path
    target: Path


class BubblewrapWalls:
    """A command sees a small root of its own, with the workspace at /workspace.

    `place` is a directory for what is generated here. Without `network` there is none at all.
    Raises WallsUnavailable.
    """

    def __init__(
        self,
        place: Path,
        seen: Visible,
        limits: ResourceLimits,
        network: Network | None = None,
        *,
        user: int | None = None,
    ) -> None:
        self._program = _program("bwrap", seen, INSTALL)
        self._place = place
        self._seen = seen
        self._limits = limits
        self._network = network
        self._is_root = (os.getuid() if user is None else user) == 0
        self._drop = _program("setpriv", seen, "install util-linux") if self._is_root else ""
        place.mkdir(parents=True, exist_ok=True)
        self._filter = _filter(place)
        self._etc = self._make_etc()

    def describe(self) -> str:
        """Tell people what protects them."""
        network = self._network.describe() if self._network else "no network"
        return (
            "Commands are walled in by bubblewrap: they can change only the workspace, see only "
            f"the programs that are installed, and have no privileges. They can reach {network}."
        )

    async def ready(self) -> None:
        """Wait until it is known where packages are."""
        if self._network:
            await self._network.ready()

    def wrap(self, command: str, workspace: Path, scratch: Path) -> Launch:
        """Run the command in /workspace, with /tmp and HOME that are thrown away."""
        owner = own_user(workspace, scratch) if self._is_root else None
        scratch.mkdir(parents=True, exist_ok=True)
        arguments = scratch / "bwrap.arguments"
        words = self._arguments(workspace, scratch, owner)
        arguments.write_bytes(b"".join(os.fsencode(word) + b"\0" for word in words))
        start = [self._program, "--args", str(ARGUMENTS_FILE), "--"]
        return Launch(
            argv=[*start, *self._dropping(owner), *BASH, command],
            cwd=Path("/"),
            env=self._env(),
            files=(arguments, self._filter),
            owner=owner,
            main_holds_walls=True,
            free_disk_bytes=self._limits.free_disk_bytes,
            network=self._network.rules_file if self._network else None,
        )

    def _env(self) -> dict[str, str]:
        own = {
            "HOME": "/home/tars",
            "TMPDIR": "/tmp",  # noqa: S108  # a directory of its own in there
            "USER": "tars",
            "LOGNAME": "tars",
            "BASH_ENV": f"/etc/{LIMITS_INSIDE}",
        }
        network = self._network.env if self._network else {}
        return {**self._seen.env, **network, **own}

    def _dropping(self, owner: Owner | None) -> list[str]:
        if owner is None:
            return []
        ids = [f"--reuid={owner.user}", f"--regid={owner.group}", "--clear-groups"]
        return [self._drop, *ids, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]

    def _arguments(self, workspace: Path, scratch: Path, owner: Owner | None) -> Iterator[str]:
        for name in NAMESPACES:
            yield f"--unshare-{name}"
        yield from ("--die-with-parent", "--new-session", "--hostname", "tars")
        yield from ("--cap-drop", "ALL")
        if owner:
            for name in ("SETUID", "SETGID", "SETPCAP", "DAC_READ_SEARCH"):
                yield from ("--cap-add", f"CAP_{name}")
        else:
            yield from ("--unshare-user", "--disable-userns")
            yield from ("--uid", str(USER), "--gid", str(USER))
        yield from ("--proc", "/proc", "--dev", "/dev")
        size = str(self._limits.shared_memory_bytes)
        yield from ("--perms", "1777", "--size", size, "--tmpfs", "/dev/shm")  # noqa: S108
        yield from ("--remount-ro", "/dev")
        yield from _mounted([*self._own(workspace, scratch, owner), *self._programs()])
        for name in ("run", "var"):
            yield from ("--perms", "0755", "--dir", f"/{name}")
        yield from ("--symlink", "/tmp", "/var/tmp")  # noqa: S108
        yield from ("--remount-ro", "/", "--chdir", "/workspace")
        yield from ("--seccomp", str(FILTER_FILE))
        if self._network:
            yield from ("--info-fd", str(INFO), "--block-fd", str(HOLD))

    def _own(self, workspace: Path, scratch: Path, owner: Owner | None) -> Iterator[Mount]:
        """What belongs to this command: from where, to where, and whether it may write."""
        yield Mount("--bind", scratch / "tmp", Path("/tmp"))  # noqa: S108
        yield Mount("--bind", scratch / "home", Path("/home/tars"))
        yield Mount("--bind", workspace, Path("/workspace"))
        yield Mount("--ro-bind", _outputs(scratch.parent), Path("/outputs"))
        if self._network and self._network.cargo_config:
            yield Mount("--ro-bind", self._network.cargo_config, Path("/.cargo/config.toml"))
        yield Mount("--ro-bind", self._etc, ETC)
        if owner:
            for name, content in _accounts(owner.user, owner.group).items():
                file = self._place / f"{name}-{owner.user}-{owner.group}"
                settle(file, content)
                yield Mount("--ro-bind", file, ETC / name)

    def _programs(self) -> Iterator[Mount]:
        for path in self._seen.paths:
            if path.is_symlink() and path.parent == Path("/"):
                yield Mount("--symlink", path.readlink(), path)
            elif not path.is_relative_to(ETC):
                yield Mount("--ro-bind", path, path)

    def _make_etc(self) -> Path:
        shown = [path for path in self._seen.paths if path.is_relative_to(ETC)]
        further = _accounts(USER, USER) | {LIMITS_INSIDE: self._limits.script()}
        return make_etc(self._place, shown, further)


def _filter(place: Path) -> Path:
    try:
        settle(place / "seccomp.bpf", seccomp_filter())
    except UnknownMachine as unknown:
        raise WallsUnavailable(str(unknown)) from unknown
    return place / "seccomp.bpf"


def _accounts(user: int, group: int) -> dict[str, bytes]:
    """Return the two files that give the user inside a name."""
    return {
        "passwd": f"tars:x:{user}:{group}:TARS:/home/tars:/bin/bash\n".encode(),
        "group": f"tars:x:{group}:\n".encode(),
    }


def _outputs(command: Path) -> Path:
    """Return a directory with the outputs of the commands that ran before, as KEY.txt.

    They are second names of the files: a mount for each would take ever longer to make.
    """
    names = command.parent / ".outputs"
    names.mkdir(exist_ok=True)
    names.chmod(0o755)
    begun = {one.name for one in command.parent.iterdir()} - {names.name, command.name}
    for key in begun - {name.stem for name in names.iterdir()}:
        # a command that never began has no output; another one may name it at the same time
        with suppress(FileNotFoundError, FileExistsError):
            (names / f"{key}.txt").hardlink_to(command.parent / key / "output")
    return names


def _mounted(mounts: list[Mount]) -> Iterator[str]:
    """Mount each; the directories above it are made first, for bwrap would make them private."""
    made: set[Path] = set()
    for how, source, target in mounts:
        for directory in reversed(target.parents[:-1]):
            if directory not in made:
                made.add(directory)
                yield from ("--perms", "0755", "--dir", str(directory))
        made.add(target)
        yield from (how, str(source), str(target))


def _program(name: str, seen: Visible, how_to_mend: str) -> str:
    found = shutil.which(name, path=seen.env["PATH"])
    if found is None:
        raise WallsUnavailable(f"{name} is missing: {how_to_mend}.")
    return found
