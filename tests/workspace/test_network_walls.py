"""The network as a command inside real walls finds it, down to a real package client."""

import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.commands import running_with, until
from tests.walled import BUBBLEWRAP, LIMITS, PATH, PYTHON, Walled, needs_bwrap, walled
from workspace.network.network import Network
from workspace.network.record import read_record, refused
from workspace.processes import Finished

WHEEL = b"PK not really"


class Index(BaseHTTPRequestHandler):
    """A package index over HTTP that has one package."""

    def do_GET(self) -> None:
        is_page = self.path.endswith("/")
        body = b'<a href="/files/pip-1-py3-none-any.whl">pip</a>' if is_page else WHEEL
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def index() -> Iterator[int]:
    """The port of an index on this machine, which is its mirror: 127.0.0.1:PORT."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
async def network(index: int) -> AsyncIterator[Network]:
    """The network of a machine whose pip is set up to use a mirror, and has nothing else."""
    place = Path(tempfile.mkdtemp(prefix="network-", dir="/tmp"))
    pip = place / "bin" / "pip"
    pip.parent.mkdir()
    pip.write_text(
        f"#!/bin/sh\necho \"global.index-url='http://u:word@127.0.0.1:{index}/simple'\"\n"
    )
    pip.chmod(0o755)
    network = Network(place / "walls", "registries", (), {"PATH": str(pip.parent)})
    await network.find()
    yield network
    shutil.rmtree(place)


@pytest.fixture(params=BUBBLEWRAP)
def inside(request: pytest.FixtureRequest, network: Network) -> Iterator[Walled]:
    with walled(request.param, network=network) as place:
        yield place


def fetch(url: str) -> str:
    return (
        f'{PYTHON} -c "import urllib.request as r; '
        f"print(r.build_opener(r.ProxyHandler()).open('{url}', timeout=20).read())\" 2>&1 | tail -1"
    )


async def test_the_mirror_is_reached_and_only_by_its_name(inside: Walled, index: int) -> None:
    _, output = await inside.run(
        f"unset no_proxy NO_PROXY; echo $PIP_INDEX_URL; {fetch(f'http://127.0.0.1:{index}/a.whl')}"
    )
    assert output.splitlines() == [f"http://127.0.0.1:{index}/simple", str(WHEEL)]
    attempts = read_record(inside.place / "commands" / "c1")
    assert [attempt.target for attempt in attempts] == [f"127.0.0.1:{index}"]


async def test_other_hosts_are_refused_and_told(inside: Walled) -> None:
    _, output = await inside.run(fetch("https://evil.example/"))
    said = "The network refused: evil.example:443 (not in the allow-list)"
    assert said in output
    assert refused(inside.place / "commands" / "c1") == [said]


async def test_no_way_leads_around_the_proxy(inside: Walled, index: int) -> None:
    _, output = await inside.run(
        "unset ${!http@} ${!HTTP@} ALL_PROXY all_proxy; "
        f"{fetch(f'http://127.0.0.1:{index}/a')}; "
        f"(exec 3<>/dev/tcp/127.0.0.1/{index}) 2>&1; (exec 3<>/dev/tcp/1.1.1.1/443) 2>&1"
    )
    assert str(WHEEL) not in output
    assert output.count("Connection refused") >= 2
    assert "Network is unreachable" in output


async def test_this_machine_is_not_reached_through_the_proxy(inside: Walled, index: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        _, output = await inside.run(
            f"unset no_proxy NO_PROXY; {fetch(f'http://127.0.0.1:{port}/')}; "
            f"{fetch(f'http://localhost:{port}/')}; {fetch('http://[::1]:3128/')}; "
            "exec 3<>/dev/tcp/127.0.0.1/3128; printf 'CONNECT evil.example\\0.127.0.0.1:"
            f"{index} HTTP/1.1\\r\\n\\r\\n' >&3; head -1 <&3"
        )
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    first, second, third, last = output.splitlines()
    assert f"403: The network refused: 127.0.0.1:{port} (an address instead of a name)" in first
    assert f"403: The network refused: localhost:{port} (not in the allow-list)" in second
    assert "400: The network does not understand" in third
    assert "400 The network does not understand" in last


async def test_the_proxy_ends_with_its_command(inside: Walled, index: int) -> None:
    end, _ = await inside.run(
        f"unset no_proxy NO_PROXY; {fetch(f'http://127.0.0.1:{index}/a.whl')}"
    )
    assert end.exit_code == 0
    assert not running_with(str(inside.place / "commands" / "c1" / "network"))


async def test_a_command_that_goes_on_alone_keeps_its_network(inside: Walled, index: int) -> None:
    running = await inside.start(
        f"unset no_proxy NO_PROXY; touch ready; until [ -e go ]; do sleep 0.01; done; "
        f"{fetch(f'http://127.0.0.1:{index}/a.whl')}"
    )
    await until((inside.workspace / "ready").exists)
    inside._launcher.close()  # as the worker's end does
    (inside.workspace / "go").touch()
    end = await running.wait(20)
    assert isinstance(end, Finished)
    assert str(WHEEL).encode() in running.read_output(0, 1_000)


async def test_the_password_of_a_mirror_stays_outside(network: Network, index: int) -> None:
    assert network.notes == [
        f"The package index at 127.0.0.1:{index} needs a password, which commands do not get."
    ]
    assert "word" not in network.rules_file.read_text() + str(network.env)


async def test_a_mirror_that_is_away_costs_only_itself() -> None:
    place = Path(tempfile.mkdtemp(prefix="network-", dir="/tmp"))
    try:
        network = Network(place, "registries", (), {"PATH": "/nowhere"})
        network.begin()
        await network.ready()
        assert network.hosts == []
        assert "only the package registries" in network.describe()
    finally:
        shutil.rmtree(place)


@needs_bwrap
async def test_pip_downloads_through_the_walls_from_this_machines_index() -> None:
    place = Path(tempfile.mkdtemp(prefix="network-", dir="/tmp"))
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    try:
        network = Network(place, "registries", (), environment)
        await network.find()
        if not await _is_there(network):
            pytest.skip("no package index can be reached from here")
        with walled("bubblewrap", LIMITS, network) as inside:
            if not shutil.which("pip", path=PATH):
                pytest.skip("there is no pip in /usr/bin")
            _, output = await inside.run(
                "pip download --no-deps -q six && ls; curl -sS https://example.org"
            )
    finally:
        shutil.rmtree(place)
    assert "six-" in output, output
    assert "403" in output


async def _is_there(network: Network) -> bool:
    """Whether an index answered when it was asked for its links."""
    return "http" in (network.rules_file.parent / "links.json").read_text()
