"""`./tars` itself: it makes its environment once, whatever happens on the way."""

import ast
import json
import os
import runpy
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from settings import ROOT

PROGRAM = """
import json, os, sys
json.dump({"arguments": sys.argv[1:], "prefix": sys.prefix, "path": sys.path}, sys.stdout)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose program tells how it was started and needs no package."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "tars", root)
    (root / "requirements.lock").write_text("# none\n")
    (root / "starter").mkdir()
    (root / "starter" / "__init__.py").touch()
    (root / "starter" / "__main__.py").write_text(PROGRAM)
    return root


def tars(checkout: Path, *arguments: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, checkout / "tars", *arguments],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def installed(checkout: Path) -> dict[str, str]:
    stamp: dict[str, str] = json.loads((checkout / ".venv" / "tars.json").read_text())
    return stamp


def test_two_first_runs_at_once_make_one_environment(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "starter").mkdir()
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda word: tars(checkout, "say", word, cwd=tmp_path), "ab"))
    for run, word in zip(runs, "ab", strict=True):
        assert run.returncode == 0, run.stderr
        told = json.loads(run.stdout)
        assert told["arguments"] == ["say", word]
        assert told["prefix"] == str(checkout / ".venv")
        assert told["path"][0] == str(checkout)
        assert str(tmp_path) not in told["path"]
    notices = sorted(run.stderr.splitlines()[0] for run in runs)
    assert notices[0].startswith("Another ./tars is preparing .venv")
    assert notices[1].startswith("Preparing .venv, once")


def test_a_later_run_prepares_nothing(checkout: Path) -> None:
    assert tars(checkout).stderr == ""


def test_a_changed_lock_is_installed_and_an_interrupted_one_anew(checkout: Path) -> None:
    before = installed(checkout)
    (checkout / "requirements.lock").write_text("# none any more\n")
    (checkout / ".venv" / "kept").touch()
    assert tars(checkout).returncode == 0
    assert installed(checkout) != before
    assert (checkout / ".venv" / "kept").exists()

    (checkout / ".venv" / "tars.json").write_text('{"building": {}}')
    assert tars(checkout).returncode == 0
    assert not (checkout / ".venv" / "kept").exists()
    assert tars(checkout).stderr == ""


def test_what_cannot_be_installed_is_told_in_a_sentence(checkout: Path) -> None:
    impossible = f"no-such-package==1 --hash=sha256:{'0' * 64}\n"
    (checkout / "requirements.lock").write_text(impossible)
    run = tars(checkout)
    assert run.returncode == 1
    last = run.stderr.splitlines()[-1]
    assert last.startswith("The packages in requirements.lock could not be installed: ERROR: ")
    assert "no-such-package" in last


def test_old_pythons_can_read_it() -> None:
    ast.parse((ROOT / "tars").read_text(), feature_version=(3, 6))


def test_an_old_python_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 6, 15))
    monkeypatch.setattr(sys, "argv", ["tars", "list"])
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SystemExit, match="1"):
        runpy.run_path(str(ROOT / "tars"), run_name="__main__")
    assert capsys.readouterr().err.startswith("tars needs Python 3.11 or newer and this is 3.6: ")
