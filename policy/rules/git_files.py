"""git commands that put back or remove files: checkout, restore, switch, rm, clone, init."""

import re
from collections.abc import Callable, Iterator

from policy.effects import Category, Deletes, Effect, Finding, Writes
from policy.shell.marks import GLOBS, HOLE, typed
from policy.shell.options import Options, parse
from policy.vocabulary import words_of

DISCARDS = Finding(Category.GIT, "throw away changes that are not committed")

_VERSION = re.compile(r"v?\d+(?:\.\w+)*|.*[@~^].*|[0-9a-f]{7,40}")
_FILE_NAME = re.compile(
    r"(?:.*/)?(?:[^/]*\.[A-Za-z][A-Za-z0-9_]{0,9}|Makefile|Dockerfile"
    r"|Gemfile|Rakefile|Procfile|README"
    r"|LICENSE|Vagrantfile|Jenkinsfile|\.[a-z][\w.-]*)"
)


def _checkout(args: list[str]) -> Iterator[Effect]:
    options = parse(args, "bB", ("orphan", "conflict", "pathspec-from-file", "inter-hunk-context"))
    if options.has("f", "force", "B", "m", "merge"):
        yield Finding(Category.GIT, "switch branches by force")
    elif options.has("p", "patch", "ours", "theirs", "pathspec-from-file") or _names_paths(
        args, options
    ):
        yield DISCARDS


def _names_paths(args: list[str], options: Options) -> bool:
    """Tell whether `git checkout` is about files rather than a branch."""
    if "--" in args:
        return args.index("--") < len(args) - 1
    if options.has("b", "B", "orphan", "t", "track", "detach"):
        return False
    operands = options.operands
    return len(operands) > 1 or any(map(_is_path, operands))


def _is_path(word: str) -> bool:
    if not GLOBS.isdisjoint(word) or word.startswith(("./", "../", "/", ":")):
        return True
    plain = typed(word)
    if plain in (".", "..") or plain.endswith("/"):
        return True
    last = plain.rpartition("/")[2]
    if HOLE in plain or _VERSION.fullmatch(last):
        return False
    return bool(_FILE_NAME.fullmatch(plain))


def _restore(args: list[str]) -> Iterator[Effect]:
    options = parse(args, "s", ("source", "conflict", "pathspec-from-file"))
    if not options.has("S", "staged") or options.has("W", "worktree"):
        yield DISCARDS


def _switch(args: list[str]) -> Iterator[Effect]:
    if parse(args, "c", ("create", "orphan")).has(
        "f", "force", "discard-changes", "C", "force-create", "m", "merge"
    ):
        yield Finding(Category.GIT, "switch branches by force")


def _rm(args: list[str]) -> Iterator[Effect]:
    options = parse(args)
    if not options.has("cached", "n", "dry-run"):
        yield Deletes(tuple(options.operands), options.has("r"))


def _target(args: list[str]) -> Iterator[Effect]:
    """`git clone URL DIRECTORY`, `git worktree add DIRECTORY`."""
    valued = words_of(
        "branch depth origin reference config template jobs filter separate-git-dir "
        "upload-pack shallow-since initial-branch"
    )
    options = parse(args, "bocuj", valued)
    yield Writes(tuple(options.operands[1:2]))
    if options.all("template"):
        yield Finding(Category.PERSISTENCE, "install programs that git runs by itself")


def _init(args: list[str]) -> Iterator[Effect]:
    options = parse(args, "b", ("template", "separate-git-dir", "initial-branch", "object-format"))
    yield Writes(tuple(f"{path}/x" for path in options.operands[:1]))
    if any(options.all("template")):
        yield Finding(Category.PERSISTENCE, "install programs that git runs by itself")


def _worktree(args: list[str]) -> Iterator[Effect]:
    if args[:1] == ["add"]:
        yield Writes(tuple(parse(args[1:], "bB", ("reason",)).operands[:1]))


FILE_COMMANDS: dict[str, Callable[[list[str]], Iterator[Effect]]] = {
    "checkout": _checkout,
    "restore": _restore,
    "switch": _switch,
    "rm": _rm,
    "clone": _target,
    "init": _init,
    "worktree": _worktree,
}
"""git's file commands, by name."""
