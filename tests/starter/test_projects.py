"""Is there a repository that a task could work on?"""

from pathlib import Path

import pytest

from starter.projects import ProjectUnusable, find_project
from tests.project_task import git, new_project


def test_what_belongs_to_another_user_is_a_project_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = new_project(tmp_path / "theirs")
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "--bare", str(project), str(bare))
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own, for its tests
    (project / "inside").mkdir()
    assert find_project(project / "inside") == str(project)
    assert find_project(bare) == str(bare)
    with pytest.raises(ProjectUnusable, match="no usable git repository"):
        find_project(tmp_path)
