"""All rules, by program."""

from functools import cache

from policy.calls import Rule
from policy.rules import (
    archives,
    containers,
    database,
    deleting,
    feeding,
    forges,
    git,
    interpreters,
    machine,
    machines,
    network,
    packages,
    processes,
    revealing,
    rights,
    runners,
    tools,
    wrappers,
    writing,
)

_MODULES = (
    archives,
    containers,
    database,
    deleting,
    feeding,
    forges,
    git,
    interpreters,
    machine,
    machines,
    network,
    packages,
    processes,
    revealing,
    rights,
    runners,
    tools,
    wrappers,
    writing,
)


@cache
def rules() -> dict[str, tuple[Rule, ...]]:
    """Rules of each program; a program may have several."""
    table: dict[str, tuple[Rule, ...]] = {}
    for module in _MODULES:
        for program, rule in module.RULES.items():
            table[program] = (*table.get(program, ()), rule)
    return table
