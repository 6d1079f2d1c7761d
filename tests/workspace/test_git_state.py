import os
import subprocess
import zlib
from pathlib import Path

import pytest

from workspace.checkpoints import CheckpointStore, Snapshot
from workspace.index_file import UnreadableIndex, staged

ALL = ("--all", "--oneline", "--decorate=short")


def git(place: Path, *arguments: str, check: bool = True) -> str:
    """Run git as a command in the workspace would, and return what it wrote."""
    who = ("-c", "user.name=Claude", "-c", "user.email=claude@localhost")
    done = subprocess.run(
        ["git", *who, "-c", "gc.auto=0", *arguments],
        cwd=place,
        env={"PATH": os.defpath, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
        capture_output=True,
        check=check,
    )
    return (done.stdout + done.stderr).decode("utf-8", "replace")


class Desk:
    """A workspace that has a repository, and its store."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.root = place / "workspace"
        self.root.mkdir()
        self.store = CheckpointStore.create(place / "store.git")
        self.last: str | None = None
        self.git("init", "--initial-branch=main")

    def git(self, *arguments: str, check: bool = True) -> str:
        return git(self.root, *arguments, check=check)

    def grow(self, name: str, content: str = "1\n") -> str:
        """Commit a file and return the commit."""
        (self.root / name).write_text(content)
        self.git("add", name)
        self.git("commit", "--message", name)
        return self.git("rev-parse", "HEAD").strip()

    def commit(self) -> Snapshot:
        snapshot = self.store.commit(self.last, workspace=self.root, message="step")
        self.last = snapshot.checkpoint
        return snapshot

    def restore(self, snapshot: Snapshot) -> None:
        self.store.restore(snapshot.checkpoint, self.root)

    def told(self) -> dict[str, str]:
        """What git says of the repository."""
        questions = {
            "status": ("status", "--porcelain=v2", "--branch"),
            "log": ("log", *ALL),
            "reflog": ("reflog", "--all"),
            "stash": ("stash", "list"),
            "stashed": ("stash", "show", "--patch"),
            "tags": ("for-each-ref",),
            "staged": ("diff", "--cached"),
            "config": ("config", "--list", "--local"),
            "index": ("ls-files", "--stage"),
        }
        return {name: self.git(*words, check=False) for name, words in questions.items()}

    def fsck(self) -> str:
        return self.git("fsck", "--strict", "--no-dangling", check=False).strip()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


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


def test_a_forged_object_does_not_get_into_the_store(desk: Desk) -> None:
    desk.grow("a", "good\n")
    head = desk.git("rev-parse", "HEAD").strip()
    blob = desk.git("rev-parse", "HEAD:a").strip()
    file = desk.root / ".git/objects" / blob[:2] / blob[2:]
    file.chmod(0o600)
    file.write_bytes(zlib.compress(b"blob 5\0evil\n"))
    (desk.root / "a").unlink()
    snapshot = desk.commit()
    assert "refs/heads/main" in snapshot.notes[0]
    objects = desk.store.objects
    assert bytes.fromhex(head) not in objects
    assert bytes.fromhex(blob) not in objects
    git(objects.git_dir, "fsck", "--strict")
    # Once it is whole again, the history is kept.
    file.write_bytes(zlib.compress(b"blob 5\0good\n"))
    (desk.root / ".git/description").write_text("touched")
    assert desk.commit().notes == []
    assert bytes.fromhex(head) in objects


def test_a_malformed_object_does_not_get_into_the_store(desk: Desk) -> None:
    blob = desk.git("hash-object", "-w", "--stdin", check=True).strip()
    raw = f"tree {blob}\nauthor A <a> 0 +0000\ncommitter A <a> 0 +0000\n\nwrong\n".encode()
    (desk.root / ".." / "raw").write_bytes(raw)
    words = ("hash-object", "-w", "-t", "commit", "--literally", str(desk.place / "raw"))
    commit = desk.git(*words).strip()
    (desk.root / ".git/refs/heads/wrong").write_text(commit + "\n")
    snapshot = desk.commit()
    assert "refs/heads/wrong" in snapshot.notes[0]
    assert bytes.fromhex(commit) not in desk.store.objects
    desk.restore(snapshot)


def test_alternates_and_links_to_other_repositories_are_not_followed(
    desk: Desk, tmp_path: Path
) -> None:
    other = tmp_path / "private"
    other.mkdir()
    git(other, "init")
    (other / "secret").write_text("secret\n")
    git(other, "add", "secret")
    git(other, "commit", "--message", "secret")
    secret = git(other, "rev-parse", "HEAD").strip()
    (desk.root / ".git/objects/info").mkdir(exist_ok=True)
    (desk.root / ".git/objects/info/alternates").write_text(f"{other}/.git/objects\n")
    (desk.root / ".git/refs/heads/main").write_text(secret + "\n")
    desk.commit()
    (desk.root / ".git/objects/info/alternates").unlink()
    subprocess.run(["rm", "-rf", str(desk.root / ".git/objects")], check=True)
    (desk.root / ".git/objects").symlink_to(other / ".git/objects")
    (desk.root / ".git/refs/heads/more").symlink_to(other / "secret")
    desk.commit()
    assert bytes.fromhex(secret) not in desk.store.objects


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_git_that_leads_elsewhere_is_only_data(desk: Desk, tmp_path: Path, kind: str) -> None:
    desk.grow("a")
    first = desk.commit()
    real = tmp_path / "elsewhere"
    (desk.root / ".git").rename(real)
    if kind == "link":
        (desk.root / ".git").symlink_to(real)
    else:
        (desk.root / ".git").write_text(f"gitdir: {real}\n")
    second = desk.commit()
    expected = str(real) if kind == "link" else f"gitdir: {real}\n"
    assert desk.store.read(second.checkpoint, "git").decode() == expected
    desk.restore(first)
    assert (desk.root / ".git").is_dir()
    assert not (desk.root / ".git").is_symlink()
    assert (real / "HEAD").exists()
    desk.restore(second)
    assert "a" in desk.git("log", "--oneline")


def test_nothing_of_the_workspace_is_executed(desk: Desk, tmp_path: Path) -> None:
    desk.grow("a")
    first = desk.commit()
    trap = tmp_path / "trap"
    script = desk.root / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\n")
    script.chmod(0o755)
    hooks = desk.root / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        (hooks / name).symlink_to(script)
    for key in ("core.fsmonitor", "core.pager", "filter.x.clean", "filter.x.smudge", "core.editor"):
        desk.git("config", key, str(script))
    (desk.root / ".gitattributes").write_text("* filter=x\n")
    trap.unlink(missing_ok=True)
    second = desk.commit()
    desk.restore(first)
    desk.restore(second)
    assert not trap.exists()
    assert (hooks / "post-checkout").is_symlink()


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
