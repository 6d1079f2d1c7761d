import os
import time
from pathlib import Path

import pytest

from models.tools import Search
from workspace.file_problems import FileProblem
from workspace.problems import HostUnusable
from workspace.search import search


def find(root: Path, pattern: str, glob: str | None = None) -> list[str]:
    return search(root, Search(pattern=pattern, glob=glob)).splitlines()


def test_matches_stand_with_path_and_line(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_bytes(b"def add():\r\n    return 1\r\n")
    (tmp_path / "b.txt").write_text("x\ndef é")
    assert find(tmp_path, "def") == [
        "b.txt:2: def é",
        "src/a.py:1: def add():",
        "2 matching lines in 2 files.",
    ]
    assert find(tmp_path, r"^\s+return \d$")[0] == "src/a.py:2:     return 1"
    assert find(tmp_path, "zebra") == ["No line matches in 2 files."]


@pytest.mark.parametrize(
    ("glob", "files"),
    [
        ("*.py", ["a.py", "src/b.py", "src/deep/c.py"]),
        ("src/*.py", ["src/b.py"]),
        ("src", ["src/b.py", "src/deep/c.py", "src/deep/d.ts"]),
        ("/workspace/src/**/*.{py,ts}", ["src/b.py", "src/deep/c.py", "src/deep/d.ts"]),
        ("**/deep/**", ["src/deep/c.py", "src/deep/d.ts"]),
    ],
)
def test_a_glob_chooses_files(tmp_path: Path, glob: str, files: list[str]) -> None:
    (tmp_path / "src/deep").mkdir(parents=True)
    for name in ("a.py", "src/b.py", "src/deep/c.py", "src/deep/d.ts"):
        (tmp_path / name).write_text("x")
    assert sorted(line.split(":")[0] for line in find(tmp_path, "x", glob)[:-1]) == files


def test_ignored_binary_foreign_and_huge_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "a.log").write_text("needle")
    (tmp_path / "a.bin").write_bytes(b"needle\0")
    (tmp_path / "big.txt").write_bytes(b"needle\n" * 1_000_000)
    (tmp_path / "link.txt").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "latin.txt").write_bytes(b"needle \xe9")
    assert find(tmp_path, "needle|root") == [
        "latin.txt:1: needle \ufffd",
        "1 matching line in 2 files.",
        "(2 binary, unreadable or very big files left out)",
    ]


def test_many_matches_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("needle\n" * 500 + "needle " * 1000)
    lines = find(tmp_path, "needle")
    assert len(lines) == 202
    assert lines[-2:] == [
        "501 matching lines in 1 file.",
        "(only the first 200 are shown: narrow the pattern or the glob)",
    ]


@pytest.mark.parametrize("pattern", ["(a", "*", "a{99999999999}", "(?P<1>a)", "[b-a]"])
def test_invalid_patterns_are_explained(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(FileProblem, match="no valid regular expression"):
        find(tmp_path, pattern)


def test_a_runaway_pattern_is_ended_and_what_was_found_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("aab\n")
    (tmp_path / "b.txt").write_text("a" * 40 + "!\n")
    begun = time.monotonic()
    text = search(tmp_path, Search(pattern="^(a+)+b$"), timeout_seconds=2)
    assert time.monotonic() - begun < 8
    assert text.splitlines() == [
        "a.txt:1: aab",
        "(stopped after 2 s: use a simpler pattern or a glob)",
    ]


def test_a_missing_workspace_is_a_matter_of_the_host(tmp_path: Path) -> None:
    with pytest.raises(HostUnusable):
        find(tmp_path / "gone", "x")
