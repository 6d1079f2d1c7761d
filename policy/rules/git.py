"""git: what throws work away, rewrites what others see, or runs programs by configuration."""

import re
from collections.abc import Callable, Iterator

from policy.calls import Call, Rule
from policy.effects import Category, Effect, Finding, RunsText, Writes
from policy.environment import CHANGES_PROGRAMS
from policy.rules.git_config import configured
from policy.rules.git_files import FILE_COMMANDS
from policy.rules.git_running import RUNNING_COMMANDS
from policy.shell.marks import typed
from policy.shell.options import parse
from policy.vocabulary import named

_GLOBAL_VALUED = ("git-dir", "work-tree", "namespace", "exec-path", "super-prefix", "config-env")


def _lose(reason: str) -> Finding:
    return Finding(Category.GIT, reason)


def _push(args: list[str]) -> Iterator[Effect]:
    options = parse(args, "o", ("push-option", "repo", "receive-pack", "exec"))
    if options.has("dry-run", "n"):
        return
    refs = options.operands[1:]
    leased = any(flag.startswith("force") for flag in options.flags)
    if leased or options.has("f", "mirror", "force") or any(ref.startswith("+") for ref in refs):
        yield _lose("force push over what others have")
    if options.has("d", "delete", "prune") or any(ref.startswith(":") for ref in refs):
        yield _lose("delete a branch that others see")
    for text in options.all("receive-pack", "exec"):
        yield RunsText("bash", text)


def _reset(args: list[str]) -> Iterator[Effect]:
    if parse(args).has("hard", "merge", "keep"):
        yield _lose("throw away changes that are not committed")


def _clean(args: list[str]) -> Iterator[Effect]:
    options = parse(args, "e", ("exclude",))
    if not options.has("n", "dry-run"):
        yield _lose("delete files that git does not track")


def _branch(args: list[str]) -> Iterator[Effect]:
    options = parse(
        args, "u", ("set-upstream-to", "contains", "merged", "format", "sort", "points-at")
    )
    forced = options.has("f", "force")
    if options.has("D", "M", "C") or forced:
        yield _lose("delete or move a branch by force")


def _stash(args: list[str]) -> Iterator[Effect]:
    if args[:1] in (["drop"], ["clear"]):
        yield _lose("throw away stashed changes")


def _reflog(args: list[str]) -> Iterator[Effect]:
    if args[:1] in (["expire"], ["delete"], ["drop"]):
        yield _lose("throw away the history that git could go back to")


def _gc(args: list[str]) -> Iterator[Effect]:
    if not parse(args).has("n", "dry-run"):
        yield _lose("throw away the history that git could go back to")


def _maintenance(args: list[str]) -> Iterator[Effect]:
    if args[:1] == ["run"]:
        yield from _gc(args)


def _filter(_: list[str]) -> Iterator[Effect]:
    yield _lose("rewrite the history of the project")


def _update_ref(args: list[str]) -> Iterator[Effect]:
    if parse(args, "m").has("d", "stdin"):
        yield _lose("delete a reference of git")


def _symbolic_ref(args: list[str]) -> Iterator[Effect]:
    if parse(args, "m").has("d", "delete"):
        yield _lose("delete a reference of git")


def _tag(args: list[str]) -> Iterator[Effect]:
    if parse(args, "mFun", ("message", "file", "contains", "sort", "format")).has(
        "d", "delete", "f", "force"
    ):
        yield _lose("delete or move a tag")


def _worktree(args: list[str]) -> Iterator[Effect]:
    if args[:1] == ["remove"]:
        yield Finding(Category.DELETION, "delete a working tree")


def _submodule(args: list[str]) -> Iterator[Effect]:
    options = parse(args, "b")
    if args[:1] == ["foreach"]:
        words = [word for word in args[1:] if word not in ("--recursive", "--quiet", "-q")]
        yield RunsText("bash", " ".join(words))
        return
    if options.operands[:1] == ["deinit"] or (
        options.operands[:1] == ["update"] and options.has("f", "force")
    ):
        yield _lose("throw away changes in a submodule")


def _fetch(args: list[str]) -> Iterator[Effect]:
    options = parse(args, "joX", ("upload-pack", "depth", "jobs", "strategy"))
    if options.has("f", "force") or any(ref.startswith("+") for ref in options.operands):
        yield _lose("overwrite branches with what others have")
    for text in options.all("upload-pack"):
        yield RunsText("bash", text)


def _remote(args: list[str]) -> Iterator[Effect]:
    for word in args:
        if word.startswith("ext::"):
            yield CHANGES_PROGRAMS
            yield RunsText("bash", word[len("ext::") :])


def _prune(args: list[str]) -> Iterator[Effect]:
    if not parse(args).has("n", "dry-run"):
        yield _lose("throw away the history that git could go back to")


def _lfs(args: list[str]) -> Iterator[Effect]:
    if args[:1] == ["prune"]:
        yield _lose("delete stored large files")
    if args[:1] == ["install"]:
        yield Finding(Category.PERSISTENCE, "install programs that git runs by itself")


def _annex(args: list[str]) -> Iterator[Effect]:
    if args[:1] in (["drop"], ["dropunused"], ["uninit"]):
        yield Finding(Category.DELETION, "delete stored large files")


def _notes(args: list[str]) -> Iterator[Effect]:
    if args[:1] in (["remove"], ["prune"]):
        yield _lose("delete notes of git")


def _replace(args: list[str]) -> Iterator[Effect]:
    if parse(args).has("d", "f"):
        yield _lose("replace history")


def _read_tree(args: list[str]) -> Iterator[Effect]:
    if parse(args).has("reset", "u"):
        yield _lose("throw away changes that are not committed")


def _checkout_index(args: list[str]) -> Iterator[Effect]:
    if parse(args).has("f", "force"):
        yield _lose("throw away changes that are not committed")


def _credential(args: list[str]) -> Iterator[Effect]:
    if args[:1] in (["fill"], ["get"]):
        yield Finding(Category.SECRETS, "read keys or passwords")


_COMMANDS: dict[str, Callable[[list[str]], Iterator[Effect]]] = {
    "push": _push,
    "reset": _reset,
    "clean": _clean,
    "branch": _branch,
    "stash": _stash,
    "reflog": _reflog,
    "gc": _gc,
    "maintenance": _maintenance,
    "prune": _prune,
    "prune-packed": _prune,
    "repack": lambda args: _gc([]) if parse(args).has("d") else iter(()),
    "filter-branch": _filter,
    "filter-repo": _filter,
    "update-ref": _update_ref,
    "symbolic-ref": _symbolic_ref,
    "tag": _tag,
    "worktree": _worktree,
    "submodule": _submodule,
    "fetch": _fetch,
    "pull": _fetch,
    "clone": _remote,
    "remote": _remote,
    "ls-remote": _remote,
    "lfs": _lfs,
    "annex": _annex,
    "notes": _notes,
    "replace": _replace,
    "read-tree": _read_tree,
    "checkout-index": _checkout_index,
    "credential": _credential,
}


def _git(call: Call) -> Iterator[Effect]:
    """`git [global options] COMMAND ...`."""
    options = parse(call.args, "Cc", _GLOBAL_VALUED, stop=True)
    for setting in options.all("c", "config-env"):
        yield from configured(setting, options.operands)
    if options.all("exec-path"):
        yield Finding(Category.CODE, "change which programs git runs")
    if not options.operands:
        return
    name, *args = options.operands
    if "--help" in args or "-h" in args:
        return
    for commands in (_COMMANDS, FILE_COMMANDS, RUNNING_COMMANDS):
        if name in commands:
            yield from commands[name](args)
    yield from _output(args)
    if name in ("clone", "init"):
        yield Writes(tuple(f"{path}/x" for path in options.all("C")))


def _output(args: list[str]) -> Iterator[Effect]:
    for path in parse(args, "o").all("output", "output-directory", "o"):
        if re.search(r"[/~]", path):
            yield Writes((typed(path),))


def _svn(call: Call) -> Iterator[Effect]:
    name = "".join(call.args[:1])
    options = parse(call.args)
    if name in ("revert", "purge", "strip", "cleanup") or (
        name == "update" and options.has("C", "clean")
    ):
        yield _lose("throw away changes that are not committed")
    if name in ("delete", "rm", "remove", "del"):
        yield Finding(Category.DELETION, "delete files")


def _jujutsu(call: Call) -> Iterator[Effect]:
    if call.args[:1] in (("abandon",), ("restore",)):
        yield _lose("throw away changes")


RULES: dict[str, Rule] = {
    "git": _git,
    "hub": _git,
    "yadm": _git,
    **named("svn hg bzr", _svn),
    "jj": _jujutsu,
    "git-filter-repo": lambda _: _filter([]),
    "bfg": lambda _: _filter([]),
}
"""Version control, by program."""
