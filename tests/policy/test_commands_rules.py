"""The tables of rules: a program may have rules in several of them, but one in each."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import policy.rules
from policy.rules.table import rules

FILES = sorted(Path(policy.rules.__path__[0]).glob("*.py"))


def programs(table: ast.Dict) -> Iterator[str]:
    for key, value in zip(table.keys, table.values, strict=True):
        if isinstance(key, ast.Constant):
            yield str(key.value)
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            names = value.args[0]
            assert isinstance(names, ast.Constant)
            yield from str(names.value).split()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_program_stands_twice_in_one_table(file: Path) -> None:
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict):
            counted = Counter(programs(node.value))
            assert [name for name, count in counted.items() if count > 1] == []


def test_programs_have_rules() -> None:
    table = rules()
    assert len(table) > 500
    assert {"rm", "git", "bash", "python3", "curl", "docker"} <= set(table)
