"""Programs that no rule knows: when their words are a command, or hold one, it is read as such.

`some-wrapper rm -rf x`, `some-tool --on-error='rm x'`, `some-shell <<< '!rm x'`. Only the names
below start a command here, so that a subcommand or a file of another name stays a word.
"""

import re
from collections.abc import Iterator

from policy.calls import Call
from policy.effects import Effect, RunsCommand, RunsText
from policy.shell.marks import typed
from policy.shell.paths import name_of
from policy.vocabulary import words_of

_PROGRAMS = frozenset(
    words_of(
        "rm rmdir unlink shred chmod chown chgrp kill pkill killall sudo doas su dd mkfs reboot "
        "shutdown poweroff halt sh bash zsh dash ksh fish env nohup timeout xargs python python3 "
        "perl ruby node php lua truncate curl wget rimraf"
    )
)
_TEXT_TOOLS = frozenset(
    words_of(
        "echo printf grep egrep fgrep zgrep rg ag ack sed awk jq yq cat ls ll less more head tail "
        "which whereis whatis apropos man help info type hash tldr cheat test [ stat file touch "
        "mkdir du wc diff sort uniq cut tr tree logger notify-send say wall figlet cowsay nano "
        "basename dirname realpath readlink export set declare local git comm join paste column "
        "tee sponge dd code true false : alias history vim vi emacs bat open exa eza look cal seq"
    )
)
_VERBS = frozenset(words_of("exec run x do call start spawn --"))
_RUNS_VALUE = re.compile(
    r"-[cexIlb]|--?[\w-]*(?:exec|command|cmd|shell|run|hook|script|program|pager|editor|filter"
    r"|callback|eval|handler|action|wrapper|launch|(?:^|-)on-\w+|pre|post)[\w-]*"
)
_SHELL_CALL = re.compile(r"\b(?:system|exec|popen|shell_exec|execute|callCommand)\s*\(")
_TEX = re.compile(r"\\write18\s*\{([^}]*)\}")
_TEX_LUA = re.compile(r"\\directlua\s*\{(.*)\}")


def foreign_call(call: Call) -> Iterator[Effect]:
    """Effects of a call of a program that has no rule of its own."""
    if "/" in call.path or call.program in _TEXT_TOOLS:
        return
    for index, word in enumerate(call.args):
        before = call.args[index - 1] if index else "--"
        starts = before.startswith("-") or before in _VERBS or before.isdigit()
        if starts and name_of(word) in _PROGRAMS:
            yield RunsCommand(call.args[index:])
            return


def texts_in(call: Call) -> Iterator[Effect]:
    """Commands that any call carries as text: in options that run something, or as `!command`."""
    if call.program in _TEXT_TOOLS:
        return
    for index, word in enumerate(map(typed, call.args)):
        name, _, value = word.partition("=")
        before = typed(call.args[index - 1]) if index else ""
        if _RUNS_VALUE.fullmatch(name) and value:
            yield from _started(value)
        elif _RUNS_VALUE.fullmatch(before) or before in _VERBS:
            yield from _code(word)
        yield from _tex(word)
    lines = call.stdin.text.splitlines() if call.stdin else []
    for line in lines:
        if line.lstrip().startswith("!"):
            yield from _started(line)


def _code(text: str) -> Iterator[Effect]:
    if " " in text or text.startswith("/"):
        yield from _started(text)
    if _SHELL_CALL.search(text):
        yield RunsText("other", text)
        yield RunsText("python", text)


def _tex(text: str) -> Iterator[Effect]:
    for found in _TEX.finditer(text):
        yield RunsText("bash", found[1])
    for found in _TEX_LUA.finditer(text):
        yield RunsText("lua", found[1])


def _started(text: str) -> Iterator[Effect]:
    """A text that begins like a command."""
    command = text.strip().lstrip("!; ")
    words = command.split()
    if words and name_of(words[0]) in _PROGRAMS:
        yield RunsText("bash", command)
