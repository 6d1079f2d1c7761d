import pytest

from models.steps import Finish
from models.task import Phase
from models.tools import Tool
from policy.finish import UNCHECKED, Act, refusal

EDIT = Act(Tool.EDIT_FILE)
WRITE = Act(Tool.WRITE_FILE)
READ = Act(Tool.READ_FILE)
TEST = Act(Tool.RUN_COMMAND, "pytest", Phase.TESTING)
BUILD = Act(Tool.RUN_COMMAND, "make", Phase.CODING)
LOOK = Act(Tool.RUN_COMMAND, "ls", Phase.PLANNING)
UNSEEN_TEST = Act(Tool.RUN_COMMAND, "pytest", Phase.TESTING, seen=False)
UNSEEN_EDIT = Act(Tool.EDIT_FILE, seen=False)

DONE = Finish(status="done", summary="Built.", spoken_summary="Built.")


@pytest.mark.parametrize(
    "acts",
    [
        [EDIT],
        [WRITE, LOOK, READ],
        [WRITE, TEST, EDIT],
        [WRITE, TEST, UNSEEN_EDIT],
        [WRITE, UNSEEN_TEST],
        [BUILD],
        [BUILD, LOOK],
        [WRITE, BUILD],
    ],
)
def test_unchecked_work_is_not_accepted(acts: list[Act]) -> None:
    assert refusal(DONE, acts) == UNCHECKED


@pytest.mark.parametrize(
    "acts",
    [
        [],
        [READ, LOOK],
        [WRITE, TEST],
        [WRITE, TEST, READ, LOOK],
        [BUILD, TEST, BUILD],
        [WRITE, TEST, BUILD],
    ],
)
def test_checked_work_and_work_without_changes_is_accepted(acts: list[Act]) -> None:
    assert refusal(DONE, acts) == ""


def test_a_command_that_the_report_names_as_check_counts_whatever_its_phase() -> None:
    named = DONE.model_copy(update={"checks_run": ["make "]})
    assert refusal(named, [WRITE, BUILD]) == ""


def test_giving_up_needs_no_check() -> None:
    assert refusal(DONE.model_copy(update={"status": "not_possible"}), [EDIT]) == ""
