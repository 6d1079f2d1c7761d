"""What people type, turned into what a task takes; a mistake is named in their own words."""

import sys
from collections.abc import Callable
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.replies import MAX_WORDS_CHARACTERS, ConfirmationAnswer, Extension, Instruction
from models.task import MAX_GOAL_CHARACTERS, Limits, TaskInput
from starter.problems import TaskProblem

Made = TypeVar("Made")

_OPTIONS = {
    "max_active_seconds": "--minutes",
    "max_turns": "--turns",
    "max_cost_usd": "--dollars",
    "minutes": "--minutes",
    "turns": "--turns",
    "dollars": "--dollars",
}

_WORDS_FOR_CLAUDE = {"goal", "text"}


class BadInput(TaskProblem):
    """What was typed cannot be meant; nothing was started or sent."""


def read_words(typed: str, most_characters: int) -> str:
    """Words from the command line, or from standard input where `-` stands for them."""
    if typed != "-":
        return typed
    raw = sys.stdin.buffer.read(most_characters * 4 + 1)  # UTF-8 takes four bytes at most
    try:
        return raw.decode(errors="strict" if len(raw) <= most_characters * 4 else "ignore")
    except UnicodeDecodeError:
        raise BadInput("What was typed is not UTF-8 text.") from None


def make_task(
    goal: str,
    project: str | None,
    limits: Limits,
    *,
    minutes: float | None,
    turns: int | None,
    dollars: float | None,
) -> TaskInput:
    """A task with the limits named, the others as in the settings.

    Raises:
        BadInput: the goal or a limit is impossible.
    """
    named = {
        "max_active_seconds": None if minutes is None else minutes * 60,
        "max_turns": turns,
        "max_cost_usd": dollars,
    }
    given = {name: value for name, value in named.items() if value is not None}
    words = read_words(goal, MAX_GOAL_CHARACTERS)
    return _made(
        lambda: TaskInput(goal=words, project=project, limits=Limits(**limits.model_dump() | given))
    )


def make_instruction(text: str) -> Instruction:
    """Words for Claude.

    Raises:
        BadInput: there are none, or too many.
    """
    words = read_words(text, MAX_WORDS_CHARACTERS)
    return _made(lambda: Instruction(text=words))


def make_answer(**given: str | bool) -> ConfirmationAnswer:
    """An answer to a request for the code.

    Raises:
        BadInput: a part of it is too long.
    """
    return _made(lambda: ConfirmationAnswer.model_validate(given))


def make_extension(minutes: float, turns: int, dollars: float) -> Extension:
    """More room for a task.

    Raises:
        BadInput: a number is impossible.
    """
    return _made(lambda: Extension(minutes=minutes, turns=turns, dollars=dollars))


def _made(make: Callable[[], Made]) -> Made:
    try:
        return make()
    except ValidationError as error:
        raise BadInput(_sentence(error.errors()[0])) from None


def _sentence(detail: ErrorDetails) -> str:
    field = str(detail["loc"][-1])
    match detail["type"]:
        case "string_too_short":
            return f"The {field} is empty: say what Claude should do."
        case "string_too_long":
            most = detail["ctx"]["max_length"]
            hint = ": put the rest in a file of the project" if field in _WORDS_FOR_CLAUDE else ""
            return f"The {field} is longer than {most:,} characters{hint}."
        case _ if field in _OPTIONS:
            unit = "in seconds, it" if field.endswith("seconds") else "it"
            return f"{_OPTIONS[field]} is impossible: {detail['msg'].replace('Input', unit)}."
        case _:
            return f"The {field} cannot be used: {detail['msg']}."
