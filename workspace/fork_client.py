"""The worker's end of the fork server."""

import os
import socket
import subprocess
from pathlib import Path

from workspace.waiting import readable

CLAIM_SECONDS = 10.0
"""How long a supervisor may take on a machine under load before it is looked for."""

PROGRAM = "import sys; sys.path.append({root!r}); from workspace.fork_server import serve; serve()"


class ForkServer:
    """Has supervisors forked; starts the server when it is needed, and again when it has died."""

    def __init__(self, python: str) -> None:
        self._python = python
        self._server: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    async def fork(self, directory: Path) -> None:
        """Have a supervisor forked for a command's directory.

        Returns when it has claimed the command, and also when it could not: the directory tells.
        """
        claiming, claimed = os.pipe()
        try:
            self._send(directory, claimed)
        finally:
            os.close(claimed)
        try:
            await readable(claiming, CLAIM_SECONDS)
        finally:
            os.close(claiming)

    def close(self) -> None:
        """End the server, not the supervisors it has forked."""
        if self._server:
            process, connection = self._server
            self._server = None
            connection.close()
            process.wait()

    def _send(self, directory: Path, claimed: int) -> None:
        if self._server is None:
            self._server = self._begin()
        try:
            socket.send_fds(self._server[1], [os.fsencode(directory)], [claimed])
        except ConnectionError:
            self.close()

    def _begin(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair()
        root = str(Path(__file__).resolve().parent.parent)
        with theirs:
            process = subprocess.Popen(
                [self._python, "-I", "-S", "-c", PROGRAM.format(root=root)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                start_new_session=True,
            )
        return process, ours
