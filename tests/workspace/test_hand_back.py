import os
import subprocess
from pathlib import Path

import pytest

from workspace.checkpoints import CheckpointStore, Snapshot
from workspace.hand_back import clone_project, hand_back
from workspace.problems import ProjectUnusable
from workspace.scan import Caps


def git(place: Path, *arguments: str, check: bool = True) -> str:
    """Run git as the user would, and return what it wrote."""
    who = ("-c", "user.name=User", "-c", "user.email=user@localhost")
    done = subprocess.run(
        ["git", *who, "-c", "protocol.file.allow=always", *arguments],
        cwd=place,
        env={"PATH": os.defpath, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
        capture_output=True,
        check=check,
    )
    return done.stdout.decode("utf-8", "replace").rstrip("\n")


def grow(place: Path, name: str, content: str = "1\n") -> str:
    """Commit a file and return the commit."""
    (place / name).parent.mkdir(parents=True, exist_ok=True)
    (place / name).write_text(content)
    git(place, "add", "--force", name)
    git(place, "commit", "--message", name)
    return git(place, "rev-parse", "HEAD")


def state_of(place: Path) -> dict[str, str]:
    """What must not change in the user's repository: files, index, HEAD."""
    return {
        "status": git(place, "status", "--porcelain=v2", "--branch", "--ignored"),
        "head": git(place, "rev-parse", "--symbolic-full-name", "HEAD"),
        "index": git(place, "ls-files", "--stage"),
        "files": "".join(
            f"{file.relative_to(place)} {file.read_bytes()!r}\n"
            for file in sorted(place.rglob("*"))
            if file.is_file() and ".git" not in file.relative_to(place).parts
        ),
        "config": (place / ".git/config").read_text() if (place / ".git").is_dir() else "",
    }


class Task:
    """A task on a project, from opening to handing back."""

    def __init__(self, place: Path, project: Path, caps: Caps | None = None) -> None:
        self.project = project
        self.workspace = place / "workspace"
        self.workspace.mkdir()
        self.notes = clone_project(project, self.workspace)
        self.store = CheckpointStore.create(place / "store.git", caps)
        self.last: str | None = None
        self.commit()

    def commit(self) -> Snapshot:
        snapshot = self.store.commit(self.last, workspace=self.workspace, message="step")
        self.last = snapshot.checkpoint
        return snapshot

    def git(self, *arguments: str) -> str:
        return git(self.workspace, *arguments)

    def write(self, path: str, content: str = "by claude\n") -> None:
        (self.workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (self.workspace / path).write_text(content)

    def hand_back(self, branch: str = "tars/a7f3") -> str | None:
        self.commit()
        assert self.last is not None
        return hand_back(self.store, self.last, self.project, branch, "Add a calculator")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "my project: ä%20"
    root.mkdir()
    git(root, "init", "--initial-branch=main")
    grow(root, "README", "hello\n")
    grow(root, "src/app.py")
    return root


def test_the_clone_is_complete_and_leads_nowhere(project: Path, tmp_path: Path) -> None:
    git(project, "branch", "feature", "HEAD~1")
    git(project, "tag", "--annotate", "v1", "--message", "one")
    before = state_of(project)
    task = Task(tmp_path, project)
    assert task.notes == []
    assert task.git("status", "--porcelain", "--branch") == "## main"
    assert task.git("log", "--format=%H") == git(project, "log", "--format=%H")
    assert task.git("branch", "--format=%(refname:short)") == "feature\nmain"
    assert task.git("tag") == "v1"
    assert task.git("remote") == ""
    assert git(task.workspace, "fsck", "--strict", "--no-dangling") == ""
    for file in (task.workspace / ".git").rglob("*"):
        if file.is_file():
            assert bytes(project) not in file.read_bytes()
            assert file.stat().st_nlink == 1
    assert not (task.workspace / ".git/objects/info/alternates").exists()
    assert task.git("config", "--local", "user.name") == "TARS"
    assert state_of(project) == before


def test_files_come_back_as_a_branch_and_nothing_else_changes(
    project: Path, tmp_path: Path
) -> None:
    (project / "uncommitted").write_text("the user's\n")
    (project / "README").write_text("the user is editing\n")
    before = state_of(project)
    main = git(project, "rev-parse", "main")
    task = Task(tmp_path, project)
    assert "2 changes" in task.notes[0]
    assert (task.workspace / "README").read_text() == "hello\n"
    task.write("calc.py")
    (task.workspace / "calc.py").chmod(0o755)
    task.write("sub/dir/x")
    (task.workspace / "link").symlink_to("calc.py")
    (task.workspace / "src/app.py").unlink()
    assert task.hand_back() == "tars/a7f3"
    assert state_of(project) == before
    tree = git(project, "ls-tree", "-r", "--format=%(objectmode) %(path)", "tars/a7f3")
    assert tree.splitlines() == [
        "100644 README",
        "100755 calc.py",
        "120000 link",
        "100644 sub/dir/x",
    ]
    assert git(project, "show", "tars/a7f3:calc.py") == "by claude"
    assert git(project, "log", "--format=%s|%an|%ae", "main..tars/a7f3") == (
        "Add a calculator|TARS|tars@localhost"
    )
    assert git(project, "rev-parse", "tars/a7f3~1") == main
    assert git(project, "fsck", "--strict", "--no-dangling") == ""


def test_commits_of_claude_are_kept(project: Path, tmp_path: Path) -> None:
    task = Task(tmp_path, project)
    first = grow(task.workspace, "one")
    second = grow(task.workspace, "two")
    assert task.hand_back() == "tars/a7f3"
    assert git(project, "rev-parse", "tars/a7f3") == second
    task.write("three")
    assert task.hand_back() == "tars/a7f3"
    assert git(project, "log", "--format=%s", "main..tars/a7f3") == "Add a calculator\ntwo\none"
    assert first in git(project, "log", "--format=%H", "tars/a7f3")


def test_nothing_changed(project: Path, tmp_path: Path) -> None:
    git(project, "branch", "feature", "HEAD~1")
    task = Task(tmp_path, project)
    assert task.hand_back() is None
    task.git("switch", "feature")
    assert task.hand_back() is None
    assert git(project, "branch", "--format=%(refname:short)") == "feature\nmain"


def test_repeating_is_harmless(project: Path, tmp_path: Path) -> None:
    task = Task(tmp_path, project)
    task.write("calc.py")
    assert task.hand_back() == "tars/a7f3"
    tip = git(project, "rev-parse", "tars/a7f3")
    assert task.last is not None
    for _ in range(2):
        again = hand_back(task.store, task.last, project, "tars/a7f3", "Add a calculator")
        assert again == "tars/a7f3"
    assert git(project, "rev-parse", "tars/a7f3") == tip
    assert git(project, "branch", "--list", "tars/*", "--format=%(refname)").count("\n") == 0


def test_a_branch_of_somebody_else_is_left_alone(project: Path, tmp_path: Path) -> None:
    git(project, "branch", "tars/a7f3", "HEAD~1")
    theirs = git(project, "rev-parse", "tars/a7f3")
    task = Task(tmp_path, project)
    task.write("calc.py")
    assert task.hand_back() == "tars/a7f3-2"
    task.write("more.py")
    assert task.hand_back() == "tars/a7f3-2"
    assert git(project, "rev-parse", "tars/a7f3") == theirs
    assert git(project, "show", "tars/a7f3-2:more.py") == "by claude"


def test_what_the_user_added_to_our_branch_is_left_alone(project: Path, tmp_path: Path) -> None:
    task = Task(tmp_path, project)
    task.write("calc.py")
    task.hand_back()
    git(project, "switch", "tars/a7f3")
    theirs = grow(project, "review")
    git(project, "switch", "main")
    task.write("more.py")
    assert task.hand_back() == "tars/a7f3-2"
    assert git(project, "rev-parse", "tars/a7f3") == theirs


def test_a_branch_that_is_checked_out_is_left_alone(project: Path, tmp_path: Path) -> None:
    task = Task(tmp_path, project)
    task.write("calc.py")
    task.hand_back()
    git(project, "switch", "tars/a7f3")
    before = state_of(project)
    task.write("more.py")
    assert task.hand_back() == "tars/a7f3-2"
    assert state_of(project) == before


def test_a_branch_called_tars_leaves_no_room_for_a_directory(project: Path, tmp_path: Path) -> None:
    git(project, "branch", "tars")
    task = Task(tmp_path, project)
    task.write("calc.py")
    assert task.hand_back() == "tars-a7f3"


def test_no_hook_runs(project: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    for name in ("post-checkout", "reference-transaction", "post-merge", "pre-commit", "update"):
        hook = project / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch '{trap}'\n")
        hook.chmod(0o755)
    git(project, "config", "core.hooksPath", str(project / ".git/hooks"))
    git(project, "update-ref", "refs/x", "HEAD")
    assert trap.exists()
    trap.unlink()
    task = Task(tmp_path, project)
    assert not (task.workspace / ".git/hooks").exists()
    task.write("calc.py")
    assert task.hand_back() == "tars/a7f3"
    assert not trap.exists()


def test_names_that_could_trick_git_are_not_handed_back(project: Path, tmp_path: Path) -> None:
    task = Task(tmp_path, project)
    task.write(".GIT/config", "[core]\n")
    with pytest.raises(ProjectUnusable):
        task.hand_back()
    assert git(project, "branch", "--format=%(refname:short)") == "main"


def test_a_title_may_be_anything(project: Path, tmp_path: Path) -> None:
    task = Task(tmp_path, project)
    task.write("calc.py")
    snapshot = task.commit()
    title = "half \udc80, NUL \0, two\nlines"
    branch = hand_back(task.store, snapshot.checkpoint, project, "tars/x", title)
    assert branch == "tars/x"
    assert git(project, "log", "-1", "--format=%s", "tars/x") == "half ?, NUL  , two lines"


def test_an_empty_repository(tmp_path: Path) -> None:
    project = tmp_path / "empty"
    project.mkdir()
    git(project, "init", "--initial-branch=trunk")
    task = Task(tmp_path, project)
    assert task.git("symbolic-ref", "HEAD") == "refs/heads/trunk"
    assert task.hand_back() is None
    task.write("first")
    assert task.hand_back() == "tars/a7f3"
    assert git(project, "show", "tars/a7f3:first") == "by claude"
    assert git(project, "log", "--format=%s", "tars/a7f3") == "Add a calculator"


def test_a_detached_head(project: Path, tmp_path: Path) -> None:
    git(project, "switch", "--detach", "HEAD~1")
    lonely = grow(project, "lonely")
    task = Task(tmp_path, project)
    assert task.git("rev-parse", "HEAD") == lonely
    assert task.git("rev-parse", "--symbolic-full-name", "HEAD") == "HEAD"
    assert task.hand_back() is None
    task.write("calc.py")
    assert task.hand_back() == "tars/a7f3"
    assert git(project, "rev-parse", "tars/a7f3~1") == lonely


def test_a_directory_of_a_repository_stands_for_the_whole(project: Path, tmp_path: Path) -> None:
    task = Task(tmp_path, project / "src")
    assert "is a part of the repository" in task.notes[0]
    task.write("calc.py")
    assert task.hand_back() == "tars/a7f3"
    assert git(project, "show", "tars/a7f3:calc.py") == "by claude"


def test_a_bare_repository(project: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--bare", str(project), "bare.git")
    task = Task(tmp_path, tmp_path / "bare.git")
    assert task.notes == []
    task.write("calc.py")
    assert task.hand_back() == "tars/a7f3"
    assert git(tmp_path / "bare.git", "show", "tars/a7f3:calc.py") == "by claude"


def test_a_linked_worktree(project: Path, tmp_path: Path) -> None:
    git(project, "worktree", "add", "-b", "side", str(tmp_path / "side"))
    head = grow(tmp_path / "side", "only-here")
    task = Task(tmp_path, tmp_path / "side")
    assert task.git("symbolic-ref", "HEAD") == "refs/heads/side"
    assert task.git("rev-parse", "HEAD") == head
    task.write("calc.py")
    assert task.hand_back() == "tars/a7f3"
    assert git(project, "rev-parse", "tars/a7f3~1") == head


def test_a_shallow_repository(project: Path, tmp_path: Path) -> None:
    for number in range(3):
        grow(project, f"f{number}")
    git(tmp_path, "clone", "--depth=2", f"file://{tmp_path}/my%20project%3A%20ä%2520", "shallow")
    shallow = tmp_path / "shallow"
    task = Task(tmp_path, shallow)
    assert task.git("log", "--format=%s") == "f2\nf1"
    assert task.commit().notes == []
    grow(task.workspace, "more")
    task.write("calc.py")
    snapshot = task.commit()
    assert snapshot.notes == []
    subprocess.run(["rm", "-rf", str(task.workspace)], check=True)
    task.store.restore(snapshot.checkpoint, task.workspace)
    assert task.git("log", "--format=%s") == "more\nf2\nf1"
    assert task.hand_back() == "tars/a7f3"
    assert git(shallow, "log", "--format=%s", "tars/a7f3") == "Add a calculator\nmore\nf2\nf1"
    git(task.store.objects.git_dir, "gc", "--quiet", "--prune=now")


def test_submodules_stay_as_they_are(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init")
    grow(other, "x")
    git(project, "submodule", "add", str(other), "vendor/other")
    git(project, "commit", "--message", "submodule")
    task = Task(tmp_path, project)
    assert task.notes == ["Submodules are empty in the workspace: vendor/other."]
    assert task.hand_back() is None
    task.write("calc.py")
    assert task.hand_back() == "tars/a7f3"
    assert git(project, "diff", "--name-status", "main", "tars/a7f3") == "A\tcalc.py"


def test_line_ends_and_filters_make_no_changes(project: Path, tmp_path: Path) -> None:
    grow(project, ".gitattributes", "*.bat text eol=crlf\n*.id ident\n*.big filter=lfs\n")
    for name, content in (("a.bat", "line\r\n"), ("a.id", "$Id$\n"), ("a.big", "pointer\n")):
        grow(project, name, content)
    git(project, "config", "filter.lfs.smudge", "sed s/pointer/content/")
    task = Task(tmp_path, project)
    assert task.git("status", "--porcelain") == ""
    assert task.hand_back() is None
    task.write("calc.py")
    assert task.hand_back() == "tars/a7f3"
    assert git(project, "diff", "--name-status", "main", "tars/a7f3") == "A\tcalc.py"


def test_what_a_checkpoint_leaves_out_is_not_taken_for_deleted(
    project: Path, tmp_path: Path
) -> None:
    grow(project, "large", "x" * 5_000)
    grow(project, ".gitignore", "*.log\nkept/\n")
    grow(project, "kept/tracked.log")
    task = Task(tmp_path, project, Caps(file_bytes=4_000))
    assert task.hand_back() is None
    task.write("calc.py")
    task.write("noise.log")
    assert task.hand_back() == "tars/a7f3"
    assert git(project, "diff", "--name-status", "main", "tars/a7f3") == "A\tcalc.py"


def test_the_history_is_found_also_when_claude_removed_it(project: Path, tmp_path: Path) -> None:
    main = git(project, "rev-parse", "main")
    task = Task(tmp_path, project)
    subprocess.run(["rm", "-rf", str(task.workspace / ".git")], check=True)
    task.write("calc.py")
    task.commit()
    assert task.hand_back() == "tars/a7f3"
    assert git(project, "rev-parse", "tars/a7f3~1") == main
    assert git(project, "diff", "--name-status", "main", "tars/a7f3") == "A\tcalc.py"


def test_packed_references_and_no_branch_checked_out(project: Path, tmp_path: Path) -> None:
    task = Task(tmp_path, project)
    head = grow(task.workspace, "one")
    task.git("pack-refs", "--all", "--prune")
    task.git("switch", "--detach")
    assert task.hand_back() == "tars/a7f3"
    assert git(project, "rev-parse", "tars/a7f3") == head


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing", "there is no such directory"),
        ("file", "there is no such directory"),
        ("plain", "it is no git repository"),
        ("git/.git", "inside of a .git directory"),
        ("new", "its objects are sha256, not sha1"),
        ("broken", "cannot be used"),
    ],
)
def test_projects_that_cannot_be_used(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "workspace").mkdir()
    for directory in ("plain", "git", "new", "broken"):
        (tmp_path / directory).mkdir()
    git(tmp_path / "git", "init")
    git(tmp_path / "new", "init", "--object-format=sha256")
    git(tmp_path / "broken", "init", "--initial-branch=main")
    grow(tmp_path / "broken", "a")
    subprocess.run(["rm", "-rf", str(tmp_path / "broken/.git/objects")], check=True)
    (tmp_path / "broken/.git/objects").mkdir()
    with pytest.raises(ProjectUnusable) as caught:
        clone_project(tmp_path / name, tmp_path / "workspace")
    assert words in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_a_repository_of_another_user_needs_their_word(project: Path, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    for path in (project, *project.rglob("*")):
        os.chown(path, 1234, 1234)
    (tmp_path / "workspace").mkdir()
    with pytest.raises(ProjectUnusable, match="belongs to another user"):
        clone_project(project, tmp_path / "workspace")


def test_a_root_worker_gives_the_clone_to_the_owner_of_the_workspace(
    project: Path, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    os.chown(workspace, 1234, 1234)
    clone_project(project, workspace)
    assert {path.lstat().st_uid for path in workspace.rglob("*")} == {1234}
