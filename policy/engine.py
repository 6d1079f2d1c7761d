"""Carries commands out in imagination: unfolds what they run and collects what they would do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from policy.calls import Call, Rule
from policy.code.languages import LANGUAGES, language_of
from policy.consequences import Consequences
from policy.effects import (
    Copies,
    Effect,
    Finding,
    RunsCommand,
    RunsFile,
    RunsInput,
    RunsText,
    Saves,
    Sets,
)
from policy.limits import (
    MAX_CHARACTERS,
    MAX_COMMANDS,
    MAX_GUESSES,
    MAX_NESTING,
    MAX_RECURSION,
    MAX_WORDS,
    TOO_DEEP,
    TOO_MUCH,
    UNREADABLE,
    UNRESOLVED,
    ExhaustedError,
)
from policy.programs import candidates
from policy.rules.every import every_call
from policy.rules.foreign import foreign_call, texts_in
from policy.shell import syntax
from policy.shell.builtins import BUILTINS
from policy.shell.extents import TooDeep
from policy.shell.marks import PARAMETERS, is_hole, quoted, typed
from policy.shell.outputs import output_of
from policy.shell.paths import resolved
from policy.shell.scope import Function, Origin, Scope
from policy.shell.streams import UNKNOWN, Source, Stream
from policy.shell.walk import Walk

_QUERIES = frozenset(("sql", "redis", "mongo", "cypher"))
_STDIN = frozenset(("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"))


@dataclass
class Engine:
    """One judgement. `found` holds what was found, with its span, in order."""

    rules: dict[str, tuple[Rule, ...]]
    consequences: Consequences
    found: list[tuple[Finding, Origin]] = field(default_factory=list)
    _commands: int = 0
    _characters: int = 0
    _guesses: int = 0
    _names: dict[str, list[str] | None] = field(default_factory=dict)
    _nesting: int = 0
    _calling: list[str] = field(default_factory=list)

    def run_text(self, text: str, scope: Scope, origin: Origin) -> Stream:
        """Run a bash text; answers what it prints."""
        self._characters += len(text)
        if self._nesting >= MAX_NESTING:
            return self._give_up(TOO_DEEP, origin)
        if self._characters > MAX_CHARACTERS:
            self._stop(origin)
        self._nesting += 1
        try:
            return Walk(self, syntax.read(text), origin).run(scope)
        except TooDeep:
            return self._give_up(TOO_DEEP, origin)
        finally:
            self._nesting -= 1

    def run_words(
        self, words: tuple[str, ...], scope: Scope, origin: Origin, stdin: Stream | None
    ) -> Stream:
        """Run one expanded command; answers what it prints."""
        self._commands += 1
        if self._commands > MAX_COMMANDS or len(words) > MAX_WORDS:
            self._stop(origin)
        first = words[0]
        if first in scope.aliases and first not in self._calling:
            return self._run_alias(words, scope, origin, stdin)
        function = scope.functions.get(first)
        if function and self._calling.count(first) < MAX_RECURSION:
            return self._call_function(function, words, scope, stdin)
        if PARAMETERS in first:
            return UNKNOWN
        programs = self._programs(first, scope)
        if programs is None:
            return self._give_up(UNRESOLVED, origin)
        output = UNKNOWN
        for program in programs:
            call = Call(program, words, stdin, scope.cwd, scope.home, scope.world.files)
            output = self._run_program(call, scope, origin)
        return output

    def apply(self, effect: Effect, scope: Scope, origin: Origin) -> None:
        """Let an effect happen that is none of a program."""
        self._happen(effect, scope, origin, None)

    def _programs(self, word: str, scope: Scope) -> list[str] | None:
        path = resolved(word, scope.cwd) if "/" in word else word
        copied = scope.world.programs.get(path)
        if copied:
            return [copied]
        if word not in self._names:
            self._names[word] = candidates(word, self.rules)
        names = self._names[word]
        self._guesses += len(names or ()) - 1
        return names if self._guesses < MAX_GUESSES else None

    def _run_program(self, call: Call, scope: Scope, origin: Origin) -> Stream:
        outputs: list[Stream] = []
        for effect in self._effects(call, scope):
            output = self._happen(effect, scope, origin, call)
            if output is not None:
                outputs.append(output)
        known = output_of(call)
        if known is None and outputs:
            return sum(outputs[1:], outputs[0])
        return known or UNKNOWN

    def _effects(self, call: Call, scope: Scope) -> Iterator[Effect]:
        builtin = BUILTINS.get(call.program)
        if builtin and call.path == call.program:
            yield from builtin(call, scope)
        rules = self.rules.get(call.program)
        for rule in rules or (foreign_call,):
            yield from rule(call)
        if call.program not in LANGUAGES and call.program not in BUILTINS:
            yield from texts_in(call)
        if "/" in call.path:
            yield RunsFile(call.path, words=call.args)
        yield from every_call(call)

    # --- functions and aliases

    def _run_alias(
        self, words: tuple[str, ...], scope: Scope, origin: Origin, stdin: Stream | None
    ) -> Stream:
        text = " ".join((scope.aliases[words[0]], *map(quoted, words[1:])))
        return self._as(words[0], lambda: self.run_text(text, _with_input(scope, stdin), origin))

    def _call_function(
        self, function: Function, words: tuple[str, ...], scope: Scope, stdin: Stream | None
    ) -> Stream:
        before = scope.positional, scope.stdin
        scope.positional, scope.stdin = list(words[1:]), stdin
        walk = Walk(self, function.script, function.origin)
        output = self._as(words[0], lambda: walk.node(function.body, scope))
        scope.positional, scope.stdin = before
        return output

    def _as(self, name: str, run: Callable[[], Stream]) -> Stream:
        """Run something that is not entered again by the same name."""
        self._calling.append(name)
        try:
            return run()
        finally:
            self._calling.pop()

    # --- effects

    def _happen(
        self, effect: Effect, scope: Scope, origin: Origin, call: Call | None
    ) -> Stream | None:
        """Let an effect happen; answers output when it ran something."""
        stdin = call.stdin if call else scope.stdin
        match effect:
            case RunsCommand():
                return self._run_command(effect, scope, origin, stdin)
            case RunsText():
                return self._run_text(effect, scope, origin, stdin)
            case RunsInput():
                return self._run_input(effect, scope, origin, stdin)
            case RunsFile():
                return self._run_file(effect, scope, origin, stdin)
            case Saves():
                scope.world.files[resolved(effect.path, scope.cwd)] = effect.content
            case Copies():
                self._copy(effect, scope)
            case Sets() if call and call.program not in BUILTINS:
                scope.assign(effect.name, typed(effect.value))
                scope.exported.add(effect.name)
                self._weigh(effect, scope, origin)
            case _:
                self._weigh(effect, scope, origin)
        return None

    def _weigh(self, effect: Effect, scope: Scope, origin: Origin) -> None:
        for finding in self.consequences.of(effect, scope):
            self.found.append((finding, origin))

    def _run_command(
        self, effect: RunsCommand, scope: Scope, origin: Origin, stdin: Stream | None
    ) -> Stream | None:
        if not effect.words:
            return None
        if self._nesting >= MAX_NESTING:
            return self._give_up(TOO_DEEP, origin)
        self._nesting += 1
        inner = scope.moved() if effect.elsewhere else scope
        given = stdin if effect.stdin is None else effect.stdin
        output = self.run_words(effect.words, inner, origin, given)
        self._nesting -= 1
        return output

    def _run_text(
        self, effect: RunsText, scope: Scope, origin: Origin, stdin: Stream | None
    ) -> Stream | None:
        if effect.language == "eval":
            return self.run_text(effect.text, scope, origin)
        inner = scope.moved() if effect.elsewhere else scope.process()
        inner.stdin = stdin
        if effect.language == "bash":
            inner.zero, *inner.positional = effect.words or ("bash",)
            return self.run_text(effect.text, inner, origin)
        return self._run_code(effect, inner, origin)

    def _run_code(self, effect: RunsText, scope: Scope, origin: Origin) -> Stream | None:
        """Read code of another language."""
        hidden = any(is_hole(line) for line in effect.text.splitlines())
        if hidden and effect.language not in _QUERIES:
            return self._give_up(UNREADABLE[effect.source], origin)
        if self._nesting >= MAX_NESTING:
            return self._give_up(TOO_DEEP, origin)
        self._nesting += 1
        for inner in LANGUAGES[effect.language](effect.text, effect.words):
            self._happen(inner, scope, origin, None)
        self._nesting -= 1
        return None

    def _run_input(
        self, effect: RunsInput, scope: Scope, origin: Origin, stdin: Stream | None
    ) -> Stream | None:
        if stdin is None or (stdin.source is Source.FILE and not stdin.is_known):
            return None
        if is_hole(stdin.text):
            return self._give_up(UNREADABLE[stdin.source], origin)
        return self._run_text(
            RunsText(effect.language, stdin.text, stdin.source, effect.words), scope, origin, None
        )

    def _run_file(
        self, effect: RunsFile, scope: Scope, origin: Origin, stdin: Stream | None
    ) -> Stream | None:
        if effect.path in _STDIN:
            return self._run_input(RunsInput(effect.language, effect.words), scope, origin, stdin)
        content = scope.world.files.get(resolved(effect.path, scope.cwd))
        if content is None:
            return None
        language = effect.language or language_of(effect.path, content.text)
        if is_hole(content.text):
            if content.source is Source.PROGRAM and language != "bash":
                return None
            return self._give_up(UNREADABLE[content.source], origin)
        words = (effect.path, *effect.words)
        return self._run_text(
            RunsText(language, content.text, content.source, words), scope, origin, stdin
        )

    def _copy(self, effect: Copies, scope: Scope) -> None:
        world = scope.world
        source = resolved(effect.source, scope.cwd)
        target = resolved(effect.target, scope.cwd)
        if source in world.files:
            world.files[target] = world.files[source]
        names = candidates(effect.source, self.rules)
        program = world.programs.get(source) or (names or [""])[0]
        if program in self.rules and (source.startswith("/") or "/" not in effect.source):
            world.programs[target] = program

    def _stop(self, origin: Origin) -> NoReturn:
        self._give_up(TOO_MUCH, origin)
        raise ExhaustedError

    def _give_up(self, finding: Finding, origin: Origin) -> Stream:
        self.found.append((finding, origin))
        return UNKNOWN


def _with_input(scope: Scope, stdin: Stream | None) -> Scope:
    scope.stdin = stdin
    return scope
