"""Which hosts belong to the registries: asked of stand-ins for the clients, and of a real index."""

import json
import os
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from workspace.network.client_programs import ClientPrograms
from workspace.network.clients import ask_clients
from workspace.network.index_hosts import hosts_of
from workspace.network.indexes import Kind
from workspace.network.links import IndexAway, file_urls
from workspace.network.network import Network
from workspace.network.rules import AllowedHost

UV_HELP = "--default-index <DEFAULT_INDEX>\n  The default (by default: <https://py.example/simple>)"
PIP_HELP = "  -i <url>  Base URL (default\n            https://py.example/simple). More"


class Machine:
    """A machine with only those clients that a test gives it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "bin").mkdir()
        self.env = {"PATH": str(home / "bin"), "HOME": str(home), "ANTHROPIC_API_KEY": "sk-hidden"}

    def client(self, name: str, script: str) -> None:
        program = self.home / "bin" / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def says(self, name: str, answers: Mapping[str, str]) -> None:
        """A client that prints this when its first argument is that."""
        cases = "\n".join(f"{word}) cat <<'END'\n{text}\nEND\n;;" for word, text in answers.items())
        self.client(name, f"case $1 in\n{cases}\nesac".replace("cat ", "/bin/cat "))

    async def urls(self) -> list[str]:
        return [url for found in await ask_clients(self.env) for url in found.urls]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


async def test_without_clients_there_is_no_registry(machine: Machine) -> None:
    assert await machine.urls() == []


async def test_pip_tells_what_it_takes_by_itself(machine: Machine) -> None:
    machine.says("pip", {"install": PIP_HELP})
    assert await machine.urls() == ["https://py.example/simple"]


async def test_pip_tells_what_it_is_set_up_for(machine: Machine) -> None:
    config = (
        "global.index-url='https://mirror.example/simple'\n"
        ":env:.extra-index-url='http://more.example:8080/simple file:///opt/simple'\n"
        "global.trusted-host='more.example'"
    )
    machine.says("pip", {"config": config, "install": PIP_HELP})
    pip = (await ask_clients(machine.env))[0].without_passwords()
    assert pip.urls == ("https://mirror.example/simple", "http://more.example:8080/simple")
    assert pip.env == {
        "PIP_INDEX_URL": "https://mirror.example/simple",
        "PIP_EXTRA_INDEX_URL": "http://more.example:8080/simple",
        "PIP_TRUSTED_HOST": "more.example",
    }


async def test_uv_is_asked_and_its_files_are_read(machine: Machine) -> None:
    machine.says("uv", {"pip": UV_HELP})
    assert await machine.urls() == ["https://py.example/simple"]
    (machine.home / ".config/uv").mkdir(parents=True)
    (machine.home / ".config/uv/uv.toml").write_text(
        '[[index]]\nurl = "https://mirror.example/simple"\ndefault = true\n'
        '[[index]]\nurl = "https://more.example/simple"\n'
    )
    machine.env["UV_INDEX"] = "ours=https://ours.example/simple"
    assert await machine.urls() == [
        "https://mirror.example/simple",
        "https://ours.example/simple",
        "https://more.example/simple",
    ]


async def test_npm_tells_the_registries_of_scopes_too(machine: Machine) -> None:
    config = {"registry": "https://npm.example/", "@ours:registry": "https://ours.example/npm/"}
    machine.says("npm", {"config": json.dumps(config)})
    assert await machine.urls() == ["https://npm.example/", "https://ours.example/npm/"]


async def test_cargo_complains_of_its_index(machine: Machine) -> None:
    machine.client("cargo", "echo 'failed: `https://crates.example/config.json`' >&2; exit 101")
    (machine.home / ".cargo").mkdir()
    (machine.home / ".cargo/config.toml").write_text(
        '[source.crates-io]\nreplace-with = "ours"\n[build]\njobs = 1\n'
        '[source.ours]\nregistry = "sparse+https://ours.example/index/"\n'
        '[registries.code]\nindex = "https://code.example/index.git"\ntoken = "hidden"\n'
    )
    cargo = next(found for found in await ask_clients(machine.env) if found.kind is Kind.CARGO)
    assert cargo.urls == ("https://crates.example/", "https://ours.example/index/")
    assert 'replace-with = "ours"' in cargo.cargo_config
    assert "hidden" not in cargo.cargo_config
    assert "jobs" not in cargo.cargo_config


async def test_go_tells_its_proxies_and_where_checksums_are(machine: Machine) -> None:
    machine.says("go", {"env": "https://go.example,direct\nsum.example+abcd"})
    assert await machine.urls() == ["https://go.example", "https://sum.example"]


async def test_apt_tells_its_sources(machine: Machine) -> None:
    machine.says(
        "apt-get", {"indextargets": "http://deb.example/debian/\nhttp://deb.example/debian/"}
    )
    assert await machine.urls() == ["http://deb.example/debian/"]


@pytest.mark.parametrize("broken", ["exit 1", "echo '['", "echo '[]'", "echo 'a=1'; kill -9 $$"])
async def test_a_broken_client_disturbs_nobody(machine: Machine, broken: str) -> None:
    for name in ("npm", "uv", "cargo", "go", "apt-get"):
        machine.client(name, broken)
    machine.says("pip", {"install": PIP_HELP})
    (machine.home / ".cargo").mkdir()
    (machine.home / ".cargo/config.toml").write_text("source = 7")
    assert await machine.urls() == ["https://py.example/simple"]


async def test_clients_see_nothing_that_they_do_not_need(machine: Machine) -> None:
    machine.client("npm", f"/usr/bin/env > {machine.home}/seen")
    await machine.urls()
    assert "sk-hidden" not in (machine.home / "seen").read_text()
    assert ClientPrograms(machine.env).env == {
        "PATH": machine.env["PATH"],
        "HOME": str(machine.home),
    }


class Index(BaseHTTPRequestHandler):
    """Links to files elsewhere, some of them by way of a redirect."""

    pages: dict[str, str] = {}
    elsewhere = ""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", self.elsewhere)
        else:
            self.send_response(200 if self.path in self.pages else 404)
        self.end_headers()
        self.wfile.write(self.pages.get(self.path, "").encode())

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def index() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        address = f"http://127.0.0.1:{server.server_port}"
        Index.elsewhere = f"http://localhost:{server.server_port}/file"
        Index.pages = {
            "/simple/pip/": '<a href="../../here.whl">a</a><a href="https://files.invalid/b.whl#h">b</a>'
            '<a href="ftp://ftp.invalid/c">c</a><a href="https://10.0.0.1/d.whl">d</a>',
            "/npm/latest": json.dumps({"dist": {"tarball": f"{address}/moved"}}),
            "/config.json": '{"dl": "https://static.invalid/crates/{crate}"}',
            "/file": "",
        }
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield address
        server.shutdown()
        thread.join()


async def test_hosts_of_files_are_those_an_index_links_to(index: str) -> None:
    found = await hosts_of(Kind.PYTHON, f"{index}/simple", {})
    port = int(index.rpartition(":")[2])
    own = AllowedHost("127.0.0.1", port, plain=True, anywhere=True)
    assert set(found) == {own, AllowedHost("files.invalid", anywhere=True)}


async def test_a_redirect_to_another_host_is_seen(index: str) -> None:
    hosts = await hosts_of(Kind.NPM, index, {})
    assert {"127.0.0.1", "localhost"} >= {host.name for host in hosts} >= {"localhost"}


async def test_templates_of_links_count(index: str) -> None:
    assert "static.invalid" in {host.name for host in await hosts_of(Kind.CARGO, index, {})}


async def test_links_are_kept_for_when_the_index_is_away() -> None:
    away = "http://127.0.0.1:9/simple"
    with pytest.raises(IndexAway, match=r"127\.0\.0\.1:9"):
        await file_urls(Kind.PYTHON, away)
    known = {away: {"at": 0, "urls": ["https://files.invalid/a.whl"]}}
    assert "files.invalid" in {host.name for host in await hosts_of(Kind.PYTHON, away, known)}


async def test_what_was_found_is_on_disk_for_proxies(machine: Machine, index: str) -> None:
    machine.client("pip", f"[ $1 = config ] && echo \"global.index-url='{index}/simple'\"")
    own = (AllowedHost("*.ours.example"),)
    network = Network(machine.home / "walls", "registries", own, machine.env)
    network.begin()
    await network.ready()
    assert {host.partition(":")[0] for host in network.hosts} == {
        "127.0.0.1",
        "files.invalid",
        "*.ours.example",
    }
    assert "files.invalid" in network.rules_file.read_text()
    assert network.env["PIP_INDEX_URL"] == f"{index}/simple"
    assert network.env["https_proxy"] == "http://127.0.0.1:3128"
    assert "*.ours.example" in network.describe()
    assert os.access(network.rules_file, os.R_OK)
