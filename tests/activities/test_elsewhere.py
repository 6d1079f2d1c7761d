"""A command is started by the host of its first attempt, or by none."""

from pathlib import Path

from activities.elsewhere import is_ours_to_start
from workspace.processes import Command, NeverStarted


def may_start(home: Path, *, is_first: bool) -> bool:
    command = Command(home / "commands" / "key")
    answer = is_ours_to_start(command, is_first=is_first)
    assert isinstance(command.state(), NeverStarted)
    return answer


def test_the_host_of_the_first_attempt_starts_it_at_any_later_one(tmp_path: Path) -> None:
    assert may_start(tmp_path, is_first=True)
    assert may_start(tmp_path, is_first=False)
    assert may_start(tmp_path, is_first=False)


def test_a_host_that_comes_later_never_starts_it(tmp_path: Path) -> None:
    assert not may_start(tmp_path, is_first=False)
    assert not may_start(tmp_path, is_first=False)


def test_a_note_that_a_power_cut_has_emptied_allows_nothing(tmp_path: Path) -> None:
    assert may_start(tmp_path, is_first=True)
    (tmp_path / "commands" / "key" / "ours").write_text("")
    assert not may_start(tmp_path, is_first=True)
