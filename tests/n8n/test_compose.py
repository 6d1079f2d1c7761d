"""docker-compose.yml, Dockerfile and the systemd units agree with the code and its settings."""

import configparser
import re
from typing import Any

import yaml

from settings import ROOT, Settings
from tests.n8n.flows import N8N, PATHS

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SETTINGS = {name.upper() for name in Settings.model_fields}
OURS = ("temporal", "worker", "api")
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))


def unit(name: str) -> configparser.SectionProxy:
    """The [Service] section; of a name that stands twice the last value."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(ROOT / f"deploy/systemd/{name}.service")
    return parser["Service"]


def test_the_services() -> None:
    assert SERVICES.keys() == {"temporal", "worker", "api", "n8n"}
    for name, service in SERVICES.items():
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        for other, condition in service.get("depends_on", {}).items():
            assert other in SERVICES
            assert condition == {"condition": "service_healthy"}


def test_volumes_are_declared() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service["volumes"]}
    assert {name for name in used if "/" not in name} == COMPOSE["volumes"].keys()


def test_ports_are_this_machines_alone() -> None:
    for service in SERVICES.values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


def test_the_api_has_no_secret_of_the_worker() -> None:
    service, text = unit("tars-api"), (ROOT / "docs/deploy.md").read_text()
    for name in ("ANTHROPIC_API_KEY", "CONFIRMATION_CODE", "CONFIRMATION_TOTP_SECRET"):
        assert SERVICES["api"]["environment"][name] == ""
        assert name in SETTINGS
        assert re.search(rf"grep -vE '.*\b{name}\b.*' \.env", text)
    assert service["LoadCredential"] == "api.env:/etc/tars/api.env"
    assert "TARS_ENV_FILE=%d/api.env" in service["Environment"]


def test_the_api_sees_projects_at_home() -> None:
    assert unit("tars-api")["ProtectHome"] == "read-only"


def test_n8n_is_reached_by_the_others_alone() -> None:
    assert "ports" not in SERVICES["n8n"]


def test_only_the_worker_gives_up_the_outer_walls() -> None:
    weak = [name for name, one in SERVICES.items() if len(one["security_opt"]) > 1]
    assert weak == ["worker"]
    assert not any("privileged" in one or "cap_add" in one for one in SERVICES.values())


def test_every_variable_is_a_setting() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{([A-Z0-9_]+)", text)) <= SETTINGS
    for name in OURS:
        assert SERVICES[name]["environment"].keys() <= SETTINGS


def test_n8n_is_given_what_it_reads_and_no_more() -> None:
    given = SERVICES["n8n"]["environment"].keys()
    fixed = set(re.findall(r"^([A-Z0-9_]+)=", (N8N / "headless.env").read_text(), re.MULTILINE))
    files = [*PATHS, N8N / "credentials.example.json", N8N / "bootstrap.sh"]
    text = "".join(path.read_text() for path in files)
    read = set(re.findall(r"(?:\$env\.|\$\{)((?:DISCORD|N8N_W|TARS|CONFIRM)[A-Z0-9_]+)", text))
    assert read == given - {"N8N_LISTEN_ADDRESS"}
    assert given <= SETTINGS | fixed | {"TARS_API_URL"}


def test_a_default_that_stands_twice_is_the_same() -> None:
    for name in ("DISCORD_API_URL", "CONFIRMATION_TIMEOUT_SECONDS"):
        default = Settings.model_fields[name.lower()].default
        assert f"{name}={default}\n" in (N8N / "headless.env").read_text()


def test_the_same_bootstrap_starts_n8n() -> None:
    n8n = SERVICES["n8n"]
    assert n8n["entrypoint"][1] == "/tars/bootstrap.sh"
    assert "./n8n:/tars:ro" in n8n["volumes"]
    assert f'"n8n@{n8n["image"].split(":")[1]}"' in (ROOT / "scripts/n8n-local").read_text()


def test_the_worker_tells_n8n_where_the_workflow_listens() -> None:
    url = SERVICES["worker"]["environment"]["N8N_WEBHOOK_URL"]
    assert url == "http://n8n:5678/webhook/coding-events"
    assert '"path": "coding-events"' in (N8N / "workflows/tars-events-to-discord.json").read_text()


def test_the_image_holds_what_runs_and_no_more() -> None:
    kept = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    for name in kept:
        assert list(ROOT.glob(name.rstrip("/"))), name
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {
        "benchmarks",
        "demo",
        "tests",
    }
    assert {name.rstrip("/") for name in kept if name.endswith("/")} == rooms
    docker = (ROOT / "Dockerfile").read_text()
    assert "--require-hashes -r requirements.lock" in docker
    assert docker.index("USER tars") > docker.index("install-debian-packages")


def test_units_start_what_is_there() -> None:
    assert [path.stem for path in UNITS] == [
        "tars-api",
        "tars-n8n",
        "tars-temporal",
        "tars-worker",
    ]
    for path in UNITS:
        service = unit(path.stem)
        words = service["ExecStart"].replace("/opt/tars/", "").split()
        assert words[0] == ".venv/bin/python"
        there = words[-1].removeprefix("/opt/tars/")
        assert (ROOT / there).exists()
        for name in re.findall(r"\b([A-Z_]+)=", service["Environment"]):
            assert name in SETTINGS | {"PYTHONPATH", "TARS_ENV_FILE"}


def test_a_stopped_worker_leaves_commands_running() -> None:
    worker = unit("tars-worker")
    assert worker["KillMode"] == "process"
    assert worker["OOMPolicy"] == "continue"
    assert worker["RestartPreventExitStatus"] == "2"


def test_the_workers_unit_forbids_nothing_that_bubblewrap_needs() -> None:
    breaking = {
        "MemoryDenyWriteExecute",
        "PrivateTmp",
        "ProcSubset",
        "ProtectHostname",
        "ProtectKernelTunables",
        "SystemCallFilter",
    }
    assert not breaking & set(unit("tars-worker"))
    assert unit("tars-worker")["RestrictNamespaces"] == "cgroup ipc mnt net pid user uts"
    assert "AF_NETLINK" in unit("tars-worker")["RestrictAddressFamilies"]
