import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workspace.edits import replace_once
from workspace.file_problems import FileProblem

text = st.text(st.sampled_from("ab\n\t é\ufeff"), max_size=40)


@given(before=text, old=text, after=text, new=text, ending=st.sampled_from(["\n", "\r\n"]))
def test_only_the_place_changes_and_the_endings_stay(
    before: str, old: str, after: str, new: str, ending: str
) -> None:
    whole = before + old + after
    assume(old and old != new and whole.find(old) == whole.rfind(old))
    edit = replace_once(whole.replace("\n", ending), old, new, "a.txt")
    # A text without a line end has none to take over.
    expected = before + new + after
    assert edit.text == (expected.replace("\n", ending) if "\n" in whole else expected)


@given(before=text, new=text, after=text)
def test_the_lines_named_hold_the_new_text(before: str, new: str, after: str) -> None:
    edit = replace_once(before + "OLD" + after, "OLD", new, "a.txt")
    lines = edit.text.split("\n")
    named = "\n".join(lines[edit.first_line - 1 : edit.last_line])
    assert new.rstrip("\n") in named


@given(whole=text, old=text)
def test_exactly_one_place_or_a_sentence(whole: str, old: str) -> None:
    places = sum(whole.startswith(old, n) for n in range(len(whole)))
    if old and places == 1:
        edit = replace_once(whole, old, "NEW", "a.txt")
        assert edit.text == whole.replace(old, "NEW")
    else:
        with pytest.raises(FileProblem):
            replace_once(whole, old, "NEW", "a.txt")


def test_mixed_endings_stay_as_they_are() -> None:
    edit = replace_once("a\r\nb\nc\r\nd\n", "b\nc\n", "B\nB\nC\n", "a.txt")
    assert edit.text == "a\r\nB\nB\nC\nd\n"


def test_windows_endings_in_the_request_fit_too() -> None:
    assert replace_once("a\nb\n", "a\r\nb", "c\r\nd", "a.txt").text == "c\nd\n"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("", "x", "old_text is empty"),
        ("a = 1", "a = 1", "nothing to change"),
        ("a = ", "x", "stands 3 times in src/a.py, at lines 1, 2, 4"),
        ("aa", "x", "stands 2 times in src/a.py, at lines 5, 5"),
        ("zebra", "x", "does not stand in src/a.py"),
    ],
)
def test_what_cannot_be_done_is_said(old: str, new: str, sentence: str) -> None:
    whole = "a = 1\na = 2\n\n    a = 3\naaa\n"
    with pytest.raises(FileProblem, match=sentence):
        replace_once(whole, old, new, "src/a.py")


def test_similar_lines_are_shown_with_their_numbers() -> None:
    whole = "import os\n\ndef add(a, b):\n\treturn a - b\n"
    with pytest.raises(FileProblem, match=r"Similar lines there:\n     3\tdef add\(a, b\):"):
        replace_once(whole, "def add(a, c):\n    return", "x", "a.py")
    with pytest.raises(FileProblem, match=r"     4\t\treturn a - b"):
        replace_once(whole, "    return a - b", "x", "a.py")


@pytest.mark.timeout(10)
def test_big_texts_take_no_minutes() -> None:
    whole = "a" * 5_000_000 + "\n" + "a = 1\n" * 200_000
    with pytest.raises(FileProblem, match="more than 20 times"):
        replace_once(whole, "a" * 5_000, "x", "a.txt")
    with pytest.raises(FileProblem, match="does not stand"):
        replace_once(whole, "a" * 5_000 + "b", "x", "a.txt")
