import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from workspace.directory import Attempt, TaskDirectory
from workspace.problems import StaleAttempt, WorkspaceBusy, WorkspaceLost

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


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.mark.parametrize(
    "point", ["after lock", "during files", "before commit", "after commit", "after marker"]
)
def test_a_new_attempt_goes_on_after_a_kill(host: Host, point: str) -> None:
    with host.child(2, point) as child:
        child.wait_for(point)
        with pytest.raises(WorkspaceBusy), host.directory.hold(Attempt(1.0, 2, 2), None, 0.05):
            pass
        child.kill()
    with host.directory.hold(Attempt(1.0, 2, 2), host.first, 5.0) as held:
        assert host.contents() == {"old"}
        (host.directory.workspace / "f0").write_text("mine")
        snapshot = held.commit(host.first, scan=True, message="second try")
    assert [change.path for change in snapshot.changes] == ["f0"]
    with host.directory.hold(Attempt(1.0, 3, 1), snapshot.checkpoint, 5.0):
        assert host.contents() == {"old", "mine"}


def test_a_kill_while_files_are_brought_back(host: Host) -> None:
    with host.child(2, "after marker") as child:
        child.wait_for("after marker")
        child.kill()
    # The child restores the first checkpoint and is killed as soon as a file has come back.
    with host.child(3, "never") as child:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not host.count("old"):
            assert time.monotonic() < deadline
        child.kill()
    with host.directory.hold(Attempt(1.0, 3, 2), host.first, 5.0):
        assert host.contents() == {"old"}


def test_files_are_left_alone_when_they_are_at_the_checkpoint(host: Host) -> None:
    file = host.directory.workspace / "f0"
    before = file.stat()
    with host.directory.hold(Attempt(1.0, 2, 1), host.first, 1.0) as held:
        snapshot = held.commit(host.first, scan=False, files={"transcript/1": b""}, message="think")
    assert snapshot.changes == []
    with host.directory.hold(Attempt(1.0, 3, 1), snapshot.checkpoint, 1.0):
        assert file.stat() == before


def test_a_block_without_a_commit_is_undone(host: Host) -> None:
    with host.directory.hold(Attempt(1.0, 2, 1), host.first, 1.0):
        (host.directory.workspace / "f0").write_text("forgotten")
    with host.directory.hold(Attempt(1.0, 3, 1), host.first, 1.0):
        assert host.contents() == {"old"}


def test_a_block_that_fails_is_undone(host: Host) -> None:
    def fail() -> None:
        with host.directory.hold(Attempt(1.0, 2, 1), host.first, 1.0):
            (host.directory.workspace / "f0").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with host.directory.hold(Attempt(1.0, 2, 2), host.first, 1.0):
        assert host.contents() == {"old"}


def test_a_commit_that_does_not_look_does_not_vouch_for_the_files(host: Host) -> None:
    with host.directory.hold(Attempt(1.0, 2, 1), host.first, 1.0) as held:
        held.will_change()
        (host.directory.workspace / "f0").write_text("changed")
        snapshot = held.commit(host.first, scan=False, message="started")
    with host.directory.hold(Attempt(1.0, 3, 1), snapshot.checkpoint, 1.0):
        assert host.contents() == {"old"}


def test_without_a_checkpoint_the_files_stay(host: Host) -> None:
    with host.directory.hold(Attempt(1.0, 2, 1), host.first, 1.0):
        (host.directory.workspace / "f0").write_text("a command did this")
    with host.directory.hold(Attempt(1.0, 2, 2), None, 1.0) as held:
        snapshot = held.commit(host.first, scan=True, message="concluded")
    assert [change.path for change in snapshot.changes] == ["f0"]


def test_one_at_a_time(host: Host) -> None:
    """Two processes and two threads take turns; nobody sees the files of another."""
    order: list[str] = []

    def take(step: int) -> None:
        directory = TaskDirectory(host.home, "task-abcd")
        with directory.hold(Attempt(1.0, 2, step), None, PATIENCE_SECONDS):
            order.append("in")
            time.sleep(0.05)
            order.append("out")

    with host.child(2, "after lock") as child:
        child.wait_for("after lock")
        threads = [threading.Thread(target=take, args=(5,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        assert order == []
        child.kill()
        for thread in threads:
            thread.join()
    assert order == ["in", "out"] * 3


def test_the_lock_is_free_when_its_process_ends_well(host: Host) -> None:
    with host.child(2, "never") as child:
        checkpoint = child.wait_for("done").split()[1]
    with host.directory.hold(Attempt(1.0, 3, 1), checkpoint, 1.0):
        assert host.contents() == {"new"}


@pytest.mark.parametrize(
    "late", [Attempt(1.0, 5, 1), Attempt(1.0, 4, 9), Attempt(0.5, 9, 9), Attempt(1.0, 5, 0)]
)
def test_a_late_attempt_is_refused_and_changes_nothing(host: Host, late: Attempt) -> None:
    with host.directory.hold(Attempt(1.0, 5, 2), host.first, 1.0) as held:
        (host.directory.workspace / "f0").write_text("newer")
        newer = held.commit(host.first, scan=True, message="newer").checkpoint
    before = {path: path.read_bytes() for path in host.directory.root.rglob("*") if path.is_file()}
    with pytest.raises(StaleAttempt), host.directory.hold(late, host.first, 1.0):
        raise AssertionError("a late attempt got in")
    after = {path: path.read_bytes() for path in host.directory.root.rglob("*") if path.is_file()}
    assert after == before
    with host.directory.hold(Attempt(1.0, 5, 2), newer, 1.0):
        assert host.contents() == {"old", "newer"}


def test_a_late_process_is_refused(host: Host) -> None:
    with host.directory.hold(Attempt(1.0, 9, 1), host.first, 1.0) as held:
        held.commit(host.first, scan=True, message="newer")
    with host.child(2, "never") as child, pytest.raises(AssertionError, match="ended before"):
        child.wait_for("after lock")
    assert host.contents() == {"old"}


def test_a_later_run_takes_over(host: Host) -> None:
    for attempt in (Attempt(1.0, 7, 3), Attempt(2.0, 1, 1), Attempt(2.0, 1, 2)):
        with host.directory.hold(attempt, host.first, 1.0):
            pass
    lease = json.loads((host.directory.root / "lease").read_text())
    assert lease == {"run_started_at": 2.0, "step": 1, "attempt": 2}


@pytest.mark.parametrize("damage", [b"", b"\0\0\0\0", b"{}", b"[1]", b'{"x": 1}'])
def test_damaged_notes_count_as_none(host: Host, damage: bytes) -> None:
    (host.directory.root / "lease").write_bytes(damage)
    (host.directory.root / "marker").write_bytes(damage)
    (host.directory.workspace / "f0").write_text("unknown")
    with host.directory.hold(Attempt(0.0, 0, 0), host.first, 1.0):
        assert host.contents() == {"old"}


def test_a_marker_of_another_boot_does_not_count(host: Host) -> None:
    with host.directory.hold(Attempt(1.0, 2, 1), host.first, 1.0) as held:
        last = held.commit(host.first, scan=True, message="step").checkpoint
    marker = host.directory.root / "marker"
    assert marker.read_text().startswith(last)
    marker.write_text(f"{last} 00000000-0000-0000-0000-000000000000")
    (host.directory.workspace / "f0").write_text("lost in a power cut")
    with host.directory.hold(Attempt(1.0, 3, 1), last, 1.0):
        assert host.contents() == {"old"}


def test_a_workspace_that_is_gone_comes_back(host: Host) -> None:
    subprocess.run(["rm", "-rf", str(host.directory.workspace)], check=True)
    with host.directory.hold(Attempt(1.0, 2, 1), host.first, 1.0):
        assert len(list(host.directory.workspace.iterdir())) == FILES


def test_a_task_of_another_host(tmp_path: Path) -> None:
    directory = TaskDirectory(tmp_path, "task-none")
    with (
        pytest.raises(WorkspaceLost, match="task-none is not on this host"),
        directory.hold(Attempt(1.0, 1, 1), None, 1.0),
    ):
        pass
    with pytest.raises(WorkspaceLost):
        _ = directory.store
    assert not directory.root.exists()


def test_a_checkpoint_that_is_lost(host: Host) -> None:
    with (
        pytest.raises(WorkspaceLost, match="0123"),
        host.directory.hold(Attempt(1.0, 2, 1), "0123" * 10, 1.0),
    ):
        pass
    with host.directory.hold(Attempt(1.0, 2, 2), host.first, 1.0):
        assert host.contents() == {"old"}


def test_creating_again_keeps_everything(host: Host) -> None:
    host.directory.create()
    assert host.contents() == {"old"}
    with host.directory.hold(Attempt(1.0, 2, 1), host.first, 1.0):
        assert host.contents() == {"old"}


def test_emptying_the_workspace(host: Host) -> None:
    (host.directory.workspace / "deep/er").mkdir(parents=True)
    (host.directory.workspace / "out").symlink_to("/etc")
    os.mkfifo(host.directory.workspace / "pipe")
    host.directory.empty_workspace()
    assert list(host.directory.workspace.iterdir()) == []
    assert Path("/etc/passwd").exists()
