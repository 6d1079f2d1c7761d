"""Chooses the walls around commands, once, and proves that they stand. Never silently weaker."""

import shutil
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol

from policy.secrets import FALLBACKS, command_environment
from workspace.bwrap import BubblewrapWalls
from workspace.landlock import LandlockWalls
from workspace.launch import Launch
from workspace.limits import ResourceLimits
from workspace.network.network import Network
from workspace.processes import CommandNotStarted, CommandSpec, Finished, Launcher
from workspace.seatbelt import SeatbeltWalls
from workspace.visible import Visible, visible
from workspace.walls import WallsUnavailable

PROOF_SECONDS = 20.0
PROOF = "THE WALLS STAND"
OFF = "To run commands with all the rights of the worker, ask for it: SANDBOX=off."

PROBE = f"""
fail() {{ echo "$1"; exit 1; }}
[ "$(id -u)" != 0 ] || fail "commands would run as root"
touch here "$HOME/here" "$TMPDIR/here" || fail "commands could not write where they must"
{{ cat "$SECRET"; }} >/dev/null 2>&1 && fail "commands could read outside the workspace"
{{ echo > "$SECRET.new"; }} 2>/dev/null && fail "commands could write outside the workspace"
{{ echo > /dev/tcp/127.0.0.1/$PORT; }} 2>/dev/null && fail "commands could reach this machine"
unshare --user true 2>/dev/null && fail "commands could make namespaces"
if status=$(cat /proc/self/status 2>/dev/null); then
  grep -Eq '^CapEff:[[:space:]]*0+$' <<<"$status" || fail "commands would have privileges"
  grep -Eq '^NoNewPrivs:[[:space:]]*1$' <<<"$status" || fail "commands could gain privileges"
  grep -Eq '^Seccomp:[[:space:]]*2$' <<<"$status" || fail "system calls would not be filtered"
fi
[ "$(ulimit -Hd)" = "$MEMORY" ] || fail "memory would not be limited"
echo {PROOF}
"""


class Walls(Protocol):
    """One way to keep commands inside their workspace."""

    def wrap(self, command: str, workspace: Path, scratch: Path) -> Launch:
        """Return how to start a shell command inside the walls.

        `scratch` is `processes.Command.scratch`: its `home` and `tmp` are thrown away with the
        command.
        """
        ...

    def describe(self) -> str:
        """Tell people in one or two sentences what protects them."""
        ...

    async def ready(self) -> None:
        """Wait until commands find all that they may reach."""
        ...


async def choose_walls(
    sandbox: Literal["auto", "off"],
    *,
    place: Path,
    launcher: Launcher,
    worker_environment: Mapping[str, str],
    limits: ResourceLimits,
    toolchains: tuple[Path, ...] = (),
    network: Network | None = None,
) -> Walls:
    """Put up the best walls that this machine allows; with "off" none.

    `place` is a directory to keep: it must lie where the workspaces lie. `network` is what
    commands may reach, where the walls can let them. Raises WallsUnavailable with a sentence on how
    to mend it when no walls stand.
    """
    if sandbox == "off":
        return NoWalls(worker_environment)
    seen = visible(worker_environment, toolchains)
    reasons = []
    for name, build in RUNGS.items():
        try:
            walls = build(place, seen, limits, network)
            await prove(walls, place, launcher, limits)
        except WallsUnavailable as reason:
            reasons.append(f"{name}: {reason}")
        else:
            return walls
    raise WallsUnavailable(f"Commands cannot be walled in here. {' '.join(reasons)} {OFF}")


RUNGS: Mapping[str, Callable[[Path, Visible, ResourceLimits, Network | None], Walls]] = {
    "bubblewrap": BubblewrapWalls,
    "Landlock": lambda place, seen, limits, _: LandlockWalls(place, seen, limits),
    "sandbox-exec": lambda place, seen, limits, _: SeatbeltWalls(place, seen, limits),
}
"""From the strongest down."""


async def prove(walls: Walls, place: Path, launcher: Launcher, limits: ResourceLimits) -> None:
    """Run a command that tries the walls. Raises WallsUnavailable when they do not hold."""
    trial = place / f"trial-{uuid.uuid4().hex}"
    workspace = trial / "workspace"
    workspace.mkdir(parents=True)
    (trial / "secret").write_text("secret")
    try:
        with _listening() as port:
            known = f"SECRET={trial / 'secret'} PORT={port} MEMORY={limits.memory_kilobytes}\n"
            launch = walls.wrap(known + PROBE, workspace, trial / "commands" / "probe" / "scratch")
            await _try(launch, trial / "commands" / "probe", launcher)
    finally:
        shutil.rmtree(trial, ignore_errors=True)


async def _try(launch: Launch, directory: Path, launcher: Launcher) -> None:
    try:
        command = await launcher.start(directory, CommandSpec.of(launch, PROOF_SECONDS, 10_000))
    except CommandNotStarted as not_started:
        raise WallsUnavailable(str(not_started)) from not_started
    end = await command.wait()
    said = command.read_output(0, 10_000).decode(errors="replace").strip()
    if not isinstance(end, Finished) or end.exit_code != 0 or not said.endswith(PROOF):
        raise WallsUnavailable(f"{said.rpartition(chr(10))[2] or end}.")


@contextmanager
def _listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


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

    async def ready(self) -> None:
        """Nothing has to be waited for."""


def shell(env: Mapping[str, str]) -> list[str]:
    """Return the words that go before a command line: bash where there is one, else sh."""
    return [shutil.which("bash", path=env.get("PATH")) or "/bin/sh", "-c", "--"]
