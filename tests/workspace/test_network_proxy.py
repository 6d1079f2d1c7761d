"""The proxy on real sockets. Names are looked up in a table, as a name server would answer."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from workspace.network.proxy import Proxy
from workspace.network.record import MOST_ENTRIES, Attempt, Record, read_record, refused
from workspace.network.rules import AllowedHost, Rules

NAMES = {
    "mirror": ["127.0.0.1"],
    "other": ["127.0.0.1"],
    "rebound.example": ["8.8.8.8", "127.0.0.1"],
    "local.example": ["127.0.0.1"],
}


class Place:
    """A proxy, and a server of which it may speak as mirror:PORT."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.heard: list[bytes] = []
        self.lookups: list[str] = []

    async def begin(self, *, any_public: bool = False) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self.server.sockets[0].getsockname()[1]
        hosts = (
            AllowedHost("mirror", self.port, anywhere=True),
            AllowedHost("mirror", self.port, plain=True, anywhere=True),
            AllowedHost("rebound.example", self.port),
            AllowedHost("gone.example", self.port),
        )
        self.file = (self.directory / "network").open("ab")
        proxy = Proxy(Rules(hosts, any_public), Record(self.file), self._look_up)
        listener = socket.create_server(("127.0.0.1", 0))
        self.proxy_port = listener.getsockname()[1]
        self.task = asyncio.create_task(proxy.serve(listener))

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])
        self.server.close()
        self.file.close()

    async def say(self, words: bytes) -> bytes:
        """Everything that comes back until the proxy hangs up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.proxy_port)
        writer.write(words)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    async def connect(self, target: str) -> bytes:
        return await self.say(
            f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\nhello\r\n".encode()
        )

    async def _look_up(self, name: str, port: int) -> list[str]:
        self.lookups.append(f"{name}:{port}")
        if name not in NAMES:
            raise OSError("Name or service not known")
        return NAMES[name]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(await reader.readline())
        writer.write(b"served\n")
        await writer.drain()
        writer.close()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    place = Place(tmp_path)
    await place.begin()
    yield place
    await place.end()


async def test_a_tunnel_to_an_allowed_host(place: Place) -> None:
    answer = await place.connect(f"MIRROR:{place.port}")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"served\n")
    assert place.heard == [b"hello\r\n"]
    assert read_record(place.directory) == [Attempt(f"mirror:{place.port}")]
    assert refused(place.directory) == []


async def test_a_plain_request_to_an_allowed_host_is_one_request(place: Place) -> None:
    first = f"GET http://mirror:{place.port}/a HTTP/1.1\r\nHost: other\r\n\r\n"
    smuggled = f"GET http://other:{place.port}/b HTTP/1.1\r\n\r\n"
    assert await place.say((first + smuggled).encode()) == b"served\n"
    assert place.heard == [b"GET /a HTTP/1.1\r\n"]


async def test_other_hosts_are_refused_in_words_and_once(place: Place) -> None:
    for _ in range(2):
        answer = await place.connect("evil.example:443")
        said = b"The network refused: evil.example:443 (not in the allow-list)"
        assert answer.startswith(b"HTTP/1.1 403 " + said)
        assert answer.endswith(b"\r\n\r\n" + said)
    assert refused(place.directory) == [said.decode()]
    assert not place.lookups


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("127.0.0.1:{port}", 403),
        ("2130706433:{port}", 403),
        ("evil.example\0.mirror:{port}", 400),
        ("evil@mirror:{port}", 400),
        ("mirrör:{port}", 400),
        ("mirror:1", 403),
        ("other:{port}", 403),
        ("rebound.example:{port}", 403),
        ("gone.example:{port}", 502),
    ],
)
async def test_nothing_is_reached_by_a_trick(place: Place, target: str, status: int) -> None:
    answer = await place.connect(target.format(port=place.port))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert not place.heard


async def test_the_address_that_was_checked_is_the_one_that_is_reached(place: Place) -> None:
    await place.connect(f"mirror:{place.port}")
    assert place.lookups == [f"mirror:{place.port}"]


async def test_all_is_still_not_this_machine(tmp_path: Path) -> None:
    place = Place(tmp_path)
    await place.begin(any_public=True)
    try:
        answer = await place.connect(f"local.example:{place.port}")
        assert b"403 The network refused: local.example" in answer
        assert b"(its address is private)" in answer
        assert not place.heard
    finally:
        await place.end()


async def test_endless_heads_end(place: Place) -> None:
    assert await place.say(b"CONNECT mirror:1 HTTP/1.1\r\n" + b"A: b\r\n" * 10_000) == b""


async def test_the_record_is_bounded(place: Place) -> None:
    for number in range(MOST_ENTRIES + 20):
        await place.connect(f"h{number}.example:443")
    assert len(refused(place.directory)) == MOST_ENTRIES


def test_a_command_without_network_has_no_record(tmp_path: Path) -> None:
    assert refused(tmp_path) == []
