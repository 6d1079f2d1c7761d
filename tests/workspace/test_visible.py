from pathlib import Path

import pytest

from workspace.visible import visible


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    for directory in (
        "home/me/.pyenv/shims",
        "home/me/.pyenv/versions/3.13/bin",
        "home/me/.pyenv/versions/3.13/lib/python3.13",
        "home/me/.nvm/versions/node/v24/bin",
        "home/me/.nvm/versions/node/v24/lib/node_modules",
        "home/me/.cargo/bin",
        "home/me/.rustup",
        "home/me/.local/bin",
        "home/me/.local/lib/python3.13",
        "home/me/.local/share/keyrings",
        "home/me/project/bin",
        "home/me/project/lib",
        "home/me/project/.venv/bin",
        "home/me/go/bin",
        "home/me/go/src/private",
        "opt/go/bin",
        "opt/go/pkg/tool",
    ):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "home/me/project/.venv/pyvenv.cfg").write_text(
        f"home = {tmp_path}/home/me/.pyenv/versions/3.13/bin\nversion = 3.13.1\n"
    )
    return tmp_path


def shown(machine: Path, *entries: str) -> set[str]:
    path = ":".join(str(machine / entry) for entry in entries)
    seen = visible({"PATH": path, "HOME": str(machine / "home/me")})
    return {str(p.relative_to(machine)) for p in seen.paths if p.is_relative_to(machine)}


@pytest.mark.parametrize(
    ("entry", "whole"),
    [
        ("home/me/.pyenv/shims", {"home/me/.pyenv"}),
        ("home/me/.nvm/versions/node/v24/bin", {"home/me/.nvm/versions/node/v24"}),
        ("home/me/project/.venv/bin", {"home/me/project/.venv", "home/me/.pyenv"}),
        ("opt/go/bin", {"opt/go"}),
        ("home/me/.cargo/bin", {"home/me/.cargo/bin", "home/me/.rustup"}),
    ],
)
def test_an_installation_is_seen_whole(machine: Path, entry: str, whole: set[str]) -> None:
    assert shown(machine, entry) == whole


@pytest.mark.parametrize("entry", ["home/me/.local/bin", "home/me/project/bin", "home/me/go/bin"])
def test_beside_private_things_only_the_programs_are_seen(machine: Path, entry: str) -> None:
    assert shown(machine, entry) == {entry}


def test_what_is_not_there_leaves_the_path(machine: Path) -> None:
    seen = visible({"PATH": f"{machine}/opt/go/bin:/nowhere/bin:relative:/usr/bin:"})
    assert seen.env["PATH"] == f"{machine}/opt/go/bin:/usr/bin"


def test_further_toolchains_and_certificates_are_seen(machine: Path) -> None:
    (machine / "company.pem").write_text("certificate")
    seen = visible(
        {"PATH": "/usr/bin", "SSL_CERT_FILE": str(machine / "company.pem")},
        [machine / "opt/go", machine / "missing"],
    )
    assert {machine / "company.pem", machine / "opt/go"} <= set(seen.paths)
    assert machine / "missing" not in seen.paths


def test_no_home_and_no_secrets_are_ever_seen(machine: Path) -> None:
    seen = visible(
        {"PATH": "/root/bin:/home/me/bin:/usr/bin", "API_KEY": "hidden", "HOME": "/root"}
    )
    names = set(map(str, seen.paths))
    assert not names & {"/", "/root", "/home", "/home/me", "/etc", "/var", "/run", "/proc", "/tmp"}
    assert "API_KEY" not in seen.env
    assert Path("/usr") in seen.paths


def test_there_is_always_a_path() -> None:
    assert "/usr/bin" in visible({"PATH": "/nowhere"}).env["PATH"].split(":")
