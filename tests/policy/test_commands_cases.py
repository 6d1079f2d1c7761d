"""The policy in examples: one command on each line of `cases/`, a `⏎` for each line break."""

from pathlib import Path

import pytest

from models.steps import VerdictDecision
from policy.commands import judge
from policy.effects import Category

CASES = Path(__file__).parent / "cases"
FILES = {
    "deletion": Category.DELETION,
    "database": Category.DATABASE,
    "git": Category.GIT,
    "permissions": Category.PERMISSIONS,
    "processes": Category.PROCESSES,
    "privilege": Category.PRIVILEGE,
    "outside": Category.OUTSIDE,
    "system": Category.SYSTEM,
    "machines": Category.MACHINES,
    "code": Category.CODE,
    "secrets": Category.SECRETS,
    "persistence": Category.PERSISTENCE,
    "publishing": Category.PUBLISHING,
}


def commands(name: str) -> list[str]:
    lines = (CASES / f"{name}.txt").read_text().splitlines()
    return [line.replace("⏎", "\n") for line in lines if line]


def destructive() -> list[tuple[Category, str]]:
    return [(category, one) for name, category in FILES.items() for one in commands(name)]


@pytest.mark.parametrize(("category", "command"), destructive())
def test_needs_a_code(category: Category, command: str) -> None:
    verdict = judge(command)
    assert verdict.decision is not VerdictDecision.RUN, command
    assert verdict.reason
    assert verdict.categories


@pytest.mark.parametrize("command", commands("disguised"))
def test_needs_a_code_in_any_disguise(command: str) -> None:
    assert judge(command).decision is not VerdictDecision.RUN, command


@pytest.mark.parametrize("command", commands("harmless"))
def test_runs_without_a_code(command: str) -> None:
    verdict = judge(command)
    assert verdict.decision is VerdictDecision.RUN, f"{command}: {verdict.reason}"


def test_nearly_every_case_is_put_into_its_category() -> None:
    cases = destructive()
    right = sum(category.value in judge(command).categories for category, command in cases)
    assert right / len(cases) > 0.97
