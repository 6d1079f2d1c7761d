"""A walk over everything a script would run, in order, along the grammar's tree."""

import re
from dataclasses import dataclass

from tree_sitter import Node

from policy.effects import Category, Finding
from policy.shell.extents import MAX_DEPTH, TooDeep
from policy.shell.lexer import Kind, Token
from policy.shell.machine import Machine
from policy.shell.marks import ABSENT, HOLE
from policy.shell.redirects import split
from policy.shell.scope import Function, Origin, Scope
from policy.shell.simple import Simple
from policy.shell.streams import SILENCE, Stream
from policy.shell.syntax import Script

FORK_BOMB = Finding(Category.SYSTEM, "start copies of itself until the machine stops", refuse=True)
BROKEN = Finding(Category.CODE, "run a command that is broken in a suspicious way")
_SUSPICIOUS = re.compile(
    r"\b(?:rm|rmdir|unlink|shred|sudo|kill|pkill|killall|chmod|chown|mkfs|dd|truncate|eval|reboot"
    r"|shutdown|drop|delete|remove|rmtree|--force|--hard)\b",
    re.IGNORECASE,
)
_BRANCHES = frozenset(("if_statement", "while_statement", "case_statement"))


@dataclass
class Walk:
    """Walks one script in one scope."""

    machine: Machine
    script: Script
    origin: Origin

    def __post_init__(self) -> None:
        self._simple = Simple(self.machine, self.script, self.origin)
        self._depth = 0

    def run(self, scope: Scope) -> Stream:
        """Run the whole script; answers what it prints."""
        output = self.node(self.script.root, scope)
        if self.script.flawed or self.script.root.has_error:
            self._run_segments(scope.subshell())
        if self.script.flawed and _SUSPICIOUS.search(self.script.tokens[-1].text):
            self.machine.apply(BROKEN, scope, self._simple.span(self.script.tokens[-1:]))
        return output

    def node(self, node: Node, scope: Scope, extra: list[Token] | None = None) -> Stream:
        """Run one node; `extra` are tokens of redirections that stand behind it."""
        if self._depth >= MAX_DEPTH:
            raise TooDeep
        self._depth += 1
        output = self._node(node, scope, extra)
        self._depth -= 1
        return output

    def _node(self, node: Node, scope: Scope, extra: list[Token] | None) -> Stream:
        match node.type:
            case "command":
                return self._simple.run(self._tokens(node) + (extra or []), scope)
            case "redirected_statement":
                return self._redirected(node, scope, extra or [])
            case "pipeline":
                return self._pipeline(node, scope, extra or [])
            case "list" | "program":
                return self._sequence(node.named_children, scope, extra or [])
            case "function_definition":
                return self._function(node, scope)
            case _:
                return self._compound(node, scope, extra or [])

    def _tokens(self, node: Node) -> list[Token]:
        first, last = self.script.covered(node)
        return self.script.tokens[first:last]

    def _sequence(self, nodes: list[Node], scope: Scope, extra: list[Token]) -> Stream:
        output = SILENCE
        for index, node in enumerate(nodes):
            output += self.node(node, scope, extra if index == len(nodes) - 1 else None)
        return output

    def _redirected(self, node: Node, scope: Scope, extra: list[Token]) -> Stream:
        body = node.child_by_field_name("body")
        if body is None or body.type == "command":
            return self._simple.run(self._tokens(node) + extra, scope)
        last = self.script.covered(body)[1]
        end = self.script.covered(node)[1]
        return self.node(body, scope, self.script.tokens[last:end] + extra)

    def _pipeline(self, node: Node, scope: Scope, extra: list[Token]) -> Stream:
        stages = node.named_children
        output = scope.stdin
        for index, stage in enumerate(stages):
            inner = scope.subshell()
            inner.stdin = output
            output = self.node(stage, inner, extra if index == len(stages) - 1 else None)
        return output or SILENCE

    # --- compound commands

    def _compound(self, node: Node, scope: Scope, extra: list[Token]) -> Stream:
        inner = scope.subshell() if node.type == "subshell" else scope
        before, tentative = inner.stdin, inner.tentative
        flow = self._simple.flow(split(extra)[1], inner)
        inner.stdin = flow.stdin
        inner.tentative = tentative or node.type in _BRANCHES
        if node.type == "for_statement":
            self._loop_variable(node, inner)
            inner.tentative = True
        self._case_word(node, inner)
        output = self._sequence(node.named_children, inner, [])
        inner.stdin, inner.tentative = before, tentative
        for effect in flow.finish(output, inner, may_empty=False):
            self.machine.apply(effect, inner, self.origin)
        return SILENCE if flow.target else output

    def _head(self, node: Node, end: str) -> list[Token]:
        tokens = self._tokens(node)
        for index, token in enumerate(tokens):
            if token.kind is Kind.RESERVED and token.text in (end, "{"):
                return tokens[1:index]
        return tokens[1:]

    def _loop_variable(self, node: Node, scope: Scope) -> None:
        head = [token for token in self._head(node, "do") if token.kind is not Kind.OPERATOR]
        if not head:
            return
        expander = self._simple.expander(scope)
        if head[0].kind is Kind.TEST:
            expander.quoted(head[0].text, head[0].start)
            return
        values: list[str] = []
        for token in head[2:]:
            values += expander.fields(token.text, token.start)
        if len(head) == 1:
            values = [word for word in scope.positional or [] if word != ABSENT] or [HOLE]
        scope.put(head[0].text, tuple(values) or (HOLE,))

    def _case_word(self, node: Node, scope: Scope) -> None:
        if node.type == "case_statement":
            expander = self._simple.expander(scope)
            for token in self._head(node, "in"):
                expander.fields(token.text, token.start)

    # --- functions

    def _function(self, node: Node, scope: Scope) -> Stream:
        body = node.child_by_field_name("body")
        names = [token.text for token in self._tokens(node) if token.kind is Kind.WORD]
        if body is None or not names:
            return SILENCE
        scope.functions[names[0]] = Function(self.script, body, self.origin)
        if self._multiplies(names[0], self._tokens(body)):
            self.machine.apply(FORK_BOMB, scope, self._simple.span(self._tokens(node)))
            return SILENCE
        reading = scope.subshell()
        reading.positional = None
        reading.functions.pop(names[0])
        self.node(body, reading)
        return SILENCE

    @staticmethod
    def _multiplies(name: str, body: list[Token]) -> bool:
        """A function that runs itself in a pipeline or in the background."""
        texts = [token.text for token in body]
        return any(
            text == name and {*texts[index - 1 : index], *texts[index + 1 : index + 2]} & {"|", "&"}
            for index, text in enumerate(texts)
        )

    # --- what the grammar could not read

    def _run_segments(self, scope: Scope) -> None:
        """Run every stretch of words between operators, whatever the grammar made of them."""
        segment: list[Token] = []
        for token in self.script.tokens:
            if token.kind in (Kind.OPERATOR, Kind.RESERVED):
                self._simple.run(segment, scope)
                segment = []
            else:
                segment.append(token)
        self._simple.run(segment, scope)
