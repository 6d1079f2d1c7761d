"""Redirections of one command: what it reads, and where its output goes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policy.effects import Connects, Effect, Empties, Reads, Saves, Writes
from policy.shell.lexer import Heredoc, Kind, Token
from policy.shell.marks import LOCAL
from policy.shell.paths import resolved
from policy.shell.scope import Scope
from policy.shell.streams import SILENCE, UNKNOWN, Source, Stream
from policy.shell.words import Expander

_DESCRIPTOR = re.compile(r"\d*-?")
_SOCKET = re.compile(r"/dev/(?:tcp|udp)/([^/]+)/")
_NEW_FILES = ("__init__.py", ".gitkeep", ".keep", "py.typed", ".nojekyll")


@dataclass(frozen=True)
class Redirect:
    """One redirection as it stands: `2>>` has descriptor "2" and operator ">>"."""

    descriptor: str
    operator: str
    target: Token | None

    @property
    def takes_output(self) -> bool:
        """Standard output goes here."""
        return self.operator != "<>" and ">" in self.operator and self.descriptor in ("", "1")


def split(tokens: list[Token]) -> tuple[list[Token], list[Redirect]]:
    """The words of a command, and its redirections."""
    words: list[Token] = []
    redirects: list[Redirect] = []
    descriptor, index = "", 0
    while index < len(tokens):
        token = tokens[index]
        if token.kind is Kind.DESCRIPTOR:
            descriptor = token.text
        elif token.kind is Kind.REDIRECT:
            index += 1
            target = tokens[index] if index < len(tokens) else None
            redirects.append(Redirect(descriptor, token.text, target))
            descriptor = ""
        else:
            words.append(token)
        index += 1
    return words, redirects


@dataclass
class Flow:
    """Where one command's input comes from and its output goes, after expansion."""

    stdin: Stream | None
    effects: list[Effect]
    target: str | None = None
    appends: bool = False

    def finish(self, output: Stream, scope: Scope, *, may_empty: bool) -> Iterator[Effect]:
        """Effects of the output reaching the file it goes to."""
        if self.target is None:
            return
        path = resolved(self.target, scope.cwd)
        before = scope.world.files.get(path, SILENCE) if self.appends else SILENCE
        yield Saves(self.target, before + output)
        blank = not output.text.strip() and not self.target.endswith(_NEW_FILES)
        if may_empty and blank and not self.appends:
            yield Empties((self.target,))


def flow(
    redirects: list[Redirect], heredocs: dict[int, Heredoc], words: Expander, stdin: Stream | None
) -> Flow:
    """Expand redirections in order; `stdin` is what comes in without them."""
    result = Flow(stdin, [])
    for redirect in redirects:
        if redirect.target is None:
            continue
        if redirect.operator.startswith("<<"):
            inline = _inline(redirect, redirect.target, heredocs, words)
            _feed(result, redirect.descriptor, inline, words.scope)
            continue
        target = words.text(redirect.target.text, redirect.target.start)
        if redirect.operator in (">&", "<&") and _DESCRIPTOR.fullmatch(target):
            if redirect.operator == "<&" and redirect.descriptor in ("", "0") and target != "0":
                result.stdin = words.scope.descriptors.get(target.rstrip("-"), UNKNOWN)
            continue
        _connect(result, redirect, target, words.scope)
    return result


def _feed(result: Flow, descriptor: str, content: Stream, scope: Scope) -> None:
    """Open content for reading on a descriptor."""
    scope.descriptors[descriptor or "0"] = content
    if descriptor in ("", "0"):
        result.stdin = content


def _inline(
    redirect: Redirect, target: Token, heredocs: dict[int, Heredoc], words: Expander
) -> Stream:
    """A here-string or here-document."""
    if redirect.operator == "<<<":
        return Stream(words.text(target.text, target.start) + "\n")
    heredoc = heredocs.get(target.start)
    if heredoc is None:
        return SILENCE
    return Stream(heredoc.body if heredoc.literal else words.quoted(heredoc.body, heredoc.start))


def _connect(result: Flow, redirect: Redirect, target: str, scope: Scope) -> None:
    if socket := _SOCKET.match(target):
        result.effects.append(Connects(f"tcp://{socket[1]}", sends=">" in redirect.operator))
        return
    if "<" in redirect.operator:
        known = scope.world.files.get(resolved(target, scope.cwd))
        known = SILENCE if target == "/dev/null" else known
        _feed(result, redirect.descriptor, known or Stream(LOCAL, Source.FILE), scope)
        result.effects.append(Reads((target,)))
    if ">" in redirect.operator:
        result.effects.append(Writes((target,)))
    if redirect.takes_output:
        result.target, result.appends = target, ">>" in redirect.operator
