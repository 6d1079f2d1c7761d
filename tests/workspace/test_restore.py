import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.desk import Desk, Seen, git, pictured


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


def test_names_like_git_are_only_names(desk: Desk) -> None:
    desk.write(".GIT/config", "[core]\n")
    desk.write(".gitkeep", "")
    desk.write("sub/.git.d/x")
    before = pictured(desk.root)
    first = desk.commit()
    subprocess.run(["rm", "-rf", str(desk.root)], check=True)
    desk.restore(first)
    assert pictured(desk.root) == before


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
