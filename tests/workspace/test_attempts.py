import json
import threading
import time
from pathlib import Path

import pytest

from tests.host import PATIENCE_SECONDS, Host
from workspace.directory import Attempt, TaskDirectory
from workspace.problems import StaleAttempt, WorkspaceBusy


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
