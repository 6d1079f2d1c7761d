import subprocess
import zlib
from pathlib import Path

import pytest

from tests.desk import Desk, git
from workspace.checkpoints import CheckpointStore


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.git("init", "--initial-branch=main")
    return made


def busy(desk: Desk) -> None:
    """Leave about every state a repository can have."""
    desk.grow("a")
    desk.grow("b")
    desk.git("tag", "--annotate", "v1", "--message", "first")
    desk.git("tag", "light")
    blob = desk.git("rev-parse", "HEAD:a").strip()
    desk.git("tag", "--annotate", "of-a-file", blob, "--message", "odd")
    desk.git("switch", "--create", "other")
    desk.grow("a", "other\n")
    desk.git("switch", "main")
    desk.grow("a", "main\n")
    (desk.root / "b").write_text("stashed\n")
    desk.git("stash")
    desk.git("config", "alias.x", "status")
    (desk.root / ".git/info").mkdir(exist_ok=True)
    (desk.root / ".git/info/exclude").write_text("secret\n")
    desk.git("merge", "other", check=False)
    (desk.root / "only-staged").write_text("staged\n")
    desk.git("add", "only-staged")
    (desk.root / "only-staged").write_text("worked on\n")


def test_everything_git_knows_comes_back(desk: Desk) -> None:
    busy(desk)
    before = desk.told()
    assert "UU" in desk.git("status", "--short")
    snapshot = desk.commit()
    assert snapshot.notes == []
    subprocess.run(["rm", "-rf", str(desk.root)], check=True)
    desk.restore(snapshot)
    assert desk.told() == before
    assert desk.fsck() == ""
    desk.git("rm", "--cached", "--force", "only-staged")
    desk.git("merge", "--abort")
    desk.git("stash", "pop")
    assert (desk.root / "b").read_text() == "stashed\n"


def test_one_pushed_reference_is_enough_for_another_host(desk: Desk, tmp_path: Path) -> None:
    busy(desk)
    before = desk.told()
    desk.commit()
    snapshot = desk.store.commit(desk.last, files={"transcript/000001": b""}, message="think")
    git(tmp_path, "init", "--bare", "remote.git")
    reference = f"{snapshot.checkpoint}:refs/heads/task"
    git(desk.store.objects.git_dir, "push", str(tmp_path / "remote.git"), reference)
    git(tmp_path, "clone", "--bare", "file://" + str(tmp_path / "remote.git"), "other.git")
    subprocess.run(["rm", "-rf", str(desk.root)], check=True)

    CheckpointStore.create(tmp_path / "other.git").restore(snapshot.checkpoint, desk.root)

    assert desk.told() == before
    assert desk.fsck() == ""


def test_it_outlives_the_clean_up_of_the_store(desk: Desk) -> None:
    busy(desk)
    before = desk.told()
    snapshot = desk.commit()
    git(desk.store.objects.git_dir, "gc", "--quiet", "--prune=now")
    git(desk.store.objects.git_dir, "fsck", "--strict")
    subprocess.run(["rm", "-rf", str(desk.root)], check=True)
    CheckpointStore(desk.store.objects.git_dir).restore(snapshot.checkpoint, desk.root)
    assert desk.told() == before


def test_commits_that_were_thrown_away_come_back(desk: Desk) -> None:
    desk.grow("a")
    lost = desk.grow("b", "important\n")
    snapshot = desk.commit()
    desk.git("reset", "--hard", "HEAD~1")
    desk.git("reflog", "expire", "--expire=now", "--all")
    desk.git("gc", "--quiet", "--prune=now")
    assert "fatal" in desk.git("cat-file", "-p", lost, check=False)
    later = desk.commit()
    desk.restore(snapshot)
    assert desk.git("rev-parse", "HEAD").strip() == lost
    assert desk.git("status", "--porcelain") == ""
    assert desk.fsck() == ""
    desk.restore(later)
    assert not (desk.root / "b").exists()
    assert desk.fsck() == ""


def test_objects_that_were_lost_or_broken_come_back(desk: Desk) -> None:
    desk.grow("a", "1\n" * 1000)
    desk.grow("b")
    snapshot = desk.commit()
    objects = desk.root / ".git/objects"
    for number, file in enumerate(sorted(objects.glob("??/*"))):
        file.chmod(0o600)
        if number % 2:
            file.unlink()
        else:
            file.write_bytes(zlib.compress(b"blob 4\0evil"))
    assert desk.fsck() != ""
    desk.restore(snapshot)
    assert desk.fsck() == ""
    assert desk.git("show", "HEAD:a") == "1\n" * 1000


def test_a_repository_made_later_goes_away_again(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    root.mkdir()
    store = CheckpointStore.create(tmp_path / "store.git")
    (root / "a").write_text("1")
    first = store.commit(None, workspace=root, message="step")
    git(root, "init")
    second = store.commit(first.checkpoint, workspace=root, message="step")
    assert second.changes == []
    store.restore(first.checkpoint, root)
    assert not (root / ".git").exists()
    store.restore(second.checkpoint, root)
    assert "No commits yet" in git(root, "status")


def test_packs_and_a_mixed_history(desk: Desk, tmp_path: Path) -> None:
    """A pack that builds on loose objects cannot be taken alone, but is taken."""
    desk.grow("a")
    helper = tmp_path / "helper"
    git(tmp_path, "clone", "--quiet", str(desk.root), str(helper))
    for number in range(120):
        (helper / f"f{number}").write_text(f"{number}\n")
    git(helper, "add", "--all")
    git(helper, "commit", "--message", "packed")
    desk.git("-c", "fetch.unpackLimit=1", "fetch", str(helper), "HEAD:packed")
    assert list((desk.root / ".git/objects/pack").glob("*.pack"))
    desk.git("merge", "packed")
    desk.grow("z")
    before = desk.told()
    snapshot = desk.commit()
    assert snapshot.notes == []
    subprocess.run(["rm", "-rf", str(desk.root)], check=True)
    desk.restore(snapshot)
    assert desk.told() == before
    assert desk.fsck() == ""


def test_a_repository_that_was_packed_by_gc(desk: Desk) -> None:
    for number in range(5):
        desk.grow(f"f{number}")
    desk.git("gc", "--quiet")
    snapshot = desk.commit()
    assert snapshot.notes == []
    before = desk.told()
    pack = next((desk.root / ".git/objects/pack").glob("*.pack"))
    pack.chmod(0o600)
    with pack.open("r+b") as file:
        file.truncate(pack.stat().st_size - 30)
    desk.restore(snapshot)
    assert desk.told() == before


def test_formats_that_are_not_supported_are_named(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    root.mkdir()
    store = CheckpointStore.create(tmp_path / "store.git")
    git(root, "init", "--object-format=sha256")
    (root / "a").write_text("1")
    git(root, "add", "a")
    git(root, "commit", "--message", "a")
    before = git(root, "log")
    snapshot = store.commit(None, workspace=root, message="step")
    assert "format is too new" in snapshot.notes[0]
    store.restore(snapshot.checkpoint, root)
    assert git(root, "log") == before
