import os
import subprocess
from pathlib import Path

import pytest

from models.tools import ListFiles
from workspace.file_problems import FileProblem
from workspace.files import list_files
from workspace.tree import Tree


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x" * 10)


def lines(root: Path, path: str | None = None) -> list[str]:
    return list_files(root, ListFiles(path=path)).splitlines()


def test_a_tree_with_sizes(tmp_path: Path) -> None:
    make(tmp_path, "b.py", "src/a.py", "src/util/c.py")
    assert lines(tmp_path) == [
        "/workspace: 3 files, 30 B",
        "src/",
        "  util/",
        "    c.py  10 B",
        "  a.py  10 B",
        "b.py  10 B",
    ]
    assert lines(tmp_path, "src/util") == ["src/util: 1 file, 10 B", "c.py  10 B"]
    assert lines(tmp_path, "/workspace/src")[0] == "/workspace/src: 2 files, 20 B"


def test_ignored_files_and_heaps_of_tools_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "a.log", "sub/b.log", "sub/keep.log", "build/x/y", "node_modules/p/i.js")
    (tmp_path / ".gitignore").write_text("*.log\nbuild/\n")
    (tmp_path / "sub/.gitignore").write_text("!keep.log\n")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert lines(tmp_path)[1:] == [
        "sub/",
        "  .gitignore  10 B",
        "  keep.log  10 B",
        ".gitignore  13 B",
        "a.py  10 B",
        "node_modules/  (not looked into)",
    ]
    assert lines(tmp_path, "sub")[1:] == [".gitignore  10 B", "keep.log  10 B"]
    assert lines(tmp_path, "build")[1:] == ["x/", "  y  10 B"]


def test_where_there_is_no_room_files_are_counted(tmp_path: Path) -> None:
    make(tmp_path, *(f"many/{n}.txt" for n in range(1000)), "few/a.txt")
    assert lines(tmp_path) == [
        "/workspace: 1,001 files, 10.0 kB",
        "few/",
        "  a.txt  10 B",
        "many/  (1,000 files, 10.0 kB; list it to see them)",
    ]
    many = lines(tmp_path, "many")
    assert len(many) == 302
    assert many[-1] == "... and 700 more files"


def test_odd_names_and_kinds_stand_on_one_line_each(tmp_path: Path) -> None:
    make(tmp_path, "new\nline", "tab\t")
    (Path(os.fsdecode(bytes(tmp_path) + b"/\xff"))).touch()
    (tmp_path / "out").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / ".gitignore").symlink_to("pipe")
    assert sorted(lines(tmp_path)[1:]) == [
        ".gitignore  (link)",
        "\\udcff  0 B",
        "new\\nline  10 B",
        "out  (link)",
        "pipe  (no ordinary file)",
        "tab\\t  10 B",
    ]


def test_a_pipe_for_a_gitignore_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".gitignore")
    assert lines(tmp_path)[1:] == [".gitignore  (no ordinary file)"]


def test_very_deep_trees_end_somewhere(tmp_path: Path) -> None:
    make(tmp_path, "d/" * 100 + "a.txt")
    assert lines(tmp_path)[-1].strip() == "d/  (not looked into)"


def test_very_big_trees_are_cut(tmp_path: Path) -> None:
    make(tmp_path, *(f"{directory}/{name}" for directory in range(3) for name in range(10)))
    tree = Tree(tmp_path, ".", max_entries=20)
    assert sum(1 for _ in tree) == 17
    assert tree.cut == "stopped at 20 entries"
    whole = Tree(tmp_path, ".", max_entries=33)
    assert sum(1 for _ in whole) == 30
    assert not whole.cut


@pytest.mark.parametrize("path", ["..", "/etc", "missing", "a.py", "out", "out/x"])
def test_only_directories_of_the_workspace(tmp_path: Path, path: str) -> None:
    make(tmp_path, "a.py")
    (tmp_path / "out").symlink_to("/etc")
    with pytest.raises(FileProblem):
        lines(tmp_path, path)
