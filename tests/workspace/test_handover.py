import os
from pathlib import Path

import pytest

from workspace.handover import give, throw_away


def test_a_directory_is_removed_whatever_its_rights(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o500)
    tree = tmp_path / "tree"
    (tree / "deep" / "er").mkdir(parents=True)
    (tree / "deep" / "er" / "file").touch(mode=0o400)
    (tree / "link").symlink_to(outside)
    (tree / "dangling").symlink_to("nowhere")
    os.mkfifo(tree / "fifo")
    (tree / "deep" / "er").chmod(0o500)
    throw_away(tree)
    assert not tree.exists()
    assert outside.stat().st_mode & 0o777 == 0o500


def test_what_is_not_there_need_not_be_removed(tmp_path: Path) -> None:
    throw_away(tmp_path / "nothing")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_tree_is_given_without_following_links(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "deep" / "file").touch()
    (tree / "link").symlink_to(outside)
    os.link(outside / "file", tree / "second-name")
    give(tree, 64_997, 64_997)
    given = [tree, tree / "deep", tree / "deep" / "file"]
    assert {path.stat().st_uid for path in given} == {64_997}
    assert (tree / "link").lstat().st_uid == 64_997
    assert {path.stat().st_uid for path in (outside, outside / "file")} == {0}
