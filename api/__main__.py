"""`python -m api`: serves the api until it is told to end."""

import argparse
import logging
import socket
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.parts import make_parts
from encryption import KeyProblem
from logs import log_to_stderr, make_redactor
from settings import Settings, SettingsProblem, load_settings

CANNOT_WORK = 2
"""Exit status that tells a supervisor not to start the api again."""


class AddressTaken(Exception):
    """The api cannot listen where it should."""


def main() -> int:
    """Serve; the exit status tells a supervisor whether another start may help."""
    parser = argparse.ArgumentParser(prog="python -m api", description=__doc__)
    parser.add_argument("--ready-file", type=Path, help="is made once requests are taken")
    ready_file = parser.parse_args().ready_file
    try:
        settings = load_settings()
        log_to_stderr(make_redactor(settings), logging.WARNING)
        app = create_app(make_parts(settings))
        with listening(settings) as sock:
            if ready_file:
                ready_file.touch()
            server(app).run([sock])
    except (SettingsProblem, KeyProblem) as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_WORK
    except AddressTaken as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def listening(settings: Settings) -> socket.socket:
    """Return a socket that takes connections from now on.

    Raises:
        AddressTaken: another program listens there, or the address is none of this machine.
    """
    host, port = settings.api_host, settings.api_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's 40 ms wait off only where it is.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise AddressTaken(
            f"The api cannot listen at {host}:{port} ({error.strerror}): "
            "set API_PORT to a free port, for instance 8801."
        ) from error
    sock.listen(512)
    return sock


def server(app: FastAPI) -> uvicorn.Server:
    """Make what serves the app until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        # who called must be who is connected: the guard decides by it
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


if __name__ == "__main__":
    sys.exit(main())
