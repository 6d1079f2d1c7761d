import subprocess
from pathlib import Path

import pytest

from tests.project_task import Task, git, grow, new_project, state_of
from workspace.hand_back import hand_back
from workspace.problems import ProjectUnusable
from workspace.scan import Caps


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return new_project(tmp_path / "my project: ä%20")


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
