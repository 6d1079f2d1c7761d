import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspace.patterns import Ignored, expand_braces, translate
from workspace.tree import Tree

FILES = ["a", "b.py", "ab/a", "ab/b.py", "ab/c/a b", "ab/c/#x", "c/ab/a", "c/ab/b.py", "c/[a]/a"]


@pytest.fixture(scope="module")
def git_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("git")
    subprocess.run(["git", "init", "--bare", "-q", directory], check=True)
    return directory


def git_sees(git_directory: Path, root: Path) -> set[str]:
    """The files that git does not ignore: the judge of what a pattern means."""
    where = [f"--git-dir={git_directory}", f"--work-tree={root}"]
    listed = subprocess.run(
        ["git", *where, "ls-files", "-oz", "--exclude-per-directory=.gitignore"],
        cwd=root,
        check=True,
        capture_output=True,
    )
    return {name.decode() for name in listed.stdout.split(b"\0") if name}


pieces = st.sampled_from(
    [
        "a",
        "b",
        "c",
        "ab",
        "*",
        "**",
        "?",
        "/",
        "/",
        "!",
        "#",
        ".py",
        "[a-b]",
        "[!a]",
        "[",
        "\\",
        " ",
    ]
)
# Slashes in brackets or after a backslash are not known here; git takes `a**/b` for `a`, `**/b`.
odd = re.compile(r"\[[^]]*/|\\/|[^/!]\*\*|\*\*[^/]")
lines = (
    st.lists(pieces, min_size=1, max_size=5).map("".join).filter(lambda line: not odd.search(line))
)
gitignores = st.lists(lines, max_size=4).map("\n".join)


@given(top=gitignores, inner=gitignores)
@settings(max_examples=150, deadline=None)
def test_ignored_is_what_git_ignores(
    tmp_path_factory: pytest.TempPathFactory, git_directory: Path, top: str, inner: str
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / ".gitignore").write_text(top)
    (root / "c/.gitignore").write_text(inner)
    assert {found.path for found in Tree(root, ".")} == git_sees(git_directory, root)


@pytest.mark.parametrize(
    ("glob", "fits", "fits_not"),
    [
        ("*.py", ["a.py", "x/y/a.py"], ["a.pyc", "py"]),
        ("src/*.py", ["src/a.py"], ["src/x/a.py", "x/src/a.py"]),
        ("**/test_*.py", ["test_a.py", "x/y/test_.py"], ["x/atest_a.py"]),
        ("a/**/b/**/c.txt", ["a/b/c.txt", "a/x/b/y/z/c.txt"], ["a/c.txt", "a/b/c/x.txt"]),
        ("a*b*c", ["abc", "a1bb2bc"], ["ab", "a/b/c"]),
        ("[!x-z]1", ["a1"], ["x1", "1", "/1"]),
    ],
)
def test_globs(glob: str, fits: list[str], fits_not: list[str]) -> None:
    pattern = re.compile(translate(glob))
    assert [path for path in fits + fits_not if pattern.fullmatch(path)] == fits


def test_braces() -> None:
    assert expand_braces("*.{ts,tsx}") == ["*.ts", "*.tsx"]
    assert len(expand_braces("{a,b}" * 20)) == 64
    assert expand_braces("{a") == ["{a"]


@pytest.mark.timeout(5)
def test_no_pattern_takes_for_ever() -> None:
    rules = Ignored().extended("*a" * 60 + "b\n" + "**/a/" * 60 + "b\n", "")
    assert not rules.covers("a" * 250, is_directory=False)
    assert not rules.covers("a/" * 1000 + "a", is_directory=False)


def test_a_line_that_is_no_pattern_spoils_no_other() -> None:
    rules = Ignored().extended("[z-a]\n*.log\n", "")
    assert rules.covers("x.log", is_directory=False)
