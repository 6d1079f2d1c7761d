"""Programs that change text in a plain way, worked out on known text."""

import re
from collections.abc import Callable

from policy.calls import Call
from policy.shell import escapes
from policy.shell.marks import typed
from policy.shell.options import parse

_CLASSES = {
    "[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "[:lower:]": "abcdefghijklmnopqrstuvwxyz",
    "[:digit:]": "0123456789",
    "[:space:]": " \t\n\r\f\v",
}
_RANGE = re.compile(r"(.)-(.)", re.DOTALL)
_SUBSTITUTION = re.compile(r"s([/|,#:@])([\w .-]*)\1([\w ./-]*)\1(g?)")
_COUNT = re.compile(r"-n?\s*(\d+)")


def _rev(_: Call, text: str) -> str | None:
    return "\n".join(line[::-1] for line in text.split("\n"))


def _tac(_: Call, text: str) -> str | None:
    return "".join(reversed(text.splitlines(keepends=True)))


def _tr(call: Call, text: str) -> str | None:
    options = parse(call.args)
    sets = [_characters(typed(operand)) for operand in options.operands]
    if not sets or options.has("c", "C", "complement"):
        return None
    if options.has("d", "delete"):
        return "".join(character for character in text if character not in sets[0])
    if len(sets) < 2 or not sets[1]:
        return None if len(sets) < 2 and not options.has("s") else text
    second = sets[1] + sets[1][-1] * max(0, len(sets[0]) - len(sets[1]))
    return text.translate(dict(zip(map(ord, sets[0]), second, strict=False)))


def _characters(spec: str) -> str:
    for name, members in _CLASSES.items():
        spec = spec.replace(name, members)
    spec = escapes.decode(spec)
    return _RANGE.sub(
        lambda found: (
            "".join(map(chr, range(ord(found[1]), ord(found[2]) + 1)))
            if ord(found[2]) - ord(found[1]) < 256
            else found[0]
        ),
        spec,
    )


def _sed(call: Call, text: str) -> str | None:
    found = _SUBSTITUTION.fullmatch(typed(call.args[0])) if len(call.args) == 1 else None
    if not found:
        return None
    _, old, new, every = found.groups()
    count = -1 if every else 1
    lines = text.split("\n")
    return "\n".join(line.replace(old, new, count) for line in lines) if old else None


def _cut(call: Call, text: str) -> str | None:
    options = parse(call.args, "cdfb", ("characters", "delimiter", "fields"))
    characters, fields = options.all("c", "b"), options.all("f")
    lines = text.splitlines()
    if characters:
        return "\n".join("".join(_selected(list(line), characters[0])) for line in lines) + "\n"
    if fields:
        mark = (options.all("d") or ["\t"])[0]
        return "\n".join(mark.join(_selected(line.split(mark), fields[0])) for line in lines) + "\n"
    return None


def _selected(items: list[str], spec: str) -> list[str]:
    """Items that a list such as `1,3-5` names, counted from one."""
    kept: list[str] = []
    for index, item in enumerate(items, start=1):
        for part in spec.split(","):
            first, dash, last = part.partition("-")
            low = int(first) if first.isdigit() else 1
            high = (int(last) if last.isdigit() else len(items)) if dash else low
            if low <= index <= high:
                kept.append(item)
                break
    return kept


def _head(call: Call, text: str) -> str | None:
    found = _COUNT.fullmatch(" ".join(call.args))
    lines = text.splitlines(keepends=True)
    return "".join(lines[: int(found[1]) if found else 10]) if found or not call.args else None


def _tail(call: Call, text: str) -> str | None:
    found = _COUNT.fullmatch(" ".join(call.args))
    lines = text.splitlines(keepends=True)
    return "".join(lines[-int(found[1]) :]) if found and int(found[1]) else None


FILTERS: dict[str, Callable[[Call, str], str | None]] = {
    "rev": _rev,
    "tac": _tac,
    "tr": _tr,
    "sed": _sed,
    "cut": _cut,
    "head": _head,
    "tail": _tail,
}
"""Filters by name: changed text, or None when that is not worked out."""
