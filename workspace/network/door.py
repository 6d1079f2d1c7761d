"""Lets a command inside its walls knock at a proxy outside. Runs in the supervisor.

A network namespace starts empty, and sockets keep the namespace they were made in. So the
listening socket is made by a short-lived process that has entered the command's namespace, and is
then served from outside: inside there is nothing to run, to find or to tamper with. Until it
listens bubblewrap holds the command back (--info-fd, --block-fd). The proxy is started when
somebody knocks, for most commands never do. Standard library only.
"""

import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

RECORD_FILE = "network"
"""Of a command's directory; `record` says what stands in it."""

PORT = 3_128
LISTENER = 3
INFO, HOLD = 100, 101
"""Descriptors of bubblewrap, which the walls name to it; no other has such a number."""

BEYOND = 200
SETUP_SECONDS = 10.0
BACKLOG = 128
CLONE_NEWNET, CLONE_NEWUSER, NS_GET_USERNS = 0x4000_0000, 0x1000_0000, 0xB701
"""From linux/sched.h and linux/nsfs.h."""

PROGRAM = "import sys; sys.path.append({root!r}); from workspace.network.proxy import main; main()"


class NoNetwork(Exception):
    """A command gets no network; the message says why."""


class Door:
    """The way of one command to the network."""

    def __init__(self, rules: str, directory: Path, mark: dict[str, str]) -> None:
        self._proxy = [rules, str(directory / RECORD_FILE), str(LISTENER)]
        self._mark = mark
        self._info, told = _pipe()
        held, self._hold = _pipe()
        self.descriptors = {told: INFO, held: HOLD}
        """Ours, and the numbers that bubblewrap needs to have them by."""

        self._listener: socket.socket | None = None

    @property
    def knocking(self) -> int | None:
        """A descriptor that is readable once somebody knocks; None when nobody can."""
        return self._listener.fileno() if self._listener else None

    def open(self) -> None:
        """Once bubblewrap is started: listen inside and let the command go. Raises NoNetwork."""
        for theirs in self.descriptors:
            os.close(theirs)
        try:
            self._listener = _listen_in(_process_inside(self._info))
        except OSError as error:
            raise NoNetwork(str(error)) from error
        finally:
            os.close(self._info)
            with suppress(BrokenPipeError):
                os.write(self._hold, b".")
            os.close(self._hold)

    def answer(self) -> None:
        """Start the proxy for whoever knocks; from now on it listens in our place."""
        if self._listener is None:
            return
        root = str(Path(__file__).resolve().parent.parent.parent)
        argv = [sys.executable, "-I", "-S", "-c", PROGRAM.format(root=root), *self._proxy]
        with self._listener as listener, suppress(OSError):
            os.posix_spawn(
                sys.executable,
                argv,
                self._mark,
                file_actions=[(os.POSIX_SPAWN_DUP2, listener.fileno(), LISTENER)],
                setsigmask=[],
                setsigdef=[signal.SIGTERM, signal.SIGINT, signal.SIGHUP],
            )
        self._listener = None


def _pipe() -> tuple[int, int]:
    """Make a pipe whose numbers no descriptor that a command is given can have."""
    low = os.pipe()
    reader, writer = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, BEYOND) for end in low)
    for end in low:
        os.close(end)
    return reader, writer


def _process_inside(info: int) -> int:
    """Return the first process in the namespace, of which bubblewrap tells us."""
    told = b""
    give_up = time.monotonic() + SETUP_SECONDS
    while (left := give_up - time.monotonic()) > 0 and select.select([info], [], [], left)[0]:
        part = os.read(info, 4_096)
        if not part:
            break
        told += part
    try:
        return int(json.loads(told)["child-pid"])
    except (ValueError, KeyError):
        raise NoNetwork("bubblewrap did not start") from None


def _listen_in(pid: int) -> socket.socket:
    """Have a listening socket made in the network namespace of another process."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        child = os.fork()
        if child == 0:
            _send_listener(pid, theirs)
        theirs.close()
        problem, descriptors, _, _ = socket.recv_fds(ours, 1_000, 1)
        os.waitpid(child, 0)
    if not descriptors:
        raise NoNetwork(problem.decode() or "the process that sets it up has died")
    return socket.socket(fileno=descriptors[0])


def _send_listener(pid: int, to: socket.socket) -> None:
    """Enter the namespace and send back a socket from there; this process does nothing else."""
    try:
        _enter(pid)
        with socket.socket() as listener:
            listener.bind(("", PORT))  # of all addresses there only the loopback can exist
            listener.listen(BACKLOG)
            socket.send_fds(to, [b"."], [listener.fileno()])
    except BaseException as error:
        to.send(str(error).encode())
    finally:
        os._exit(0)


def _enter(pid: int) -> None:
    """Enter a network namespace, by way of the user namespace it belongs to unless we are root."""
    network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
    try:
        _setns(network, CLONE_NEWNET)
    except PermissionError:
        _setns(fcntl.ioctl(network, NS_GET_USERNS), CLONE_NEWUSER)
        _setns(network, CLONE_NEWNET)


def _setns(namespace: int, kind: int) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace, kind) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
