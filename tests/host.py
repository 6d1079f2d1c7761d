"""A home with one task, and processes that hold its directory and can be killed."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from workspace.directory import Attempt, TaskDirectory

FILES = 300
PATIENCE_SECONDS = 30.0

CHILD = """
import sys, time
sys.path.insert(0, {house!r})
from pathlib import Path
from workspace.directory import Attempt, TaskDirectory

directory = TaskDirectory(Path({home!r}), "task-abcd")
checkpoint = {checkpoint!r}
attempt = Attempt(1.0, {step}, 1)

def here(point):
    sys.stdout.write(point + "\\n")
    sys.stdout.flush()
    if point == {point!r}:
        time.sleep(600)

def change():
    for number in range({files}):
        (directory.workspace / f"f{{number}}").write_text("new")
        if number == {files} // 2:
            here("during files")

with directory.hold(attempt, checkpoint, 30.0) as held:
    here("after lock")
    change()
    here("before commit")
    if {point!r} == "after commit":
        # What a death between the commit and the marker leaves behind.
        directory.store.commit(checkpoint, workspace=directory.workspace, message="child")
        here("after commit")
    snapshot = held.commit(checkpoint, scan=True, message="child")
    here("after marker")
here("done " + snapshot.checkpoint)
"""


class Host:
    """A home with one task whose files are at `first`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.directory = TaskDirectory(home, "task-abcd")
        self.directory.create()
        for number in range(FILES):
            (self.directory.workspace / f"f{number}").write_text("old")
        with self.directory.hold(Attempt(1.0, 1, 1), None, 1.0) as held:
            self.first = held.commit(None, scan=True, message="open").checkpoint

    def contents(self) -> set[str]:
        return {file.read_text() for file in self.directory.workspace.iterdir()}

    def count(self, content: str) -> int:
        """Files with this content now, while another process removes and makes them."""
        found = 0
        for number in range(FILES):
            with suppress(FileNotFoundError):
                found += (self.directory.workspace / f"f{number}").read_text() == content
        return found

    @contextmanager
    def child(self, step: int, point: str, checkpoint: str | None = None) -> Iterator["Child"]:
        """A process that holds the directory and stands still at a point."""
        program = CHILD.format(
            house=str(Path.cwd()),
            home=str(self.home),
            checkpoint=checkpoint or self.first,
            step=step,
            point=point,
            files=FILES,
        )
        with subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield Child(process)
            finally:
                process.kill()


class Child:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def wait_for(self, point: str) -> str:
        """Return the line that begins with `point`; fail when the process ends before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(point):
                return line.strip()
        raise AssertionError(f"the child ended before {point!r}")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_SECONDS)
