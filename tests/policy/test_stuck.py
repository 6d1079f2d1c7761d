import pytest

from policy.stuck import Pattern, Step, digest, nudge


def step(action: str, result: str = "fine", *, is_error: bool = False) -> Step:
    return Step(tool="run_command", action=action, result=result, is_error=is_error)


IDLE = Step(tool="")


def told(steps: list[Step]) -> list[tuple[int, str]]:
    """What is told after which step, when each step is a turn of its own."""
    nudges = [(count, nudge(steps[:count], fresh=1)) for count in range(1, len(steps) + 1)]
    return [(count, text) for count, text in nudges if text]


def test_the_same_step_four_times_is_told_once() -> None:
    assert told([step("ls")] * 7) == [(4, Pattern.SAME_STEP)]


def test_the_same_error_three_times_is_told_whatever_caused_it() -> None:
    steps = [step(action, "no such file", is_error=True) for action in "abcdef"]
    assert told(steps) == [(3, Pattern.SAME_ERROR)]


def test_a_repeated_failing_step_is_told_as_error_first() -> None:
    assert told([step("ls", "no", is_error=True)] * 4)[0] == (3, Pattern.SAME_ERROR)


def test_three_turns_without_action() -> None:
    assert told([step("ls"), IDLE, IDLE, IDLE, IDLE]) == [(4, Pattern.IDLE)]


def test_back_and_forth_is_told_at_the_sixth_step() -> None:
    steps = [step("a", "1"), step("b", "2")] * 5
    assert told(steps) == [(6, Pattern.ALTERNATING)]


def test_a_pattern_is_told_again_when_it_comes_again() -> None:
    steps = [step("ls")] * 5 + [step("make")] + [step("ls")] * 5
    assert told(steps) == [(4, Pattern.SAME_STEP), (10, Pattern.SAME_STEP)]


@pytest.mark.parametrize(
    "steps",
    [
        [step("ls")] * 3,
        [step("ls", result) for result in "abcdefgh"],
        [step(action) for action in "abcdefgh"],
        [step("a", "1", is_error=True), step("b", "2", is_error=True)] * 2,
        [step("a", "1"), step("b", "2")] * 2 + [step("a", "1"), step("b", "3")],
        [IDLE, IDLE, step("ls"), IDLE],
        [],
    ],
)
def test_progress_is_not_disturbed(steps: list[Step]) -> None:
    assert told(steps) == []


def test_a_pattern_within_one_turn_of_many_calls_is_noticed() -> None:
    steps = [step("make"), *[step("ls")] * 4, step("pwd")]
    assert nudge(steps, fresh=5) == Pattern.SAME_STEP
    assert nudge(steps, fresh=1) == ""


def test_how_long_it_took_does_not_make_a_result_new() -> None:
    assert digest("exit code 1 (0.31 s)") == digest("exit code 1 (12 s)")
    assert digest("exit code 1 (250ms)") == digest("exit code 1 (3ms)")
    assert digest("exit code 1") != digest("exit code 2")
