import os
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workspace.checkpoints import CheckpointStore, Snapshot
from workspace.problems import MissingFile, WorkspaceLost
from workspace.scan import Caps


class Seen(NamedTuple):
    kind: str
    is_executable: bool
    content: bytes


def pictured(root: Path) -> dict[bytes, Seen]:
    """Every file and link below a directory: what restoring must give back."""
    found: dict[bytes, Seen] = {}
    for path in root.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            seen = Seen("link", False, bytes(path.readlink()))
        elif stat.S_ISREG(mode):
            seen = Seen("file", bool(mode & 0o100), path.read_bytes())
        else:
            continue
        found[bytes(path.relative_to(root))] = seen
    return found


class Desk:
    """A workspace and its store."""

    def __init__(self, place: Path, caps: Caps | None = None) -> None:
        self.root = place / "workspace"
        self.root.mkdir()
        self.store = CheckpointStore.create(place / "store.git", caps)
        self.last: str | None = None

    def write(self, path: str, content: str | bytes = "content\n") -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def commit(self) -> Snapshot:
        snapshot = self.store.commit(self.last, workspace=self.root, message="step")
        self.last = snapshot.checkpoint
        return snapshot

    def restore(self, snapshot: Snapshot) -> None:
        self.store.restore(snapshot.checkpoint, self.root)

    def stored(self, snapshot: Snapshot, directory: str = "workspace") -> list[str]:
        return self.store.names(snapshot.checkpoint, directory)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_files_modes_links_and_strange_names_come_back(desk: Desk) -> None:
    desk.write("src/app.py", "print()\n")
    desk.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    desk.write("empty", "")
    desk.write("two\nlines", "newline in the name\n")
    desk.write("deep/er/and/deeper", b"\0\xff binary")
    (desk.root / "link").symlink_to("src/app.py")
    (desk.root / "directory").symlink_to("/etc")
    (desk.root / "dangling").symlink_to("nowhere")
    Path(os.fsdecode(os.fsencode(desk.root) + b"/\xff\xfe")).write_bytes(b"no UTF-8")
    before = pictured(desk.root)
    first = desk.commit()

    subprocess.run(["rm", "-rf", *map(str, desk.root.iterdir())], check=True)
    desk.write("src", "a file where a directory was")
    desk.write("run.sh/inside", "a directory where a file was")
    desk.write("new", "new")
    desk.commit()
    desk.restore(first)

    assert pictured(desk.root) == before
    assert len(before) == 9


def test_restore_goes_both_ways(desk: Desk) -> None:
    desk.write("a", "1\n")
    first = desk.commit()
    desk.write("a", "2\n")
    desk.write("b", "3\n")
    second = desk.commit()
    desk.restore(first)
    assert pictured(desk.root).keys() == {b"a"}
    desk.restore(second)
    assert pictured(desk.root)[b"a"].content == b"2\n"
    desk.restore(second)
    assert pictured(desk.root)[b"b"].content == b"3\n"


def test_only_the_executable_bit_changed(desk: Desk) -> None:
    file = desk.write("run.sh")
    first = desk.commit()
    file.chmod(0o755)
    assert [change.path for change in desk.commit().changes] == ["run.sh"]
    desk.restore(first)
    assert not file.stat().st_mode & 0o111


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


def test_names_like_git_are_only_names(desk: Desk) -> None:
    desk.write(".GIT/config", "[core]\n")
    desk.write(".gitkeep", "")
    desk.write("sub/.git.d/x")
    before = pictured(desk.root)
    first = desk.commit()
    subprocess.run(["rm", "-rf", str(desk.root)], check=True)
    desk.restore(first)
    assert pictured(desk.root) == before


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


def test_many_new_files_go_into_a_pack(desk: Desk) -> None:
    for number in range(1_500):
        desk.write(f"d{number // 100}/f{number}", f"{number}\n")
    before = pictured(desk.root)
    first = desk.commit()
    assert len(list((desk.store.objects.git_dir / "objects/pack").glob("*.pack"))) == 1
    subprocess.run(["rm", "-rf", str(desk.root)], check=True)
    desk.restore(first)
    assert pictured(desk.root) == before
    assert desk.commit().changes == []


def test_nothing_is_written_through_a_link_to_outside(desk: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("precious")
    (outside / "other").write_text("precious")
    desk.write("place/file", "ours")
    desk.write("place/inner/other", "ours")
    first = desk.commit()
    subprocess.run(["rm", "-rf", str(desk.root / "place")], check=True)
    (desk.root / "place").symlink_to(outside)
    second = desk.commit()
    assert desk.store.read(second.checkpoint, "workspace/place") == str(outside).encode()
    desk.restore(first)
    assert not (desk.root / "place").is_symlink()
    assert pictured(outside) == {
        b"file": Seen("file", False, b"precious"),
        b"other": Seen("file", False, b"precious"),
    }
    desk.restore(second)
    assert (outside / "file").read_text() == "precious"


def test_a_hard_link_to_outside_is_not_written_into(desk: Desk, tmp_path: Path) -> None:
    desk.write("a", "ours")
    first = desk.commit()
    (tmp_path / "outside").write_text("precious")
    (desk.root / "a").unlink()
    (desk.root / "a").hardlink_to(tmp_path / "outside")
    desk.restore(first)
    assert (desk.root / "a").read_text() == "ours"
    assert (tmp_path / "outside").read_text() == "precious"


def test_closed_files_and_directories_of_an_ordinary_user(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("drops root's rights")
    program = f"""
import os, sys
sys.path.insert(0, {str(Path.cwd())!r})
from pathlib import Path
from workspace.checkpoints import CheckpointStore
root = Path({str(tmp_path)!r})
# Python itself may lie where only root can read: everything is imported before.
warm = CheckpointStore.create(root / "warm.git")
warm.restore(warm.commit(None, workspace=root, message="warm").checkpoint, root / "warm")
os.setgid(65534); os.setuid(65534)
workspace = root / "workspace"
workspace.mkdir()
(workspace / "open").write_text("1")
(workspace / "room").mkdir()
(workspace / "room/file").write_text("2")
(workspace / "fixed").mkdir()
(workspace / "fixed/file").write_text("3")
store = CheckpointStore.create(root / "store.git")
first = store.commit(None, workspace=workspace, message="step")
(workspace / "open").chmod(0)
(workspace / "fixed/more").write_text("4")
(workspace / "fixed").chmod(0o555)
(workspace / "room").chmod(0)
workspace.chmod(0o555)
second = store.commit(first.checkpoint, workspace=workspace, message="step")
assert "open (it cannot be read)" in second.notes[0], second.notes
assert "room (it cannot be read)" in second.notes[0], second.notes
store.restore(first.checkpoint, workspace)
assert (workspace / "open").read_text() == "1"
assert (workspace / "room/file").read_text() == "2"
assert sorted(file.name for file in (workspace / "fixed").iterdir()) == ["file"]
"""
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == 0 and parent != Path("/") and "pytest" in str(parent):
            parent.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_restored_files_belong_to_the_owner_of_the_workspace(desk: Desk) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    desk.write("d/a")
    git(desk.root, "init")
    (desk.root / "link").symlink_to("d")
    first = desk.commit()
    subprocess.run(["rm", "-rf", *map(str, desk.root.iterdir())], check=True)
    os.chown(desk.root, 1234, 1234)
    desk.restore(first)
    owners = {path: path.lstat().st_uid for path in desk.root.rglob("*")}
    assert set(owners.values()) == {1234}, owners


names = st.sampled_from(["a", "b", "c", "a/x", "a/y", "b/x/y", "c/x"])
contents = st.sampled_from(["", "1", "2", "link", "run"])


def arrange(root: Path, files: dict[str, str]) -> None:
    subprocess.run(["rm", "-rf", *map(str, root.iterdir())], check=True)
    for path, content in files.items():
        place = root / path
        if (
            any(parent.exists() and not parent.is_dir() for parent in place.parents)
            or place.exists()
        ):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if content == "link":
            place.symlink_to("/etc")
        else:
            place.write_text(content)
            place.chmod(0o755 if content == "run" else 0o644)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(states=st.lists(st.dictionaries(names, contents), min_size=2, max_size=4))
def test_every_state_can_be_had_back_from_every_other(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, str]]
) -> None:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    saved = []
    for state in states:
        arrange(desk.root, state)
        saved.append((desk.commit(), pictured(desk.root)))
    for snapshot, picture in saved + saved[::-1]:
        desk.restore(snapshot)
        assert pictured(desk.root) == picture


def test_files_of_the_tree_beside_the_workspace(desk: Desk) -> None:
    desk.write("a")
    first = desk.commit()
    second = desk.store.commit(
        first.checkpoint,
        files={"transcript/000001.user.json": b"1", "results/x.json": b"2"},
        message="think",
    )
    assert second.changes == []
    assert desk.stored(second) == ["a"]
    assert desk.stored(second, "transcript") == ["000001.user.json"]
    assert desk.store.read(second.checkpoint, "results/x.json") == b"2"
    third = desk.store.commit(
        second.checkpoint,
        files={"transcript/000002.user.json": b"3"},
        drop=["results/x.json", "results/none.json"],
        message="think",
    )
    assert desk.stored(third, "results") == []
    assert desk.stored(third, "transcript") == ["000001.user.json", "000002.user.json"]
    assert desk.stored(second, "results") == ["x.json"]
    with pytest.raises(MissingFile, match="no file results"):
        desk.store.read(third.checkpoint, "results/x.json")
    with pytest.raises(MissingFile):
        desk.store.read(third.checkpoint, "transcript")


def test_changes_are_counted_in_lines(desk: Desk) -> None:
    desk.write("a", "1\n2\n3\n")
    desk.write("gone", "1\n")
    desk.commit()
    desk.write("a", "1\n2\n4\n5\n")
    (desk.root / "gone").unlink()
    desk.write("d/new", "1\n2\n")
    changes = desk.commit().changes
    assert [(c.path, c.added, c.removed) for c in changes] == [
        ("a", 2, 1),
        ("d/new", 2, 0),
        ("gone", 0, 1),
    ]


def test_diff_is_a_patch_that_applies(desk: Desk, tmp_path: Path) -> None:
    desk.write("src/a.py", "one\ntwo\n")
    desk.write("b", "x\n")
    first = desk.commit()
    before = tmp_path / "before"
    desk.store.restore(first.checkpoint, before)
    desk.write("src/a.py", "one\n2\n")
    (desk.root / "b").unlink()
    desk.write("c.sh", "new\n").chmod(0o755)
    last = desk.commit()
    diff = desk.store.diff(first.checkpoint, last.checkpoint, 100_000)
    assert "--- a/src/a.py" in diff.patch
    assert (diff.stat.files, diff.stat.added, diff.stat.removed) == (3, 2, 2)
    assert [change.path for change in diff.changes] == ["b", "c.sh", "src/a.py"]
    assert not diff.truncated
    subprocess.run(["git", "apply"], cwd=before, input=diff.patch.encode(), check=True)
    assert pictured(before) == pictured(desk.root)


def test_diff_names_binary_and_large_files(desk: Desk) -> None:
    first = desk.commit()
    desk.write("image", b"\0\1\2")
    desk.write("large", "x\n" * 1_500_000)
    Path(os.fsdecode(os.fsencode(desk.root) + b"/\xff")).write_text("x\n")
    diff = desk.store.diff(first.checkpoint, desk.commit().checkpoint, 100_000)
    assert "Binary files /dev/null and b/image differ" in diff.patch
    assert "Large file large differs (3.0 MB)" in diff.patch
    assert diff.stat.files == 3
    diff.model_dump_json()


def test_a_long_diff_is_cut_between_files_or_lines(desk: Desk) -> None:
    first = desk.commit()
    desk.write("a", "äöü\n" * 100)
    desk.write("b", "x\n" * 100)
    last = desk.commit()
    whole = desk.store.diff(first.checkpoint, last.checkpoint, 100_000)
    one = desk.store.diff(first.checkpoint, last.checkpoint, 1_000)
    assert one.truncated
    assert whole.patch.startswith(one.patch)
    assert one.patch.endswith("+äöü\n")
    assert one.patch.count("\n") == 106
    part = desk.store.diff(first.checkpoint, last.checkpoint, 300)
    assert part.truncated
    assert len(part.patch.encode()) <= 300
    assert part.patch.endswith("\n")
    assert part.stat == whole.stat


def test_a_store_that_is_gone_or_damaged(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceLost, match="not at"):
        CheckpointStore(tmp_path / "nowhere")
    with pytest.raises(WorkspaceLost, match="0000000"):
        desk.store.read("0" * 40, "a")
    desk.write("a", "some content")
    snapshot = desk.commit()
    for file in (desk.store.objects.git_dir / "objects").rglob("*"):
        if file.is_file():
            file.chmod(0o600)
            file.write_bytes(b"")
    again = CheckpointStore(desk.store.objects.git_dir)
    with pytest.raises(WorkspaceLost):
        again.read(snapshot.checkpoint, "workspace/a")
    with pytest.raises(WorkspaceLost):
        again.restore(snapshot.checkpoint, desk.root)


def test_making_a_store_again_keeps_it(desk: Desk) -> None:
    desk.write("a")
    snapshot = desk.commit()
    again = CheckpointStore.create(desk.store.objects.git_dir)
    assert again.names(snapshot.checkpoint, "workspace") == ["a"]


def test_a_damaged_cache_is_as_good_as_none(desk: Desk) -> None:
    file = desk.write("a", "1")
    desk.commit()
    time.sleep(0.02)
    desk.commit()
    cache = desk.store.objects.git_dir / "stat-cache"
    for damage in (b"", b"garbage", cache.read_bytes()[:-3], b"\0" * 500):
        cache.write_bytes(damage)
        file.write_text(str(len(damage)))
        snapshot = desk.commit()
        assert desk.store.read(snapshot.checkpoint, "workspace/a").decode() == str(len(damage))


def test_checkpoints_survive_the_clean_up_of_git(desk: Desk) -> None:
    saved = []
    for number in range(5):
        desk.write("a", f"{number}")
        saved.append(desk.commit())
    dead = desk.store.commit(saved[1].checkpoint, files={"x": b"1"}, message="dead")
    git(desk.store.objects.git_dir, "gc", "--quiet", "--prune=now")
    again = CheckpointStore(desk.store.objects.git_dir)
    contents = [again.read(snapshot.checkpoint, "workspace/a") for snapshot in saved]
    assert contents == [b"0", b"1", b"2", b"3", b"4"]
    assert again.read(dead.checkpoint, "x") == b"1"


def git(place: Path, *arguments: str) -> str:
    """Run git as a command in the workspace would, and return what it wrote."""
    who = ("-c", "user.name=Claude", "-c", "user.email=claude@localhost")
    done = subprocess.run(
        ["git", *who, *arguments],
        cwd=place,
        env={"PATH": os.defpath, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
        capture_output=True,
        check=True,
    )
    return done.stdout.decode("utf-8", "replace")
