"""Programs that run files of their language: test runners, debuggers, `go run`."""

import re
from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import Category, Effect, Finding, RunsFile, RunsText
from policy.shell.options import parse
from policy.vocabulary import named

_TESTS = re.compile(r"/(?:conftest|test_[^/]*|[^/]*_test)\.py$")
LOADS = Finding(Category.CODE, "load code that cannot be read beforehand")


def _timeit(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "nrsu", ("number", "repeat", "setup", "unit"))
    for text in (*options.all("s", "setup"), *options.operands):
        yield RunsText("python", text)


def _python_runner(call: Call) -> Iterator[Effect]:
    """Programs that run a Python file: `pytest`, `coverage run`, `python -m pdb`."""
    options = parse(call.args, "kmnpcoWr", ("cov", "rootdir", "durations"))
    words = options.operands
    if call.program in ("pdb", "ipdb", "pudb"):
        for text in options.all("c"):
            yield RunsText("python", text)
    if call.program in ("pytest", "py.test", "unittest"):
        words = words + [path for path in call.files if _TESTS.search(path)]
    for word in words:
        path = word.partition("::")[0]
        if path.endswith(".py"):
            yield RunsFile(path, "python")


def _browser_runner(call: Call) -> Iterator[Effect]:
    for word in parse(call.args).operands:
        if re.search(r"\.(?:m?[jt]sx?|cjs)$", word):
            yield RunsFile(word, "javascript")


def _go_runner(call: Call) -> Iterator[Effect]:
    if call.args[:1] == ("run",):
        for word in call.args[1:]:
            if word.endswith(".go"):
                yield RunsFile(word, "other")


def _java_runner(call: Call) -> Iterator[Effect]:
    for word in call.args:
        if word.endswith((".java", ".kts")):
            yield RunsFile(word, "other")
        if word.startswith(("-javaagent", "-agentpath", "-agentlib")):
            yield LOADS


def _npm_script(call: Call) -> Iterator[Effect]:
    operands = parse(call.args, "w", ("prefix", "workspace")).operands
    if operands[:1] in (["run"], ["run-script"]):
        yield RunsFile("package.json", "package", tuple(operands[1:2]))
    elif operands[:1] in (["test"], ["start"], ["install"], ["t"], ["i"], ["ci"], ["build"]):
        yield RunsFile("package.json", "package", tuple(operands[:1]))


RULES: dict[str, Rule] = {
    "timeit": _timeit,
    **named(
        "pytest coverage pdb cProfile profile trace py.test unittest nose2 streamlit "
        "uvicorn-x kernprof scalene memray mprof ipdb pudb py-spy runpy",
        _python_runner,
    ),
    **named("jest mocha vitest playwright ava tap jasmine", _browser_runner),
    "go": _go_runner,
    **named("java jbang kotlin rustc-run", _java_runner),
    **named("npm pnpm yarn bun", _npm_script),
}
"""Runners, by program."""
