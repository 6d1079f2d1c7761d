"""Serves the scripted Claude on loopback, in a thread of this process or as the process itself."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from demo.control import Control

HOST = "127.0.0.1"


@contextmanager
def serve(app: FastAPI, port: int = 0) -> Iterator[Control]:
    """Serve `app` in a thread while the context is open; port 0 takes a free one."""
    with listening(port) as sock:
        server = uvicorn.Server(_config(app))
        thread = threading.Thread(target=server.run, args=([sock],), name="scripted-claude")
        thread.start()
        try:
            yield Control(address(sock))
        finally:
            server.should_exit = True
            thread.join()


def run(app: FastAPI, sock: socket.socket) -> None:
    """Serve `app` on a listening socket until the process is told to end."""
    uvicorn.Server(_config(app)).run([sock])


def listening(port: int) -> socket.socket:
    """Answer a socket that takes connections from now on, before anybody serves them."""
    # The protocol is named because asyncio turns Nagle's 40 ms wait off only where it is.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((HOST, port))
    sock.listen(512)
    return sock


def address(sock: socket.socket) -> str:
    """Answer the base URL for a client."""
    return f"http://{HOST}:{sock.getsockname()[1]}"


def _config(app: FastAPI) -> uvicorn.Config:
    # Scripted cuts look like errors to uvicorn, so it is kept quiet. A shutdown does not wait
    # for the silent streams of a test.
    return uvicorn.Config(app, log_config=None, log_level="critical", timeout_graceful_shutdown=0)
