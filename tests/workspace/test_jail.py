import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import run, spec_of
from tests.walled import needs_bwrap, needs_landlock
from workspace.bwrap import BubblewrapWalls
from workspace.jail import NoWalls, Walls, choose_walls, prove, shell
from workspace.landlock import LandlockWalls
from workspace.limits import ResourceLimits
from workspace.processes import Launcher
from workspace.walls import WallsUnavailable

WORKER = {
    "PATH": os.environ["PATH"],
    "ANTHROPIC_API_KEY": "sk-ant-hidden",
    "CONFIRMATION_CODE": "1234",
    "BASH_ENV": "/tmp/evil",
}


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    launcher = Launcher()
    yield launcher
    launcher.close()


async def test_without_walls_a_command_runs_in_the_workspace(
    launcher: Launcher, tmp_path: Path
) -> None:
    spec = spec_of("pwd; touch $HOME/a $TMPDIR/b; echo $HOME $TMPDIR", tmp_path, NoWalls(WORKER))
    end, output = await run(launcher, tmp_path, spec)
    scratch = tmp_path / "command" / "scratch"
    assert end.exit_code == 0
    assert output.split() == [str(tmp_path / "files"), f"{scratch}/home", f"{scratch}/tmp"]


async def test_the_environment_holds_no_secret(launcher: Launcher, tmp_path: Path) -> None:
    _, output = await run(launcher, tmp_path, spec_of("env", tmp_path, NoWalls(WORKER)))
    names = {line.partition("=")[0] for line in output.splitlines()}
    assert {"PATH", "HOME", "TMPDIR", "CI", "PAGER", "TARS_COMMAND"} <= names
    assert not {"ANTHROPIC_API_KEY", "CONFIRMATION_CODE", "BASH_ENV"} & names
    assert "hidden" not in output


async def test_without_a_worker_environment_there_is_still_a_path(
    launcher: Launcher, tmp_path: Path
) -> None:
    end, output = await run(
        launcher, tmp_path, spec_of("ls / > list; wc -l < list", tmp_path, NoWalls())
    )
    assert end.exit_code == 0
    assert int(output) > 5


def test_sh_takes_the_place_of_a_missing_bash(tmp_path: Path) -> None:
    assert shell({"PATH": str(tmp_path)})[0] == "/bin/sh"
    assert shell({"PATH": os.environ["PATH"]})[0].endswith("/bash")


def test_people_are_told_that_there_are_no_walls() -> None:
    assert "without walls" in NoWalls().describe()


@pytest.fixture
def home() -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="jail-", dir="/tmp"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def programs(home: Path) -> Path:
    """A directory with what every machine has, and no bubblewrap."""
    (home / "bin").mkdir()
    for name in ("id", "touch", "cat", "grep", "unshare"):
        (home / "bin" / name).symlink_to(shutil.which(name) or "/nowhere")
    return home / "bin"


async def choose(launcher: Launcher, home: Path, **changed: str) -> Walls:
    return await choose_walls(
        "auto",
        place=home / "walls",
        launcher=launcher,
        worker_environment=WORKER | changed,
        limits=ResourceLimits(),
    )


@needs_bwrap
async def test_the_strongest_walls_are_chosen(launcher: Launcher, home: Path) -> None:
    walls = await choose(launcher, home)
    assert isinstance(walls, BubblewrapWalls)
    assert "bubblewrap" in walls.describe()
    assert not list((home / "walls").glob("trial-*"))


@needs_landlock
async def test_without_bubblewrap_landlock_is_chosen(
    launcher: Launcher, home: Path, programs: Path
) -> None:
    walls = await choose(launcher, home, PATH=str(programs))
    assert isinstance(walls, LandlockWalls)
    assert "Landlock" in walls.describe()


@needs_landlock
async def test_bubblewrap_that_does_not_work_is_passed_over(
    launcher: Launcher, home: Path, programs: Path
) -> None:
    for name in ("bwrap", "setpriv"):
        (programs / name).write_text("#!/bin/sh\necho No permission >&2; exit 1\n")
        (programs / name).chmod(0o755)
    assert isinstance(await choose(launcher, home, PATH=str(programs)), LandlockWalls)


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes somebody else")
async def test_without_walls_commands_are_refused_with_advice(
    launcher: Launcher, home: Path, programs: Path
) -> None:
    home.chmod(0o700)  # a user without rights cannot get in, so Landlock cannot work
    with pytest.raises(WallsUnavailable) as refused:
        await choose(launcher, home, PATH=str(programs))
    said = str(refused.value)
    assert "bwrap is missing" in said
    assert "apt-get install bubblewrap" in said
    assert "Landlock: commands could not write where they must" in said
    assert "SANDBOX=off" in said
    assert "\n" not in said


async def test_walls_that_do_not_hold_are_found_out(launcher: Launcher, home: Path) -> None:
    with pytest.raises(WallsUnavailable, match=r"commands (would|could)"):
        await prove(NoWalls(WORKER), home, launcher, ResourceLimits())


async def test_off_must_be_asked_for(launcher: Launcher, home: Path) -> None:
    walls = await choose_walls(
        "off",
        place=home,
        launcher=launcher,
        worker_environment=WORKER,
        limits=ResourceLimits(),
    )
    assert isinstance(walls, NoWalls)
