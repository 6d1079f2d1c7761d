"""Where a remote is, what git is told of it, and what people see of that."""

import base64
import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from tests.desk import git
from workspace.problems import RemoteUnreachable
from workspace.remote import Remote

SECRET = "s3cr3t/@:x"
QUOTED = "s3cr3t%2F%40%3Ax"


class Asked:
    """What a server was sent, and what it saw of the processes of the machine meanwhile."""

    def __init__(self) -> None:
        self.credentials: list[str] = []
        self.command_lines = ""


@contextmanager
def a_server(asked: Asked) -> Iterator[str]:
    """A server that lets nobody in; gives its host and port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization", "")
            asked.command_lines += _command_lines()
            asked.credentials.append(base64.b64decode(given.removeprefix("Basic ")).decode())
            self.send_response(403 if given else 401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _command_lines() -> str:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            found.append(" ".join(process.cmdline()))
    return "\n".join(found)


def test_a_password_reaches_the_server_and_nobody_else() -> None:
    asked = Asked()
    with a_server(asked) as address:
        remote = Remote(f"http://tars:{QUOTED}@{address}/r.git", os.environ)
        with pytest.raises(RemoteUnreachable) as failed:
            remote.check()
    assert asked.credentials[-1] == f"tars:{SECRET}"
    assert address in asked.command_lines
    for text in (str(failed.value), remote.name, asked.command_lines):
        assert "s3cr3t" not in text
    assert remote.name == f"http://{address}/r.git"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://token@host/r.git", "https://host/r.git"),
        ("ssh://git:secret@host:22/r.git", "ssh://host:22/r.git"),
        ("git@host:r.git", "git@host:r.git"),
        ("/srv/r.git", "/srv/r.git"),
        ("~/r.git", str(Path("~/r.git").expanduser())),
    ],
)
def test_what_people_see_of_it(url: str, name: str) -> None:
    assert Remote(url, {}).name == name


def test_a_remote_that_never_answers_is_given_up_with_all_that_git_started(tmp_path: Path) -> None:
    git(tmp_path, "init", "--bare", "here.git")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        remote = Remote(f"http://127.0.0.1:{silent.getsockname()[1]}/r.git", os.environ)
        here = tmp_path / "here.git"
        with pytest.raises(RemoteUnreachable, match="did not answer within 1 seconds"):
            remote.fetch(here, here / "objects", "refs/x/*:refs/y/*", timeout_seconds=1)
        give_up = time.monotonic() + 10
        while remote.name in _command_lines():
            assert time.monotonic() < give_up, "git goes on"
            time.sleep(0.02)


def test_checking(tmp_path: Path) -> None:
    git(tmp_path, "init", "--bare", "there.git")
    Remote(str(tmp_path / "there.git"), os.environ).check()
    with pytest.raises(RemoteUnreachable, match="repository"):
        Remote(str(tmp_path / "missing.git"), os.environ).check()
    with pytest.raises(RemoteUnreachable):
        Remote("--upload-pack=touch x", os.environ).check()
