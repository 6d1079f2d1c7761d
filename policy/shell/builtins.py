"""Builtins of bash that change what later commands mean."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from policy.calls import Call
from policy.effects import Category, Effect, Finding, RunsFile, RunsText, Sets
from policy.shell.marks import HOLE, is_known, typed
from policy.shell.options import parse
from policy.shell.outputs import printed
from policy.shell.paths import resolved
from policy.shell.scope import Scope
from policy.vocabulary import named

Builtin = Callable[[Call, Scope], Iterator[Effect]]

HIDES = Finding(Category.CODE, "change which program a name runs")


def _cd(call: Call, scope: Scope) -> Iterator[Effect]:
    operands = parse(call.args).operands
    target = operands[0] if operands else scope.home
    _go(scope, HOLE if target == "-" else resolved(target, scope.cwd))
    yield from ()


def _pushd(call: Call, scope: Scope) -> Iterator[Effect]:
    scope.directories.append(scope.cwd)
    yield from _cd(call, scope)


def _popd(_: Call, scope: Scope) -> Iterator[Effect]:
    _go(scope, scope.directories.pop() if scope.directories else HOLE)
    yield from ()


def _go(scope: Scope, directory: str) -> None:
    scope.variables["OLDPWD"] = (scope.cwd,)
    scope.variables["PWD"] = (directory,)
    scope.cwd = directory


def _declare(call: Call, scope: Scope) -> Iterator[Effect]:
    options = parse(call.args)
    for word in options.operands:
        name, equals, value = word.partition("=")
        exported = call.program == "export" or options.has("x")
        if exported:
            scope.exported.add(name.rstrip("+"))
        if not equals:
            continue
        if options.has("n"):
            scope.references[name] = value
        else:
            scope.assign(name.rstrip("+"), typed(value), append=name.endswith("+"))
        yield Sets(name, value, exported=exported)


def _read(call: Call, scope: Scope) -> Iterator[Effect]:
    options = parse(call.args, "adinNptu")
    lines = _lines(call)
    for name in options.all("a"):
        scope.assign_array(name, dict(enumerate_words(lines[0].split())))
    names = options.operands or ["REPLY"]
    separator = scope.variables.get("IFS", ("",))[0].strip()[:1] or None
    parts = [line.split(separator, len(names) - 1) for line in lines]
    for index, name in enumerate(names):
        values = [part[index] if index < len(part) else "" for part in parts]
        scope.put(name, tuple(value.strip() for value in values))
    yield from ()


def _lines(call: Call) -> list[str]:
    if call.stdin is None:
        return [HOLE]
    return call.stdin.text.splitlines() or [""]


def enumerate_words(words: list[str]) -> list[tuple[str, str]]:
    """Words with their indexes as an array has them."""
    return [(str(index), word) for index, word in enumerate(words)]


def _mapfile(call: Call, scope: Scope) -> Iterator[Effect]:
    options = parse(call.args, "CcdnOsu")
    name = options.operands[0] if options.operands else "MAPFILE"
    scope.assign_array(name, dict(enumerate_words(_lines(call))))
    for callback in options.all("C"):
        yield RunsText("eval", callback)


def _printf(call: Call, scope: Scope) -> Iterator[Effect]:
    if call.args[:1] == ("-v",) and len(call.args) > 2:
        scope.assign(call.args[1], printed(call.args[2:]))
        yield from _subscripts(replace(call, words=call.words[:3]), scope)


def _set(call: Call, scope: Scope) -> Iterator[Effect]:
    for index, word in enumerate(call.args):
        if word == "--" or not word.startswith(("-", "+")):
            scope.positional = list(call.args[index + (word == "--") :])
            break
    yield from ()


def _shift(call: Call, scope: Scope) -> Iterator[Effect]:
    count = call.args[0] if call.args else "1"
    if scope.positional is not None and count.isdigit():
        scope.positional = scope.positional[int(count) :]
    yield from ()


def _unset(call: Call, scope: Scope) -> Iterator[Effect]:
    options = parse(call.args)
    for name in options.operands:
        if options.has("f"):
            scope.functions.pop(name, None)
        else:
            scope.forget(name)
    yield from ()


def _alias(call: Call, scope: Scope) -> Iterator[Effect]:
    for word in call.args:
        name, equals, value = word.partition("=")
        if equals:
            scope.aliases[name] = value
    yield from ()


def _unalias(call: Call, scope: Scope) -> Iterator[Effect]:
    for name in call.args:
        scope.aliases.pop(name, None)
    if "-a" in call.args:
        scope.aliases.clear()
    yield from ()


def _eval(call: Call, _: Scope) -> Iterator[Effect]:
    words = call.args[1:] if call.args[:1] == ("--",) else call.args
    yield RunsText("eval", " ".join(words))


def _source(call: Call, _: Scope) -> Iterator[Effect]:
    operands = parse(call.args).operands
    if operands:
        yield RunsFile(operands[0], "bash", tuple(operands[1:]))


def _trap(call: Call, _: Scope) -> Iterator[Effect]:
    operands = parse(call.args).operands
    if len(operands) > 1 and operands[0] != "-":
        yield RunsText("eval", operands[0])


def _hash(call: Call, _: Scope) -> Iterator[Effect]:
    if parse(call.args, "p").has("p"):
        yield HIDES


def _enable(call: Call, _: Scope) -> Iterator[Effect]:
    if parse(call.args, "f").has("f"):
        yield HIDES


def _complete(call: Call, _: Scope) -> Iterator[Effect]:
    options = parse(call.args, "AGWFCXPSo")
    for command in options.all("C"):
        yield RunsText("eval", command)
    for words in options.all("W"):
        yield RunsText("eval", f": {words}")


def _getopts(call: Call, scope: Scope) -> Iterator[Effect]:
    for name in call.args[1:2]:
        scope.assign(name, HOLE)
    yield from ()


def _subscripts(call: Call, _: Scope) -> Iterator[Effect]:
    """Arithmetic runs substitutions in subscripts, even of quoted text: `test -v 'a[$(rm x)]'`."""
    for word in call.args:
        if "[" in word and ("$(" in word or "`" in word) and is_known(word):
            yield RunsText("eval", f': "{word}"')


def _test(call: Call, scope: Scope) -> Iterator[Effect]:
    if "-v" in call.args:
        yield from _subscripts(call, scope)


def _all(*builtins: Builtin) -> Builtin:
    def both(call: Call, scope: Scope) -> Iterator[Effect]:
        for builtin in builtins:
            yield from builtin(call, scope)

    return both


BUILTINS: dict[str, Builtin] = {
    "cd": _cd,
    "pushd": _pushd,
    "popd": _popd,
    **named("export declare typeset local readonly", _all(_declare, _subscripts)),
    "read": _all(_read, _subscripts),
    **named("mapfile readarray", _mapfile),
    "printf": _printf,
    "set": _set,
    "shift": _shift,
    "unset": _all(_unset, _subscripts),
    "alias": _alias,
    "unalias": _unalias,
    "eval": _eval,
    **named("source .", _source),
    "trap": _trap,
    "hash": _hash,
    "enable": _enable,
    **named("complete compgen", _complete),
    "getopts": _getopts,
    "let": _subscripts,
    **named("test [", _test),
}
"""Builtins by name; each changes the scope and yields what it makes happen."""
