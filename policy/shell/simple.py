"""One simple command as it stands: assignments, words, redirections, every value they may have."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product

from policy.effects import Sets
from policy.shell.arrays import items_of
from policy.shell.lexer import Kind, Lexer, Token
from policy.shell.machine import Machine
from policy.shell.marks import typed
from policy.shell.redirects import Flow, Redirect, flow, split
from policy.shell.scope import Origin, Scope
from policy.shell.streams import SILENCE, UNKNOWN, Stream
from policy.shell.syntax import Script
from policy.shell.words import Choice, Expander

MAX_VARIANTS = 64
"""Combinations of variable values for which one command is read."""

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(?:\[([^\]]*)\])?(\+?)=", re.ASCII)
_COMPUTES = re.compile(r"\s-(?:eq|ne|l[te]|g[te]|v)\s")
_NAMES = re.compile(r"[A-Za-z_]\w*")
_MAY_EMPTY = frozenset((":", "true", "false", "echo", "printf", "cat"))
_DECLARING = frozenset(("export", "declare", "typeset", "local", "readonly"))


@dataclass(frozen=True)
class Simple:
    """Runs simple commands of one script."""

    machine: Machine
    script: Script
    origin: Origin

    def run(self, tokens: list[Token], scope: Scope) -> Stream:
        """Run the command that stands in `tokens`, for every value its variables may have."""
        tests = [token for token in tokens if token.kind is Kind.TEST]
        for test in tests:
            self._test(test, scope)
        words, redirects = split([token for token in tokens if token.kind is not Kind.RESERVED])
        if tests or not (words or redirects):
            return SILENCE
        output = SILENCE
        origin = self.span(tokens)
        for choice in _choices():
            output = self._variant(words, redirects, scope, choice, origin)
        return output

    def _test(self, test: Token, scope: Scope) -> None:
        """Run the substitutions of `[[ ... ]]` or `(( ... ))`."""
        expander = self.expander(scope)
        if test.text.startswith("((") or _COMPUTES.search(test.text):
            expander.quoted(test.text, test.start)
            return
        inside = Lexer(test.text[2:-2])
        inside.run()
        for token in inside.tokens:
            expander.fields(token.text, test.start + 2 + token.start)

    def flow(self, redirects: list[Redirect], scope: Scope) -> Flow:
        """Expand redirections, with their immediate effects."""
        expander = self.expander(scope)
        result = flow(redirects, self.script.heredocs, expander, scope.stdin)
        for effect in result.effects:
            self.machine.apply(effect, scope, self.origin)
        return result

    def expander(self, scope: Scope, choice: Choice | None = None) -> Expander:
        """An expander whose substitutions run in copies of a scope."""
        chosen = choice or Choice()

        def substitute(text: str, start: int | None) -> str:
            inner = _collapsed(scope, text, chosen)
            return self.machine.run_text(text, inner, self._within(text, start)).text.rstrip("\n")

        def pipe(text: str, start: int | None, direction: str) -> str:
            inner = _collapsed(scope, text, chosen)
            inner.stdin = UNKNOWN if direction == ">" else scope.stdin
            output = self.machine.run_text(text, inner, self._within(text, start))
            return scope.world.pipe(output if direction == "<" else SILENCE)

        return Expander(scope, substitute, pipe, chosen)

    def span(self, tokens: list[Token]) -> Origin:
        """Where tokens stand in the command, as a whole."""
        if not tokens:
            return self.origin
        return self.origin.within(tokens[0].start, tokens[-1].end, exact=False)

    def _within(self, text: str, start: int | None) -> Origin:
        if start is None:
            return self.origin.within(0, len(self.script.text), exact=False)
        return self.origin.within(start, start + len(text), exact=True)

    def _variant(
        self,
        words: list[Token],
        redirects: list[Redirect],
        scope: Scope,
        choice: Choice,
        origin: Origin,
    ) -> Stream:
        expander = self.expander(scope, choice)
        count = _leading_assignments(words)
        stream = flow(redirects, self.script.heredocs, expander, scope.stdin)
        for effect in stream.effects:
            self.machine.apply(effect, scope, origin)
        argv = self._argv(words[count:], expander)
        before = dict(scope.variables)
        for token in words[:count]:
            self._assign(token, expander, exports=bool(argv), origin=origin)
        output = stream.stdin or SILENCE if not argv and not words else SILENCE
        if argv:
            output = self.machine.run_words(argv, scope, origin, stream.stdin)
            _restore(scope, before, words[:count])
        for effect in stream.finish(output, scope, may_empty=not argv or argv[0] in _MAY_EMPTY):
            self.machine.apply(effect, scope, origin)
        return SILENCE if stream.target else output

    def _argv(self, tokens: list[Token], expander: Expander) -> tuple[str, ...]:
        argv: list[str] = []
        for token in tokens:
            declares = bool(argv) and argv[0] in _DECLARING and _ASSIGNMENT.match(token.text)
            if not declares:
                argv.extend(expander.fields(token.text, token.start))
            elif not self._assign_array(token, expander):
                argv.append(expander.text(token.text, token.start))
        return tuple(argv)

    def _assign(self, token: Token, expander: Expander, *, exports: bool, origin: Origin) -> None:
        found = _ASSIGNMENT.match(token.text)
        if not found or self._assign_array(token, expander):
            return
        name, subscript, plus = found.groups()
        value = _value(expander.text(token.text, token.start))
        scope = expander.scope
        if subscript is not None:
            key = expander.quoted(subscript, token.start + found.start(2))
            scope.assign_array(name, {**scope.arrays.get(name, {}), key: value})
            return
        scope.assign(name, value, append=bool(plus))
        if exports:
            scope.exported.add(name)
        self.machine.apply(Sets(name, value, exported=exports), scope, origin)

    def _assign_array(self, token: Token, expander: Expander) -> bool:
        """Assign `name=(...)`; tell whether it was one."""
        found = _ASSIGNMENT.match(token.text)
        if not found or not token.text.startswith("(", found.end()):
            return False
        inside = token.text[found.end() + 1 : -1]
        items = items_of(inside, token.start + found.end() + 1, expander)
        expander.scope.assign_array(found[1], items, append=bool(found[3]))
        return True


def _choices() -> Iterator[Choice]:
    """Choices to read one command with; the first finds out which variables have several values."""
    first = Choice()
    yield first
    combinations = product(*(range(size) for size in first.sizes.values()))
    for picks in islice(combinations, 1, MAX_VARIANTS):
        yield Choice(dict(zip(first.sizes, picks, strict=True)))
    if next(combinations, None) is not None:
        yield Choice(unknown=True)


def _leading_assignments(words: list[Token]) -> int:
    for index, token in enumerate(words):
        if not _ASSIGNMENT.match(token.text):
            return index
    return len(words)


def _value(text: str) -> str:
    return typed(text.partition("=")[2])


def _restore(scope: Scope, before: dict[str, tuple[str, ...]], tokens: list[Token]) -> None:
    """Undo assignments that stood before a command."""
    for token in tokens:
        name = scope.name(token.text.partition("=")[0].rstrip("+"))
        if name in before:
            scope.variables[name] = before[name]
        else:
            scope.variables.pop(name, None)


def _collapsed(scope: Scope, text: str, choice: Choice) -> Scope:
    """A copy in which each variable that `text` names has the value chosen for this reading."""
    inner = scope.subshell()
    for name in _NAMES.findall(text):
        values = scope.variables.get(name, ())
        if len(values) > 1:
            inner.variables[name] = (choice.pick(name, values),)
    return inner
