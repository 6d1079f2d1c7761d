"""`$name` and `${...}`: values of variables and the operators on them.

Manual: bash(1), "Parameter Expansion".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from policy.shell import escapes, patterns
from policy.shell.marks import ABSENT, EMPTY, HOLE, PARAMETERS, SPLIT, is_known, typed
from policy.shell.scope import Scope

_BRACED = re.compile(
    r"(!?)(#?)([A-Za-z_]\w*|\d+|[@*#?$!_-])(?:\[((?:[^\[\]]|\[[^\]]*\])*)\])?(.*)", re.DOTALL
)
_DEFAULT = re.compile(r"(:?)([-=+?])(.*)", re.DOTALL)
_SLICE = re.compile(r":\s*\(?\s*(-?\s*\d+)\s*\)?\s*(?::\s*(-?\s*\d+)\s*)?")
_REPLACE = re.compile(r"(//?[#%]?)((?:\\.|[^/\\])*)(?:/(.*))?", re.DOTALL)


class Operands(Protocol):
    """Expands the words inside `${...}`."""

    def marked(self, raw: str, start: int | None) -> str:
        """Expansion of an operand, patterns still marked."""
        ...

    def quoted(self, body: str, start: int | None) -> str:
        """Expansion as inside double quotes."""
        ...


@dataclass(frozen=True)
class Parameters:
    """Answers values as one text; several words are joined by `SPLIT`."""

    scope: Scope
    pick: Callable[[str, tuple[str, ...]], str]
    operands: Operands

    def plain(self, name: str) -> str:
        """Value of `$name`."""
        values = self._values(name, None, None)
        return HOLE if values is None else _joined(values, name)

    def braced(self, body: str, start: int | None) -> str:
        """Value of `${body}`."""
        found = _BRACED.fullmatch(body)
        if not found:
            return HOLE
        indirect, length, name, subscript, operation = found.groups()
        offset = None if start is None else start + found.start(5)
        self._run_substitutions(subscript, operation, start)
        values = self._values(name, subscript, start)
        if indirect:
            values = self._indirect(name, subscript, operation, values)
            operation = "" if operation in ("*", "@") else operation
        if length:
            return _length(values, subscript or name)
        changed = self._operate(values, operation, offset, self.scope.name(name))
        return HOLE if changed is None else _joined(changed, subscript or name)

    def _run_substitutions(self, subscript: str | None, operation: str, start: int | None) -> None:
        """What stands in an expansion runs, also when the variable is not known."""
        for text in (subscript or "", operation):
            if "$(" in text or "`" in text:
                self.operands.marked(text, start)

    # --- values

    def _values(self, name: str, subscript: str | None, start: int | None) -> list[str] | None:
        """Values of a variable; None when the text does not say."""
        if name in ("@", "*"):
            return self._all_positional()
        if name.isdigit():
            return self._positional(int(name))
        if not name.isidentifier():
            return ["hB"] if name == "-" else None
        name = self.scope.name(name)
        if name in self.scope.arrays:
            return self._array(name, subscript, start)
        values = self.scope.variables.get(name)
        return None if values is None else [self.pick(name, values)]

    def _all_positional(self) -> list[str]:
        return [PARAMETERS] if self.scope.positional is None else self.scope.positional

    def _positional(self, number: int) -> list[str]:
        words = self.scope.positional
        if number == 0:
            return [self.scope.zero]
        if words is None or words == [ABSENT]:
            return self._all_positional()
        return [words[number - 1]] if number <= len(words) else [""]

    def _array(self, name: str, subscript: str | None, start: int | None) -> list[str]:
        items = self.scope.arrays[name]
        if subscript in ("@", "*"):
            return list(items.values())
        key = typed(self.operands.marked(subscript or "0", start))
        if key.startswith("-") and key[1:].isdigit():
            key = str(len(items) + int(key))
        if key in items:
            return [items[key]]
        return [self.pick(f"{name}[]", tuple(items.values()) or ("",))]

    def _indirect(
        self, name: str, subscript: str | None, operation: str, values: list[str] | None
    ) -> list[str] | None:
        if operation in ("*", "@") and not subscript:
            return [known for known in self.scope.variables if known.startswith(name)]
        if subscript in ("@", "*"):
            return list(self.scope.arrays.get(name, {}))
        target = values[0] if values else HOLE
        if not re.fullmatch(r"\w+|[@*]|\w+\[[@*\w]+\]", target, re.ASCII):
            return None
        base, _, inner = target.partition("[")
        return self._values(base, inner.rstrip("]") or None, None)

    # --- operators

    def _operate(
        self, values: list[str] | None, operation: str, start: int | None, name: str
    ) -> list[str] | None:
        if not operation:
            return values
        if default := _DEFAULT.fullmatch(operation):
            return self._default(values, default, start, name)
        if values is None:
            return None
        if operation.startswith(":"):
            return _sliced(values, self.operands.marked(operation, start))
        change = self._change(operation, start)
        return [change(value) if is_known(value) else HOLE for value in values]

    def _default(
        self, values: list[str] | None, found: re.Match[str], start: int | None, name: str
    ) -> list[str] | None:
        colon, kind, operand = found.groups()
        missing = values is None or not values or (bool(colon) and not any(values))
        if kind == "+" and missing and values is not None:
            return []
        if kind == "?" or (kind != "+" and not missing):
            return values
        offset = None if start is None else start + found.start(3)
        value = self.operands.marked(operand, offset).replace(EMPTY, "")
        if kind == "=":
            self.scope.assign(name, typed(value))
        return [typed(value)]

    def _change(self, operation: str, start: int | None) -> Callable[[str], str]:
        """A function for one of the operators that change a known value."""
        sign = operation[0]
        if sign == "@":
            return lambda value: self._transformed(value, operation[1:2])
        if sign in "^,":
            return lambda value: _cased(value, operation)
        if sign == "/":
            return self._replacement(operation, start)
        longest = operation[1:2] == sign
        pattern = self.operands.marked(operation.lstrip(sign), None).replace(EMPTY, "")
        cut = patterns.without_prefix if sign == "#" else patterns.without_suffix
        return lambda value: (
            cut(value, pattern, longest=longest) if patterns.is_workable(value, pattern) else HOLE
        )

    def _replacement(self, operation: str, start: int | None) -> Callable[[str], str]:
        found = _REPLACE.fullmatch(operation)
        if not found:
            return lambda _: HOLE
        pattern = self.operands.marked(found[2], None).replace(EMPTY, "")
        offset = None if start is None else start + found.start(3)
        new = typed(self.operands.marked(found[3] or "", offset))
        every = found[1].startswith("//")
        return lambda value: (
            patterns.replaced(value, pattern, new, every=every)
            if patterns.is_workable(value, pattern)
            else HOLE
        )

    def _transformed(self, value: str, kind: str) -> str:
        match kind:
            case "P":
                return self.operands.quoted(value, None)
            case "E":
                return escapes.decode(value)
            case "U" | "L" | "u":
                return _cased(value, {"U": "^^", "L": ",,", "u": "^"}[kind])
            case "Q" | "a":
                return value
            case _:
                return HOLE


def _joined(values: list[str], which: str) -> str:
    if len(values) == 1:
        return values[0]
    if which == "*":
        return " ".join(values)
    return SPLIT.join(value or EMPTY for value in values)


def _length(values: list[str] | None, which: str) -> str:
    if values is None or not all(is_known(value) for value in values):
        return HOLE
    return str(len(values) if which in ("@", "*") else len(values[0]) if values else 0)


def _cased(value: str, operation: str) -> str:
    change = str.upper if operation[0] == "^" else str.lower
    return change(value) if operation[:2] in ("^^", ",,") else change(value[:1]) + value[1:]


def _sliced(values: list[str], operation: str) -> list[str]:
    found = _SLICE.fullmatch(typed(operation))
    if not found:
        return [HOLE]
    start = int(found[1].replace(" ", ""))
    length = int(found[2].replace(" ", "")) if found[2] else None
    if len(values) > 1:
        shift = max(0, start - 1) if start > 0 else start
        return values[shift:][:length]
    return [_cut(value, start, length) if is_known(value) else HOLE for value in values]


def _cut(value: str, start: int, length: int | None) -> str:
    rest = value[start:] if start >= 0 or -start <= len(value) else ""
    return rest if length is None else rest[:length]
