"""git commands that run other commands, or set what git will run."""

from collections.abc import Callable, Iterator

from policy.effects import Category, Effect, Finding, RunsCommand, RunsText
from policy.rules.git_config import stored
from policy.shell.options import parse

_SCOPES = ("file", "type", "default", "value", "blob", "comment")


def _rebase(args: list[str]) -> Iterator[Effect]:
    for text in parse(args, "xsX", ("exec", "onto", "strategy")).all("x", "exec"):
        yield RunsText("bash", text)


def _bisect(args: list[str]) -> Iterator[Effect]:
    if args[:1] == ["run"]:
        yield RunsCommand(tuple(args[1:]))


def _config(args: list[str]) -> Iterator[Effect]:
    options = parse(args, "ft", _SCOPES)
    operands = options.operands
    if operands[:1] in (["set"], ["get"], ["list"], ["unset"], ["edit"]):
        verb, *operands = operands
        if verb != "set":
            return
    if len(operands) >= 2 and not options.has(
        "get", "unset", "get-all", "unset-all", "remove-section"
    ):
        yield from stored(operands[0], operands[1])


def _grep(args: list[str]) -> Iterator[Effect]:
    attached = [word[2:] for word in args if word.startswith("-O")]
    for text in (*attached, *parse(args, "efABCm").all("open-files-in-pager")):
        yield RunsText("bash", text)


def _difftool(args: list[str]) -> Iterator[Effect]:
    for text in parse(args, "xt", ("extcmd", "tool")).all("x", "extcmd"):
        yield RunsText("bash", text)


def _remote_program(args: list[str]) -> Iterator[Effect]:
    for text in parse(args, "u", ("upload-pack", "exec")).all("upload-pack", "u", "exec"):
        yield RunsText("bash", text)


def _send_email(args: list[str]) -> Iterator[Effect]:
    if not parse(args).has("dry-run"):
        yield Finding(Category.PUBLISHING, "send mail")


def _filter_branch(args: list[str]) -> Iterator[Effect]:
    for word in args:
        if " " in word:
            yield RunsText("bash", word)


RUNNING_COMMANDS: dict[str, Callable[[list[str]], Iterator[Effect]]] = {
    "rebase": _rebase,
    "bisect": _bisect,
    "config": _config,
    "grep": _grep,
    "difftool": _difftool,
    "clone": _remote_program,
    "ls-remote": _remote_program,
    "archive": _remote_program,
    "send-email": _send_email,
    "imap-send": _send_email,
    "filter-branch": _filter_branch,
}
"""git commands that run others, by name."""
