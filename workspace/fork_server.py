"""Keeps a supervisor ready, so that starting a command costs milliseconds.

`processes.Launcher` runs `serve` as a small process of its own. It inherits nothing from the
worker but one socket, so no secret and no open file comes along. It ends with its worker; the
supervisors it has forked go on.
"""

import gc
import os
import signal
import socket
from pathlib import Path

from workspace.supervisor import get_ready, supervise

MAX_PATH_BYTES = 8_192


def serve() -> None:
    """Fork supervisors until the worker at the other end of standard input is gone.

    One always waits for the next request: forking takes as long as a short command.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.disable()  # a collection would touch, and so copy, all memory that forking shares
    gc.freeze()
    while True:
        taken, taking = os.pipe()
        if os.fork() == 0:
            _be_supervisor(taking)
        os.close(taking)
        if os.read(taken, 1):
            return
        os.close(taken)


def _be_supervisor(taking: int) -> None:
    """Wait for one request and carry it out; this process does nothing else.

    Closing `taking` asks for the next supervisor, a byte in it for none.
    """
    try:
        woken = get_ready()
        directory, claimed = _request()
        if not directory:
            os.write(taking, b".")
            return
        os.close(taking)
        _supervise(Path(os.fsdecode(directory)), claimed[0], woken)
    finally:
        os._exit(0)


def _request() -> tuple[bytes, list[int]]:
    """Take the path of a command's directory, with a pipe that is closed when it is claimed."""
    with socket.socket(fileno=0) as requests:
        directory, claimed, _, _ = socket.recv_fds(requests, MAX_PATH_BYTES, 1)
    os.open(os.devnull, os.O_RDONLY)  # takes the lowest free number: 0 stays harmless
    return directory, claimed


def _supervise(directory: Path, claimed: int, woken: int) -> None:
    try:
        supervise(directory, claimed, woken)
    except BaseException as error:
        report = f"{type(error).__name__}: {error}"
        (directory / "supervisor-error").write_text(report)
