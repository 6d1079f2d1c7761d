import os
import subprocess
from pathlib import Path

import pytest

from tests.project_task import Task, git, grow, new_project, state_of
from workspace.hand_back import clone_project
from workspace.problems import ProjectUnusable


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return new_project(tmp_path / "my project: ä%20")


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
