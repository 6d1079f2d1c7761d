"""bootstrap.sh: in which order n8n is told what, and what it is kept from."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from settings import ROOT
from tests.n8n.flows import N8N, PATHS

SCRIPT = N8N / "bootstrap.sh"

STAND_IN = """#!/bin/sh
echo "$@" >>"$CALLS"
case $1 in
  import:credentials) cp "${2#--input=}" "$CALLS.credentials" ;;
  unpublish:workflow) exit 1 ;;
  start) env >"$CALLS.env" ;;
esac
"""
"""Writes down what it was told; as a new n8n, it has nothing to unpublish."""

GIVEN = {
    "CONFIRMATION_WEBHOOK_SECRET": "signs",
    "DISCORD_WEBHOOK_URL": "http://127.0.0.1:9/api/webhooks/x/y",
    "N8N_WEBHOOK_KEY": 'a "key" with \\ and $&',
    "TARS_API_URL": "http://127.0.0.1:9",
}
BOT = {"DISCORD_BOT_TOKEN": "bot-token", "DISCORD_CHANNEL_ID": "42"}


class Machine:
    """A place where `n8n` is the stand-in."""

    def __init__(self, home: Path) -> None:
        node = shutil.which("node")
        if node is None:
            pytest.skip("there is no node, which comes with n8n")
        self.home = home
        self.calls = home / "calls"
        bin_ = home / "bin"
        bin_.mkdir()
        (bin_ / "node").symlink_to(node)
        (bin_ / "n8n").write_text(STAND_IN)
        (bin_ / "n8n").chmod(0o755)
        self._path = f"{bin_}:/usr/bin:/bin"

    def start(self, **given: str) -> "subprocess.CompletedProcess[str]":
        self.calls.write_text("")
        fixed = {"PATH": self._path, "CALLS": str(self.calls), "N8N_USER_FOLDER": str(self.home)}
        return subprocess.run(
            ["sh", SCRIPT], env=fixed | given, capture_output=True, text=True, check=False
        )

    def told(self) -> list[str]:
        """What n8n was told, a line for each call."""
        return [line.split(f" --input={self.home}")[0] for line in self._lines()]

    def env(self) -> dict[str, str]:
        """What n8n was started with."""
        lines = Path(f"{self.calls}.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def _lines(self) -> list[str]:
        return self.calls.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_new_n8n_is_told_as_little_as_needed(machine: Machine) -> None:
    assert machine.start(**GIVEN).returncode == 0
    assert machine.told() == [
        "import:credentials",
        f"import:workflow --separate --input={N8N}/workflows",
        "publish:workflow --id=tarsEventsToDisc",
        "publish:workflow --id=tarsMessageToApi",
        "start",
    ]


def test_the_channel_is_polled_where_there_is_a_bot(machine: Machine) -> None:
    machine.start(**GIVEN, **BOT)
    published = [line for line in machine.told() if line.startswith("publish")]
    ids = {json.loads(path.read_text())["id"] for path in PATHS}
    assert {line.partition("=")[2] for line in published} == ids


def test_credentials_come_from_the_environment_and_no_file_of_them_stays(
    machine: Machine,
) -> None:
    machine.start(**GIVEN, **BOT)
    given = json.loads(Path(f"{machine.calls}.credentials").read_text())
    assert [one["data"]["value"] for one in given] == [GIVEN["N8N_WEBHOOK_KEY"], "Bot bot-token"]
    left = list((machine.home / ".n8n").iterdir())
    assert {path.name for path in left} == {"tars.imported", "tars.published"}
    assert not any("bot-token" in path.read_text() for path in left)


def test_a_second_start_is_n8n_alone(machine: Machine) -> None:
    machine.start(**GIVEN)
    machine.start(**GIVEN)
    assert machine.told() == ["start"]


def test_what_was_published_is_taken_back_before_it_is_imported_again(machine: Machine) -> None:
    machine.start(**GIVEN, **BOT)
    before = {line.partition("=")[2] for line in machine.told() if line.startswith("publish")}
    machine.start(**{**GIVEN, "N8N_WEBHOOK_KEY": "another"})
    names = [line.split()[0] for line in machine.told()]
    assert names[1:5] == ["unpublish:workflow"] * 3 + ["import:workflow"]
    assert {line.partition("=")[2] for line in machine.told()[1:4]} == before
    assert names[5:] == ["publish:workflow"] * 2 + ["start"]


def test_n8n_runs_alone_and_silent_unless_told_otherwise(machine: Machine) -> None:
    machine.start(**GIVEN, N8N_DISABLE_UI="false")
    env = machine.env()
    assert env["N8N_DISABLE_UI"] == "false"
    assert env["N8N_DIAGNOSTICS_ENABLED"] == "false"
    assert env["N8N_LISTEN_ADDRESS"] == "127.0.0.1"
    assert env["N8N_BLOCK_ENV_ACCESS_IN_NODE"] == "false"


def test_n8n_has_an_owner_whose_password_nobody_knows(machine: Machine) -> None:
    hashes = []
    for given in ({}, {}, {"N8N_INSTANCE_OWNER_PASSWORD_HASH": "$2b$12$mine"}):
        machine.start(**GIVEN, **given)
        env = machine.env()
        assert env["N8N_INSTANCE_OWNER_MANAGED_BY_ENV"] == "true"
        assert "@" in env["N8N_INSTANCE_OWNER_EMAIL"]
        hashes.append(env["N8N_INSTANCE_OWNER_PASSWORD_HASH"])
    first, second, mine = hashes
    assert first != second
    assert re.fullmatch(r"\$2[aby]\$\d{2}\$[./A-Za-z0-9]{53}", first), "as n8n wants it"
    assert mine == "$2b$12$mine"


@pytest.mark.parametrize("missing", GIVEN)
def test_what_is_missing_is_said(machine: Machine, missing: str) -> None:
    tried = machine.start(**{name: value for name, value in GIVEN.items() if name != missing})
    assert tried.returncode == 2
    assert tried.stderr == f"n8n is not started: {missing} is not set (docs/n8n.md).\n"
    assert machine.calls.read_text() == ""


def test_a_secret_that_n8n_cannot_sign_with_is_refused(machine: Machine) -> None:
    tried = machine.start(**{**GIVEN, "CONFIRMATION_WEBHOOK_SECRET": "whsec_c2lnbnM="})
    assert tried.returncode == 2
    assert "signs with text" in tried.stderr


def test_shellcheck_finds_nothing() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    subprocess.run([shellcheck, SCRIPT, ROOT / "scripts/n8n-circle"], check=True)
