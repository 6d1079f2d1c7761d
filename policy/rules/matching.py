"""Rules made of one effect and a pattern over the words of a call.

Patterns are searched in the words with a space around each. A call that only asks for help or a
version has no effect, and a rehearsal has none either where `is_rehearsal` is asked.
"""

import re
from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import Effect
from policy.shell.marks import typed

_REHEARSES = re.compile(
    r" (?:--dry-?run(?!=none)(?:=\S*)?|--dryrun|--simulate|--just-print|--recon|--no-act|--assumeno"
    r"|--what-if|--noop|--snapshot|--preview|--diff-only|--check|--list|-h|help) "
)


def is_rehearsal(call: Call) -> bool:
    """Tell whether a call says what it would do, and does nothing."""
    return bool(_REHEARSES.search(f" {call.line()} ")) or call.asks_for_help()


def always(effect: Effect) -> Rule:
    """A rule for programs that do one thing."""

    def rule(call: Call) -> Iterator[Effect]:
        if not (call.asks_for_help() or call.args in (("-V",), ("-h",), ("-v",))):
            yield effect

    return rule


def when(effect: Effect, pattern: str) -> Rule:
    """A rule for programs of which some words do it."""
    expression = re.compile(pattern)

    def rule(call: Call) -> Iterator[Effect]:
        if not call.asks_for_help() and expression.search(f" {call.line()} "):
            yield effect

    return rule


def unless(effect: Effect, pattern: str) -> Rule:
    """A rule for programs of which only some words are harmless."""
    expression = re.compile(pattern)

    def rule(call: Call) -> Iterator[Effect]:
        if not call.asks_for_help() and not expression.search(f" {call.line()} "):
            yield effect

    return rule


def verbs(effect: Effect, pattern: str) -> Rule:
    """A rule for programs with verbs, options left out; rehearsals are harmless."""
    expression = re.compile(rf" (?:{pattern}) ")

    def rule(call: Call) -> Iterator[Effect]:
        words = " ".join(word for word in map(typed, call.args) if not word.startswith("-"))
        if not is_rehearsal(call) and expression.search(f" {words} "):
            yield effect

    return rule


def first_verb(effect: Effect, pattern: str) -> Rule:
    """Like `verbs`, for the first words only."""
    expression = re.compile(rf"(?:{pattern})(?: |$)")

    def rule(call: Call) -> Iterator[Effect]:
        words = " ".join(word for word in map(typed, call.args) if not word.startswith("-"))
        if not is_rehearsal(call) and expression.match(words):
            yield effect

    return rule


def all_of(*rules: Rule) -> Rule:
    """Several rules as one."""

    def rule(call: Call) -> Iterator[Effect]:
        for one in rules:
            yield from one(call)

    return rule
