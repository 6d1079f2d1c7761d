"""The proxy that a command's network ends in. A process of its own, standard library only.

It serves one command, from the first time that this asks for the network until it ends. The
socket it listens on lies inside the walls, all it connects to outside.
"""

import asyncio
import ctypes
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from workspace.network.addresses import Resolve, check, resolve
from workspace.network.record import Attempt, Record
from workspace.network.request import BadRequest, Request, read_request
from workspace.network.rules import Refused, Rules, Target

NOBODY = 65_534
PR_SET_PDEATHSIG = 1
MOST_CONNECTIONS = 128
HEAD_BYTES = 16 * 1024
MOST_SHOWN = 300
CHUNK_BYTES = 64 * 1024
HEAD_SECONDS = 15.0
CONNECT_SECONDS = 15.0
IDLE_SECONDS = 300.0
"""After this long without a byte in either direction a connection is closed."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def main() -> None:
    """Serve by the rules of a file, keep the record in another, listen on a descriptor."""
    rules, record, descriptor = sys.argv[1:]
    known = Rules.read(Path(rules))
    with Path(record).open("ab") as file:
        asyncio.run(_warm_up())
        _give_up_rights()
        listener = socket.socket(fileno=int(descriptor))
        asyncio.run(Proxy(known, Record(file)).serve(listener))


async def _warm_up() -> None:
    """Have Python load what a look-up needs: later its files may be out of reach."""
    with suppress(OSError):
        await resolve("localhost", 1)


def _give_up_rights() -> None:
    """Be nobody where the worker is root; die with the supervisor."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Proxy:
    """Lets a client through to the hosts that the rules allow, and writes down what it asks for."""

    def __init__(self, rules: Rules, record: Record, resolve: Resolve = resolve) -> None:
        self._rules = rules
        self._record = record
        self._resolve = resolve
        self._places = asyncio.Semaphore(MOST_CONNECTIONS)

    async def serve(self, listener: socket.socket) -> None:
        """Take connections for ever."""
        server = await asyncio.start_server(self.answer, sock=listener, limit=HEAD_BYTES)
        async with server:
            await server.serve_forever()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        async with self._places:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._answer((reader, writer))
        writer.close()

    async def _answer(self, client: Streams) -> None:
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await client[0].readuntil(b"\r\n\r\n")
            request = read_request(head)
        except BadRequest as bad:
            await _refuse(client, 400, f"The network does not understand: {bad}")
        else:
            await self._let_through(client, request)

    async def _let_through(self, client: Streams, request: Request) -> None:
        try:
            remote = await self._reach(request.target)
        except Refused as refused:
            attempt = Attempt(str(request.target)[:MOST_SHOWN], str(refused))
            self._record.add(attempt)
            await _refuse(client, 403, str(attempt))
        except OSError as error:
            await _refuse(client, 502, f"{request.target} cannot be reached: {error}")
        else:
            await _pass_on(client, remote, request)

    async def _reach(self, target: Target) -> Streams:
        """Connect, to no other address than one that was checked."""
        host = self._rules.judge(target)
        async with asyncio.timeout(CONNECT_SECONDS):
            addresses = await self._resolve(target.name, target.port)
        check(addresses, host)
        self._record.add(Attempt(str(target)))
        return await _connect(addresses, target.port)


async def _connect(addresses: list[str], port: int) -> Streams:
    problem = OSError("it has no address")
    for address in addresses:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await asyncio.open_connection(address, port)
        except OSError as error:
            problem = error
    raise problem


async def _refuse(client: Streams, status: int, why: str) -> None:
    """Say why in the status line too: package clients show that one."""
    said = " ".join(why.split()).encode("ascii", errors="replace")
    head = b"HTTP/1.1 %d %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    client[1].write(head % (status, said, len(said)) + said)
    await client[1].drain()


async def _pass_on(client: Streams, remote: Streams, request: Request) -> None:
    """Copy both ways; of a plain request only the answer, so none can follow it unseen."""
    try:
        async with asyncio.timeout(IDLE_SECONDS) as idle:
            if request.message:
                remote[1].write(request.message)
                await _copy(remote[0], client[1], idle)
            else:
                client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                there = _copy(client[0], remote[1], idle)
                await asyncio.gather(there, _copy(remote[0], client[1], idle))
    finally:
        remote[1].close()


async def _copy(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, idle: asyncio.Timeout
) -> None:
    clock = asyncio.get_running_loop().time
    while data := await source.read(CHUNK_BYTES):
        idle.reschedule(clock() + IDLE_SECONDS)
        sink.write(data)
        await sink.drain()
    with suppress(OSError):
        sink.write_eof()
