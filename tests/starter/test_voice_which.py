"""Which task is meant by what was said."""

from datetime import UTC, datetime, timedelta

import pytest

from models.task import Phase, State
from starter.task_rows import TaskRow
from starter.voice_which import Unclear, Wanted, which

ANY = Wanted(lambda _row: True, "There is no task yet.")
OPEN = Wanted(lambda row: not row.state.is_final, "No task is running.")
ONLY_OPEN = OPEN._replace(only=True)


def rows(*tasks: tuple[str, str, State]) -> list[TaskRow]:
    now = datetime.now(UTC)
    return [
        TaskRow(
            task_id=f"task-{sign}",
            goal=goal,
            state=state,
            phase=Phase.CODING,
            started_at=now - timedelta(minutes=age),
        )
        for age, (sign, goal, state) in enumerate(tasks)
    ]


THREE = rows(
    ("a7f3", "Build a calculator with tests", State.RUNNING),
    ("b2c4", "Fix the login page of the shop", State.PAUSED),
    ("d5e6", "Write a calculator for taxes", State.COMPLETED),
)
TWO = THREE[:2]


@pytest.mark.parametrize(
    ("said", "task"),
    [
        ("", "a7f3"),
        ("latest", "a7f3"),
        ("the last task", "a7f3"),
        ("a7f3", "a7f3"),
        ("#B2C4", "b2c4"),
        ("task-d5e6", "d5e6"),
        ("task b two c four", "b2c4"),
        ("k9m8", "k9m8"),
        ("the login one", "b2c4"),
        ("the logging page", "b2c4"),
        ("the other calculator thing for taxes", "d5e6"),
        ("the calculator one", "a7f3"),  # the other calculator has ended
    ],
)
def test_one_is_meant(said: str, task: str) -> None:
    assert which(said, THREE, OPEN) == f"task-{task}"


def test_the_other_one_of_two() -> None:
    assert which("the other one", TWO, OPEN) == "task-b2c4"
    assert which("the other one", THREE, OPEN) == "task-b2c4"


@pytest.mark.parametrize(
    ("said", "among", "wanted", "sentence"),
    [
        ("", [], ANY, "There is no task yet."),
        ("", THREE[2:], OPEN, "No task is running."),
        (
            "",
            THREE,
            ONLY_OPEN,
            "Which one do you mean? There is: Build a calculator, and Fix the login page.",
        ),
        (
            "calculator",
            THREE,
            ANY,
            "Which one do you mean? There is: Build a calculator, and Write a calculator.",
        ),
        ("the other one", THREE[:1], ANY, "There is only one task."),
        (
            "the compiler",
            TWO,
            ANY,
            "I know no task about compiler. There is: Build a calculator, and Fix the login page.",
        ),
        ("the compiler", [], ANY, "I know no task about compiler. There is no task yet."),
    ],
)
def test_none_alone_is_meant(
    said: str, among: list[TaskRow], wanted: Wanted, sentence: str
) -> None:
    with pytest.raises(Unclear) as unclear:
        which(said, among, wanted)
    assert str(unclear.value) == sentence


def test_the_other_of_three_is_asked_for() -> None:
    with pytest.raises(Unclear) as unclear:
        which("the other one", THREE, ANY)
    assert [row.task_id for row in unclear.value.candidates] == ["task-b2c4", "task-d5e6"]
