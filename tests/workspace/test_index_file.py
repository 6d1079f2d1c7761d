from pathlib import Path

import pytest

from tests.desk import Desk
from workspace.index_file import UnreadableIndex, staged


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.git("init", "--initial-branch=main")
    return made


@pytest.mark.parametrize("version", [2, 3, 4])
def test_every_version_of_the_index_is_read(desk: Desk, version: int) -> None:
    for name in ("a", "dir/ab", "dir/abc", "dir/other", "é", f"dir/{'x' * 240}"):
        (desk.root / name).parent.mkdir(exist_ok=True)
        (desk.root / name).write_text(name)
    desk.git("add", "--all")
    if version == 3:
        (desk.root / "later").write_text("later")
        desk.git("add", "--intent-to-add", "later")
    else:
        desk.git("update-index", "--index-version", str(version))
    index = (desk.root / ".git/index").read_bytes()
    assert index[7] == version
    listed = desk.git("-c", "core.quotePath=false", "ls-files", "--stage").splitlines()
    found = [
        f"{entry.entry.mode:o} {entry.entry.oid.hex()} {entry.stage}\t{entry.path}"
        for entry in staged(index)
    ]
    assert found == listed
    desk.restore(desk.commit())


@pytest.mark.parametrize("index", [b"", b"DIRC", b"DIRC\0\0\0\2\0\0\0\7abc", b"x" * 200])
def test_a_damaged_index_is_no_obstacle(desk: Desk, index: bytes) -> None:
    with pytest.raises(UnreadableIndex):
        staged(index)
    desk.grow("a")
    (desk.root / ".git/index").write_bytes(index)
    snapshot = desk.commit()
    (desk.root / ".git/index").unlink()
    desk.restore(snapshot)
    assert (desk.root / ".git/index").read_bytes() == index
