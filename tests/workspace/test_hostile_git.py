import subprocess
import zlib
from pathlib import Path

import pytest

from tests.desk import Desk, git


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.git("init", "--initial-branch=main")
    return made


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
    (desk.root.parent / "raw").write_bytes(raw)
    words = ("hash-object", "-w", "-t", "commit", "--literally", str(desk.root.parent / "raw"))
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
