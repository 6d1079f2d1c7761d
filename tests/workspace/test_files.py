import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.steps import FileChange
from models.tools import EditFile, ReadFile, WriteFile
from workspace.file_problems import FileProblem
from workspace.files import edit_file, read_file, write_file


def no_outputs(key: str) -> Path | None:
    return None


def read(root: Path, path: str, start: int | None = None, end: int | None = None) -> str:
    return read_file(root, ReadFile(path=path, start_line=start, end_line=end), no_outputs)


def edit(root: Path, path: str, old: str, new: str) -> str:
    return edit_file(root, EditFile(path=path, old_text=old, new_text=new)).message


def test_lines_are_numbered_as_cat_does(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n\nthree é")
    assert read(tmp_path, "/workspace/a.txt") == "     1\tone\n     2\t\n     3\tthree é"


def test_a_window_says_how_to_read_on(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"line {n}\n" for n in range(1, 1001)))
    window = read(tmp_path, "a.txt").splitlines()
    assert window[0] == "     1\tline 1"
    assert window[-1] == "(lines 1-400 of 1,000; read on with start_line=401)"
    assert len(window) == 401
    assert read(tmp_path, "a.txt", 999, 1500) == "   999\tline 999\n  1000\tline 1000"
    assert read(tmp_path, "a.txt", 2, 2).startswith("     2\tline 2\n(lines 2-2 of 1,000;")
    assert read(tmp_path, "a.txt", 1001) == "(a.txt has 1,000 lines.)"


@given(lines=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=30))
def test_reading_on_gives_every_line_once(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    lines = [line.replace("\0", "").replace("\n", "").rstrip("\r") for line in lines]
    if lines:
        lines[0] = lines[0].removeprefix("\ufeff")
    root = tmp_path_factory.mktemp("root")
    (root / "a.txt").write_bytes("".join(line + "\n" for line in lines).encode())
    texts = [read(root, "a.txt", n, n).split("\n")[0] for n in range(1, len(lines) + 1)]
    assert texts == [f"{n:6}\t{line}" for n, line in enumerate(lines, 1)]


def test_long_lines_and_much_text_are_cut(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(("é" * 50_000 + "\n") * 100)
    text = read(tmp_path, "a.txt")
    assert len(text) < 35_000
    assert "é" * 2000 + " ... (line cut)\n" in text
    assert text.endswith("(lines 1-15 of 100; read on with start_line=16)")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", r"^\(a.txt is empty.\)$"),
        (b"\xff\xfeinvalid", "\ufffd\ufffdinvalid"),
        (b"\xef\xbb\xbfwith a mark\r\n", r"^     1\twith a mark$"),
    ],
)
def test_odd_texts_can_be_read(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    text = read(tmp_path, "a.txt")
    with pytest.raises(AssertionError, match=sentence):
        raise AssertionError(text)


def test_what_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    with pytest.raises(FileProblem, match=r"a.png \(11 B\) is a binary file"):
        read(tmp_path, "a.png")
    with pytest.raises(FileProblem, match="binary"):
        edit(tmp_path, "a.png", "PNG", "GIF")


@pytest.mark.parametrize(("start", "end"), [(-1, None), (5, 4), (None, 0)])
def test_lines_that_cannot_be(tmp_path: Path, start: int | None, end: int | None) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(FileProblem, match="Lines count from 1"):
        read(tmp_path, "a.txt", start, end)


def test_100_megabytes_are_paged_and_more_than_200_refused(tmp_path: Path) -> None:
    line = b"x" * 99 + b"\n"
    (tmp_path / "big.txt").write_bytes(line * 1_000_000)
    assert read(tmp_path, "big.txt", 999_999).startswith("999999\txxx")
    assert "of 1,000,000;" in read(tmp_path, "big.txt")
    with pytest.raises(FileProblem, match="too big"):
        edit(tmp_path, "big.txt", "x", "y")
    os.truncate(tmp_path / "big.txt", 300_000_000)
    with pytest.raises(FileProblem, match=r"300.0 MB\) is too big"):
        read(tmp_path, "big.txt")


def test_outputs_of_commands_are_read_by_key(tmp_path: Path) -> None:
    (tmp_path / "output").write_text("whole output\n")
    asked: list[str] = []

    def outputs(key: str) -> Path | None:
        asked.append(key)
        return tmp_path / "output" if key == "k1" else None

    assert read_file(tmp_path, ReadFile(path="/outputs/k1.txt"), outputs) == "     1\twhole output"
    with pytest.raises(FileProblem, match=r"There is no command output /outputs/\.\./k1"):
        read_file(tmp_path, ReadFile(path="/outputs/../k1.txt"), outputs)
    assert asked == ["k1", "../k1"]


def test_writing_creates_replaces_and_counts(tmp_path: Path) -> None:
    made = write_file(tmp_path, WriteFile(path="src/a.py", content="a\nb\n"))
    assert made.change == FileChange(path="src/a.py", added=2, removed=0)
    assert made.message == "Created src/a.py: 2 lines, 4 B."
    again = write_file(tmp_path, WriteFile(path="/workspace/src/a.py", content="a\nc\nd"))
    assert again.change == FileChange(path="src/a.py", added=2, removed=1)
    assert again.message == "Wrote src/a.py: 3 lines, 5 B."
    assert (tmp_path / "src/a.py").read_text() == "a\nc\nd"


def test_permissions_stay_and_nothing_is_left_over(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("#!/bin/sh\necho a\n")
    (tmp_path / "run.sh").chmod(0o4755)
    edit(tmp_path, "run.sh", "echo a", "echo b")
    assert (tmp_path / "run.sh").stat().st_mode & 0o7777 == 0o755
    write_file(tmp_path, WriteFile(path="run.sh", content="#!/bin/sh\n"))
    assert (tmp_path / "run.sh").stat().st_mode & 0o7777 == 0o755
    (tmp_path / "directory").mkdir()
    with pytest.raises(FileProblem, match="is a directory"):
        write_file(tmp_path, WriteFile(path="directory", content="x"))
    assert {path.name for path in tmp_path.iterdir()} == {"run.sh", "directory"}


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    contents = {letter * 100_000 for letter in "ab"}
    (tmp_path / "a.txt").write_text("a" * 100_000)
    done = threading.Event()
    seen: set[str] = set()

    def look() -> None:
        while not done.is_set():
            seen.add((tmp_path / "a.txt").read_text())

    looking = threading.Thread(target=look)
    looking.start()
    for _ in range(200):
        for content in contents:
            write_file(tmp_path, WriteFile(path="a.txt", content=content))
    done.set()
    looking.join()
    assert seen
    assert seen <= contents


def test_an_edit_keeps_endings_mark_and_foreign_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\nlatin \xe9\r\n")
    done = edit_file(tmp_path, EditFile(path="a.txt", old_text="one\ntwo", new_text="1\n2\n3"))
    assert (tmp_path / "a.txt").read_bytes() == b"\xef\xbb\xbf1\r\n2\r\n3\r\nlatin \xe9\r\n"
    assert done.message == "Edited a.txt: the new text is at lines 1-3."
    assert done.change == FileChange(path="a.txt", added=3, removed=2)


def test_an_edit_of_nothing_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="does not exist"):
        edit(tmp_path, "new/a.txt", "a", "b")
    assert not list(tmp_path.iterdir())


def test_half_a_character_cannot_be_written(tmp_path: Path) -> None:
    content = WriteFile.model_construct(path="a.txt", content="\ud83d")
    with pytest.raises(FileProblem, match="not valid Unicode"):
        write_file(tmp_path, content)
    assert not list(tmp_path.iterdir())
