import os
import socket
import stat
import threading
import time
from pathlib import Path

import pytest

from tests.desk import Desk, git, pictured
from workspace.checkpoints import CheckpointStore
from workspace.scan import Caps


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_edit_of_the_same_size_at_the_same_time_is_not_missed(desk: Desk) -> None:
    file = desk.write("counter", "000")
    desk.commit()
    for number in range(100, 200):
        times = file.stat()
        file.write_text(f"{number}")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        snapshot = desk.commit()
        assert desk.store.read(snapshot.checkpoint, "workspace/counter") == f"{number}".encode()


def test_ignored_files_are_neither_stored_nor_deleted(desk: Desk) -> None:
    desk.write(".gitignore", "*.log\n/out/\n!keep.log\n")
    desk.write("lib/.gitignore", "local\n")
    for path in ("a.log", "keep.log", "out/x", "src/out/x", "lib/local", "node_modules/m/x.js"):
        desk.write(path)
    first = desk.commit()
    assert desk.stored(first) == [".gitignore", "keep.log", "lib", "src"]
    assert desk.stored(first, "workspace/lib") == [".gitignore"]

    desk.write("a.log", "changed")
    desk.write("node_modules/m/y.js")
    desk.write("src/new")
    desk.restore(first)
    assert (desk.root / "a.log").read_text() == "changed"
    assert not (desk.root / "keep.log").is_symlink()
    assert (desk.root / "node_modules/m/y.js").exists()
    assert not (desk.root / "src/new").exists()


def test_what_the_checkpoint_ignored_stays_when_nothing_is_ignored_any_more(desk: Desk) -> None:
    desk.write(".gitignore", ".env\nbuild/\n")
    desk.write(".env", "KEY=secret")
    desk.write("build/output")
    first = desk.commit()
    (desk.root / ".gitignore").unlink()
    desk.write("scratch")
    desk.restore(first)
    assert pictured(desk.root).keys() == {b".gitignore", b".env", b"build/output"}


def test_a_tracked_file_is_kept_although_it_is_ignored(desk: Desk) -> None:
    git(desk.root, "init")
    desk.write(".gitignore", "dist/\n")
    desk.write("dist/tracked.js")
    desk.write("dist/built.js")
    git(desk.root, "add", "--force", "dist/tracked.js")
    for _ in range(2):
        assert desk.stored(desk.commit(), "workspace/dist") == ["tracked.js"]
    git(desk.root, "rm", "--cached", "dist/tracked.js")
    assert desk.stored(desk.commit(), "workspace/dist") == []


def test_a_file_is_dropped_once_it_is_ignored(desk: Desk) -> None:
    desk.write("a.log")
    desk.commit()
    desk.write(".gitignore", "*.log\n")
    snapshot = desk.commit()
    assert desk.stored(snapshot) == [".gitignore"]
    desk.restore(snapshot)
    assert (desk.root / "a.log").exists()


def test_what_is_no_ordinary_file_is_left_out_and_stays(desk: Desk) -> None:
    desk.write("a")
    os.mkfifo(desk.root / "pipe")
    if os.geteuid() == 0:
        os.mknod(desk.root / "null", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(desk.root / "socket"))
        first = desk.commit()
    assert desk.stored(first) == ["a"]
    assert "pipe (it is a pipe, socket or device)" in first.notes[0]
    assert "socket (" in first.notes[0]
    assert desk.commit().notes == []
    desk.restore(first)
    assert stat.S_ISFIFO((desk.root / "pipe").stat().st_mode)
    assert (desk.root / "socket").exists()


def test_a_gitignore_that_is_a_pipe_or_a_link_does_not_stall(desk: Desk) -> None:
    os.mkfifo(desk.root / ".gitignore")
    (desk.root / "sub").mkdir()
    (desk.root / "sub/.gitignore").symlink_to("/dev/zero")
    desk.write("sub/a")
    assert desk.stored(desk.commit(), "workspace/sub") == [".gitignore", "a"]


def test_a_huge_file_is_left_out_at_once_and_stays(desk: Desk) -> None:
    desk.write("small")
    first = desk.commit()
    with (desk.root / "huge.bin").open("wb") as file:
        file.truncate(1_000_000_000)
    started = time.monotonic()
    snapshot = desk.commit()
    assert snapshot.notes == ["Not kept in checkpoints: huge.bin (it has 1.0 GB)."]
    assert desk.stored(snapshot) == ["small"]
    desk.restore(first)
    assert (desk.root / "huge.bin").stat().st_size == 1_000_000_000
    assert time.monotonic() - started < 5


def test_a_file_that_was_left_out_stays_also_when_it_is_small_now(
    desk: Desk, tmp_path: Path
) -> None:
    desk.write("a", "x" * 11)
    store = CheckpointStore(tmp_path / "store.git", Caps(file_bytes=10))
    snapshot = store.commit(None, workspace=desk.root, message="step")
    desk.write("a", "x")
    store.restore(snapshot.checkpoint, desk.root)
    assert (desk.root / "a").exists()


@pytest.mark.parametrize(
    ("caps", "kept", "note"),
    [
        (Caps(file_bytes=10), ["a", "b", "d"], "c (it has 20 B)"),
        (Caps(total_bytes=12), ["a", "b"], "c (the files before it have 12 B)"),
        (
            Caps(files=2),
            ["a", "b"],
            "c (there are 2 files before it), d/e (there are 2 files before it)",
        ),
        (Caps(depth=0), ["a", "b", "c"], "d (it lies more than 0 directories deep)"),
    ],
)
def test_caps(tmp_path: Path, caps: Caps, kept: list[str], note: str) -> None:
    desk = Desk(tmp_path, caps)
    desk.write("a", "x" * 5)
    desk.write("b", "x" * 5)
    desk.write("c", "x" * 20)
    desk.write("d/e", "x")
    snapshot = desk.commit()
    assert desk.stored(snapshot) == kept
    assert note in snapshot.notes[0]


def test_very_deep_directories_are_left_out(desk: Desk) -> None:
    deepest = os.open(desk.root, os.O_RDONLY)
    for _ in range(2_000):
        os.mkdir("d", dir_fd=deepest)
        inner = os.open("d", os.O_RDONLY, dir_fd=deepest)
        os.close(deepest)
        deepest = inner
    os.close(deepest)
    snapshot = desk.commit()
    assert "directories deep" in snapshot.notes[0]
    desk.restore(snapshot)
    assert (desk.root / "d/d/d").exists()
    desk.last = None
    (desk.root / "d").rename(desk.root / "e")
    desk.write("d")
    first = desk.commit()
    (desk.root / "d").unlink()
    (desk.root / "e").rename(desk.root / "d")
    desk.restore(first)
    assert pictured(desk.root).keys() == {b"d"}


def test_a_nested_repository_is_kept_without_its_git(desk: Desk) -> None:
    desk.write("a")
    first = desk.commit()
    (desk.root / "vendor/lib").mkdir(parents=True)
    git(desk.root / "vendor/lib", "init")
    desk.write("vendor/lib/code.c")
    snapshot = desk.commit()
    assert desk.stored(snapshot, "workspace/vendor/lib") == ["code.c"]
    assert "vendor/lib/.git (it is a repository of its own)" in snapshot.notes[0]
    desk.restore(first)
    assert (desk.root / "vendor/lib/.git/HEAD").exists()
    assert not (desk.root / "vendor/lib/code.c").exists()


def test_files_may_come_and_go_during_a_scan(desk: Desk) -> None:
    for number in range(200):
        desk.write(f"d{number % 10}/f{number}")
    done = threading.Event()

    def disturb() -> None:
        turn = 0
        while not done.is_set():
            turn += 1
            place = desk.root / f"d{turn % 10}"
            (place / f"f{turn % 200}").unlink(missing_ok=True)
            desk.write(f"d{turn % 10}/g{turn % 50}", "x" * (turn % 5000))
            (place / "swap").unlink(missing_ok=True)
            (place / "swap").symlink_to("/etc/hostname" if turn % 2 else "/etc")

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        snapshots = [desk.commit() for _ in range(20)]
    finally:
        done.set()
        thread.join()
    for snapshot in snapshots[::5]:
        desk.restore(snapshot)
        assert (
            desk.store.commit(snapshot.checkpoint, workspace=desk.root, message="same").changes
            == []
        )
