"""The walls that can be put up on this machine, for the tests that try to get through them."""

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands import printed
from workspace.bwrap import BubblewrapWalls
from workspace.jail import Walls
from workspace.landlock import LandlockWalls
from workspace.landlock_launcher import version
from workspace.launch import Launch, Owner
from workspace.limits import ResourceLimits
from workspace.network.network import Network
from workspace.processes import Command, CommandSpec, Finished, Launcher
from workspace.visible import visible

ORDINARY = 64_997 - int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""A user without rights, for tests that run as root; the kernel counts a user's processes, so tests
side by side are different users."""

PYTHON = "/usr/bin/python3"
PATH = "/usr/local/bin:/usr/bin:/bin"
SECONDS = 60.0

LIMITS = ResourceLimits(
    processes=60,
    memory_bytes=256 * 2**20,
    file_bytes=8 * 2**20,
    shared_memory_bytes=2**20,
    free_disk_bytes=0,
)

needs_bwrap = pytest.mark.skipif(
    shutil.which("bwrap") is None,
    reason="bubblewrap is missing: scripts/install-debian-packages installs it",
)
needs_landlock = pytest.mark.skipif(version() < 6, reason="needs Landlock of Linux 6.12 or later")
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")

KINDS = [
    pytest.param("bubblewrap", marks=needs_bwrap),
    pytest.param("bubblewrap, ordinary user", marks=[needs_bwrap, needs_root]),
    pytest.param("landlock", marks=needs_landlock),
    pytest.param("landlock, ordinary user", marks=[needs_landlock, needs_root]),
]
BUBBLEWRAP = KINDS[:2]


class Walled:
    """A workspace with walls around its commands."""

    def __init__(
        self,
        kind: str,
        place: Path,
        launcher: Launcher,
        limits: ResourceLimits,
        network: Network | None = None,
    ) -> None:
        self.place = place
        self.workspace = place / "workspace"
        self.workspace.mkdir()
        self.is_landlock = kind.startswith("landlock")
        self.ordinary = "ordinary" in kind
        self.is_same_user = self.ordinary or os.getuid() != 0
        self._launcher = launcher
        self._network = network
        self._walls = self._build(limits)
        self._count = 0

    def _build(self, limits: ResourceLimits) -> Walls:
        seen = visible({"PATH": PATH, "ANTHROPIC_API_KEY": "sk-ant-hidden"})
        user = ORDINARY if self.ordinary else os.getuid()
        walls = self.place / "walls"
        if self.is_landlock:
            return LandlockWalls(walls, seen, limits, user=user, python=PYTHON)
        return BubblewrapWalls(walls, seen, limits, self._network, user=user)

    def launch(self, command: str, key: str) -> Launch:
        scratch = Command(self.place / "commands" / key).scratch
        launch = self._walls.wrap(command, self.workspace, scratch)
        if not self.ordinary:
            return launch
        become = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups", "--"]
        owner = Owner(ORDINARY, ORDINARY, (self.workspace, scratch / "home", scratch / "tmp"))
        return dataclasses.replace(launch, argv=[*become, *launch.argv], owner=owner)

    async def start(
        self, command: str, *, timeout_seconds: float = SECONDS, free_disk_bytes: int = 0
    ) -> Command:
        self._count += 1
        key = f"c{self._count}"
        launch = dataclasses.replace(self.launch(command, key), free_disk_bytes=free_disk_bytes)
        spec = CommandSpec.of(launch, timeout_seconds, 1_000_000)
        return await self._launcher.start(self.place / "commands" / key, spec)

    async def run(self, command: str, *, free_disk_bytes: int = 0) -> tuple[Finished, str]:
        running = await self.start(command, free_disk_bytes=free_disk_bytes)
        end = await running.wait(SECONDS)
        assert isinstance(end, Finished), end
        return end, printed(running)

    async def python(self, program: str) -> str:
        """Run a Python program inside; answers what it printed."""
        (self.workspace / "attack.py").write_text(program)
        _, output = await self.run(f"{PYTHON} attack.py")
        return output


@contextmanager
def walled(
    kind: str, limits: ResourceLimits = LIMITS, network: Network | None = None
) -> Iterator[Walled]:
    place = Path(tempfile.mkdtemp(prefix="walls-", dir="/tmp"))
    place.chmod(0o755)  # what runs as somebody else must get in
    launcher = Launcher()
    try:
        yield Walled(kind, place, launcher, limits, network)
    finally:
        launcher.close()
        shutil.rmtree(place, ignore_errors=True)
