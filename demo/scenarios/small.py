"""Small scenarios, each for one situation."""

import re

from demo.scenarios.steps import finish, run
from demo.script import Conversation, Scenario, Text, Thinking, Turn, call

MISSING = "cat missing.txt"


def small_scenarios() -> dict[str, Scenario]:
    """Answer the small scenarios by name."""
    return {
        "hello": HELLO,
        "parallel": PARALLEL,
        "question": QUESTION,
        "waiting": [waiting, done("The file arrived.", checks=["cat"])],
        "destructive": DESTRUCTIVE,
        "chatty": CHATTY,
        "stubborn": stubborn,
        "long": long,
        "refusal": [Turn(stop_reason="refusal")],
    }


def done(summary: str, *, checks: list[str] | None = None, expect: str = "") -> Turn:
    """Answer a turn that finishes the task."""
    return Turn(blocks=[finish(summary, checks=checks)], expect=expect)


HELLO: Scenario = [
    Turn(
        blocks=[
            Thinking(thinking="One command answers this."),
            run("echo hello", "To say hello", "testing"),
        ]
    ),
    done("Said **hello**.", checks=["echo hello"], expect="hello"),
]

PARALLEL: Scenario = [
    Turn(
        blocks=[
            Text(text="I write two files at once."),
            call("write_file", path="one.txt", content="1\n"),
            call("write_file", path="two.txt", content="2\n"),
            run("ls"),
        ]
    ),
    done("Two files are there.", checks=["ls"], expect="two.txt"),
]

QUESTION: Scenario = [
    Turn(
        blocks=[
            Thinking(thinking="Only the user can decide this."),
            call("ask_user", question="Which colour?", options=["red", "blue"]),
        ]
    ),
    lambda talk: done(f"The colour is {' '.join(talk.results)}."),
]

DESTRUCTIVE: Scenario = [
    Turn(blocks=[run("mkdir -p build && touch build/old.o build/new.o")]),
    Turn(blocks=[Text(text="The build is stale."), run("rm -rf build", "To start clean")]),
    lambda talk: done("The build was kept." if talk.failed else "The build is gone."),
]

CHATTY: Scenario = [
    Turn(blocks=[Text(text="I think everything is fine as it is.")]),
    Turn(blocks=[Text(text="As I said: nothing to do.")]),
    Turn(blocks=[Text(text="Truly nothing.")]),
]


def waiting(talk: Conversation) -> Turn:
    """Run a command that ends when `go` exists in the workspace; it prints a line first."""
    del talk
    return Turn(
        blocks=[run("echo waiting; until [ -e go ]; do sleep 0.05; done; cat go", phase="testing")]
    )


def stubborn(talk: Conversation) -> Turn:
    """Try the same thing again and again, until the user says a word with `stop` in it."""
    if "stop" in talk.words or any("stop" in result for result in talk.results):
        return Turn(blocks=[finish("It cannot be read.", status="not_possible")])
    return Turn(blocks=[Thinking(thinking="Perhaps it is there now."), run(MISSING)])


def long(talk: Conversation) -> Turn:
    """Run `turns=` commands with `bytes=` characters of output each, then finish.

    A conversation that began anew tells in its summary which commands ran.
    """
    turns, size = talk.number("turns", 10), talk.number("bytes", 200)
    ran = [int(number) + 1 for number in re.findall(r"echo turn (\d+)", talk.opening)]
    turn = max(ran, default=0) + talk.turn
    if turn >= turns:
        return done(f"Ran {turns} commands.", checks=["head"])
    command = f"head -c {size} /dev/zero | tr '\\0' x; echo; echo turn {turn}"
    note = Thinking(thinking=f"Command {turn + 1} of {turns}.")
    return Turn(blocks=[note, run(command, phase="testing")])
