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
        ("the B2C4 one", "b2c4"),
        ("the one with id d5e6, please", "d5e6"),
        ("the k9m8 one", "k9m8"),
        ("ID k9m8", "k9m8"),
        ("task id k nine m eight", "k9m8"),
        ("hash a7f3", "a7f3"),
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


ALIKE = rows(
    ("a7f3", "Calculate taxes", State.RUNNING),
    ("b2c4", "Build a calculator", State.COMPLETED),
    ("d5e6", "Mend the contact form", State.RUNNING),
    ("e2f3", "Merge contacts", State.RUNNING),
    ("g4h5", "Write integration tests", State.RUNNING),
)


@pytest.mark.parametrize(
    ("said", "task"),
    [
        ("the calculator", "b2c4"),  # the word itself, though that task has ended
        ("the contact one", "d5e6"),
        ("the contacts", "e2f3"),
        ("the testing one", "g4h5"),
        ("the calc for taxes", "a7f3"),
    ],
)
def test_the_word_itself_counts_more_than_one_akin(said: str, task: str) -> None:
    assert which(said, ALIKE, OPEN) == f"task-{task}"


@pytest.mark.parametrize("said", ["the internet one", "the container task"])
def test_words_that_only_begin_alike_are_not_akin(said: str) -> None:
    with pytest.raises(Unclear, match="I know no task about"):
        which(said, ALIKE, OPEN)


@pytest.mark.parametrize("said", ["the testing one", "the internet tests"])
def test_what_cannot_be_undone_is_asked_back_unless_all_words_fit(said: str) -> None:
    with pytest.raises(Unclear) as unclear:
        which(said, ALIKE, OPEN._replace(sure=True))
    assert str(unclear.value) == "Do you mean Write integration tests?"
    assert [row.task_id for row in unclear.value.candidates] == ["task-g4h5"]
    assert which("the integration tests", ALIKE, OPEN._replace(sure=True)) == "task-g4h5"


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
