import os
import subprocess
from pathlib import Path

import pytest

from tests.host import FILES, Host
from workspace.directory import Attempt, TaskDirectory
from workspace.problems import WorkspaceLost


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


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
