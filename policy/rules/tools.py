"""Editors, debuggers, pagers, and other programs that execute or persist by option."""

import re
from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import (
    Category,
    Deletes,
    Effect,
    Empties,
    Finding,
    RunsCommand,
    RunsFile,
    RunsText,
    Writes,
)
from policy.rules.matching import always, unless, when
from policy.shell.marks import typed
from policy.shell.options import parse
from policy.vocabulary import named

_DELETES_LINES = re.compile(r"\s*:?(?:%|,|1,\$)d")
READS_KEYS = Finding(Category.SECRETS, "read keys or passwords")


DELETES = Deletes((), reason="delete files")
HOOKS = Finding(Category.PERSISTENCE, "change what git or an editor runs by itself")


STARTS = Finding(Category.PERSISTENCE, "change what runs when a user or machine starts")


LOADS = Finding(Category.CODE, "load code that cannot be read beforehand")


def _vim(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "cSuUTWwi", ("cmd",))
    commands = [*options.all("c", "cmd"), *(word[1:] for word in call.args if word.startswith("+"))]
    for command in commands:
        yield RunsText("vim", typed(command))
    for path in options.all("S"):
        yield RunsFile(path, "vim")
    if options.has("s", "es", "e") and call.stdin:
        yield RunsText("vim", call.stdin.text)
    files = tuple(word for word in options.operands if not word.startswith("+"))
    if any(re.search(r"\bw[q!]*\b|\bx\b|update", command) for command in commands):
        yield Writes(files)
    if any(_DELETES_LINES.match(command) for command in commands):
        yield Empties(files)


def _ed(call: Call) -> Iterator[Effect]:
    if call.stdin:
        yield RunsText("vim", call.stdin.text)
        if _DELETES_LINES.match(call.stdin.text):
            yield Empties(tuple(parse(call.args, "p").operands[:1]))
    yield Writes(tuple(parse(call.args, "p").operands[:1]))


def _speller(call: Call) -> Iterator[Effect]:
    for program in parse(call.args, "sTrYoQ", ("speller",)).all("s", "speller"):
        yield RunsText("bash", program)


def _emacs(call: Call) -> Iterator[Effect]:
    options = parse(
        [word if not re.match(r"-[a-z]{2,}", word) else f"-{word}" for word in call.args],
        "lf",
        ("eval", "load", "funcall", "execute", "script"),
    )
    for text in options.all("eval", "execute"):
        yield RunsText("lisp", text)
    for path in options.all("l", "load", "script"):
        yield RunsFile(path, "lisp")


def _gdb(call: Call) -> Iterator[Effect]:
    for index, word in enumerate(call.args):
        following = "".join(call.args[index + 1 : index + 2])
        if word in ("-ex", "--ex", "-iex", "--eval-command", "-o", "--one-line", "-eval-command"):
            yield RunsText("debugger", following)
        if word in ("-p", "--pid", "-attach"):
            yield Finding(Category.SECRETS, "look into another running process")
        if word == "--args":
            yield RunsCommand(call.args[index + 1 :])


def _option_runs(*names: str) -> Rule:
    """A rule for programs with an option whose value is run: `rg --pre`, `man -P`."""
    letters = "".join(name for name in names if len(name) == 1)

    def rule(call: Call) -> Iterator[Effect]:
        for text in parse(call.args, letters, names).all(*names):
            if not re.fullmatch(r"(?:cat|less|more|true|bat|most)(?: .*)?|", typed(text)):
                yield LOADS
                yield RunsText("bash", text)

    return rule


def _compiler(call: Call) -> Iterator[Effect]:
    for option, command in zip(call.args, call.args[1:], strict=False):
        if option == "-wrapper":
            yield RunsText("bash", command.replace(",", " "))
        elif option == "-o":
            yield Writes((command,))


def _rpm_eval(call: Call) -> Iterator[Effect]:
    """Macros: `%(command)` and `%{lua:code}`."""
    for word in map(typed, call.args):
        for command in re.findall(r"%\((.*?)\)", word):
            yield RunsText("bash", command)
        for code in re.findall(r"%\{lua:(.*)\}", word):
            yield RunsText("lua", code)


def _less(call: Call) -> Iterator[Effect]:
    for word in call.args:
        if word.startswith("+!"):
            yield RunsText("bash", word[2:])


def _temporal(call: Call) -> Iterator[Effect]:
    words = f" {call.line()} "
    if re.search(r"submit_confirmation|--name confirm\b| confirm ", words):
        yield Finding(
            Category.PUBLISHING, "answer its own confirmation, which is never allowed", refuse=True
        )
    elif re.search(r" (?:delete|terminate|cancel|reset|signal|update|batch) ", words):
        yield Finding(Category.MACHINES, "change running workflows")


def _tars(call: Call) -> Iterator[Effect]:
    operands = parse(call.args).operands
    if operands[:1] in (["confirm"], ["answer"]):
        yield Finding(
            Category.PUBLISHING, "answer its own confirmation, which is never allowed", refuse=True
        )
    if operands[:1] in (["clean"], ["undo"], ["apply"]):
        yield Finding(Category.MACHINES, "change other tasks")


RULES: dict[str, Rule] = {
    **named("vim vi nvim ex view gvim rvim vimdiff rview", _vim),
    **named("ed red", _ed),
    **named("nano pico", _speller),
    **named("emacs emacsclient", _emacs),
    **named("gdb lldb rust-gdb cgdb", _gdb),
    **named("rg ripgrep", _option_runs("pre", "hostname-bin")),
    **named("man info", _option_runs("P", "pager", "H", "html")),
    **named("ag bat batcat delta", _option_runs("pager")),
    **named("less more most", _less),
    **named("gcc g++ cc c++ c89 c99 clang", _compiler),
    "rpm": _rpm_eval,
    **named("hadoop hdfs", when(DELETES, r" -(?:rm|rmr|rmdir|expunge|skipTrash)\b")),
    **named("zf_rm zf_rmdir", when(DELETES, "")),
    "nmap": _option_runs("script"),
    "ctags": _option_runs("sort-command"),
    **named("run-parts openvpn", when(LOADS, r" --(?:up|down|route-up|ipchange)")),
    "husky": unless(HOOKS, r" (?:--version|-v|-h|uninstall|run)"),
    **named("husky-init simple-git-hooks", always(HOOKS)),
    **named(
        "pre-commit lefthook overcommit git-lfs",
        when(
            HOOKS,
            r"^ (?:install|init|add|set|migrate-config-x|--install"
            r"|init-templatedir) ",
        ),
    ),
    "conda": when(STARTS, r"^ init "),
    **named(
        "mamba micromamba starship pnpm",
        when(STARTS, r"^ (?:init bash|init zsh|shell init|setup) "),
    ),
    "direnv": when(HOOKS, r"^ (?:allow|permit|grant) "),
    "mise": when(HOOKS, r"^ trust "),
    "code": when(LOADS, r" --install-extension "),
    "update-alternatives": when(STARTS, r" --(?:install|set|remove|auto|config)"),
    "alternatives": when(STARTS, r" --(?:install|set|remove|auto|config)"),
    "temporal": _temporal,
    **named("tars starter", _tars),
}
"""Other tools, by program."""
