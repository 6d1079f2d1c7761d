import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.desk import Desk, git, pictured
from workspace.checkpoints import CheckpointStore
from workspace.problems import MissingFile, WorkspaceLost


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


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
