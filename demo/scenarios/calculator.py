"""The story of `./tars demo`: a calculator, a test that fails, the repair, a check in the wild."""

from demo.scenarios.calculator_files import BUGGY_SUM, CALCULATOR, FIXED_SUM, SOAK, TESTS
from demo.scenarios.steps import finish, run
from demo.script import Conversation, Scenario, Text, Thinking, Turn, call

SOAK_SECONDS = 3.0
CHECKS = ["python3 -m unittest -v", "python3 soak.py", 'python3 calculator.py "2 + 3 * 4"']


def calculator_scenarios(pace: float) -> dict[str, Scenario]:
    """Answer the story without and with the removal of a file; `pace` scales its slow command."""
    soak_seconds = SOAK_SECONDS * pace
    story = [*_writing(), *_repair(), *_proof(soak_seconds)]
    return {
        "calculator": [*story, _ending],
        "calculator_with_cleanup": [*story, _cleanup(), _ending],
    }


def _writing() -> list[Turn]:
    look = Turn(
        blocks=[
            Thinking(thinking="First I look at what is there and which Python I have."),
            Text(text="I'll have a look at the workspace first."),
            call("list_files", path=None),
            run("python3 --version", "To know which Python there is", "planning"),
        ],
        stream_seconds=1.2,
    )
    write = Turn(
        blocks=[
            Thinking(
                thinking="An empty workspace. A small parser is safer than eval: one function "
                "for each level of precedence. The tests say what I expect of it."
            ),
            Text(text="The plan: a small parser without `eval`, a command line, and tests."),
            call("write_file", path="calculator.py", content=CALCULATOR),
            call("write_file", path="test_calculator.py", content=TESTS),
            call("write_file", path=".gitignore", content="__pycache__/\n"),
        ],
        stream_seconds=3.0,
    )
    return [look, write]


def _repair() -> list[Turn]:
    tests = run("python3 -m unittest -v", "To run the tests", "testing")
    test = Turn(
        blocks=[Thinking(thinking="Everything is written. Now the tests."), tests],
        stream_seconds=0.6,
    )
    fix = Turn(
        expect="FAILED",
        blocks=[
            Thinking(
                thinking="10 - 4 - 3 gave 9: it was read as 10 - (4 - 3). parse_sum calls itself "
                "for the right side, so subtraction groups from the right. A loop mends that."
            ),
            Text(
                text="One test fails: `10 - 4 - 3` gives 9 and not 3, because subtraction groups "
                "from the right. I make `parse_sum` a loop."
            ),
            call("edit_file", path="calculator.py", old_text=BUGGY_SUM, new_text=FIXED_SUM),
        ],
        stream_seconds=1.6,
    )
    again = Turn(
        blocks=[Thinking(thinking="The same tests must pass now."), tests], stream_seconds=0.5
    )
    return [test, fix, again]


def _proof(soak_seconds: float) -> list[Turn]:
    soak = run(f"python3 soak.py {soak_seconds:g}", "To compare it with Python itself", "testing")
    show = run('python3 calculator.py "2 + 3 * 4"', "To try the command line", "testing")
    return [
        Turn(
            expect="OK",
            blocks=[
                Thinking(thinking="Green. My tests might share my blind spots: I compare it."),
                Text(text="All tests pass. Now random expressions against Python itself."),
                call("write_file", path="soak.py", content=SOAK),
                soak,
            ],
            stream_seconds=1.6,
        ),
        Turn(
            expect="2000 expressions, 0 wrong",
            blocks=[Thinking(thinking="Not one difference. Last, as a user would run it."), show],
            stream_seconds=0.6,
        ),
    ]


def _cleanup() -> Turn:
    return Turn(
        expect="14",
        blocks=[
            Thinking(thinking="soak.py was only for this check, the tests stay."),
            Text(text="It works. `soak.py` was a scratch file, so I remove it."),
            run("rm soak.py", "To leave no scratch file behind", "testing"),
        ],
        stream_seconds=0.8,
    )


def _ending(talk: Conversation) -> Turn:
    """Finish, honest about whether the scratch file is still there."""
    asked = talk.request["messages"][-2]["content"]
    removed = "rm soak.py" in str(asked) and not talk.failed
    soak = "" if removed else "- `soak.py` compares it with Python on random expressions\n"
    summary = (
        "**A calculator** for `+ - * / **` and brackets.\n\n"
        '- `calculator.py`: `python3 calculator.py "2 + 3 * 4"` prints 14\n'
        "- `test_calculator.py`: 11 tests, `python3 -m unittest -v`\n"
        f"{soak}\n"
        "A first version read `10 - 4 - 3` from the right; a test found it and it is mended."
    )
    spoken = "The calculator works. The tests found one mistake in subtraction, and I mended it."
    return Turn(
        blocks=[
            Thinking(thinking="Written, repaired, tested and tried: done."),
            finish(summary, spoken=spoken, checks=CHECKS),
        ],
        stream_seconds=1.4,
    )
