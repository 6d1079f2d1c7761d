"""The scripted Claude in a process of its own, so that it takes no time of who is measured."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.control import Control

_HOUSE = Path(__file__).parents[1]


class NoClaude(Exception):
    """The scripted Claude did not start."""


@contextmanager
def scripted_claude() -> Iterator[Control]:
    """Serve it without any scripted delay while the context is open."""
    server = subprocess.Popen(
        [sys.executable, "-m", "demo", "--pace", "0"], cwd=_HOUSE, stdout=subprocess.PIPE, text=True
    )
    with server:
        try:
            url = server.stdout.readline().strip() if server.stdout else ""
            if not url:
                raise NoClaude("The scripted Claude did not start: try python -m demo.")
            yield Control(url)
        finally:
            server.terminate()
