import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import run, spec_of
from workspace.jail import NoWalls, shell
from workspace.processes import Launcher

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
