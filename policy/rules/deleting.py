"""Programs whose job is to delete, and the options of others that do."""

from collections.abc import Iterator
from itertools import pairwise

from policy.calls import Call, Rule
from policy.effects import Deletes, Effect, Empties, RunsCommand, Writes
from policy.shell.marks import HOLE, active
from policy.shell.options import parse
from policy.vocabulary import named

_PLAIN_TESTS = frozenset(("-depth", "-mindepth", "-maxdepth", "-xdev", "-mount", "-print"))


def _remove(call: Call) -> Iterator[Effect]:
    if not call.asks_for_help():
        options = parse(call.args)
        recursive = options.has("r", "R", "recursive", "no-preserve-root")
        yield Deletes(tuple(options.operands), recursive)


def _remove_tree(call: Call) -> Iterator[Effect]:
    if not call.asks_for_help():
        yield Deletes(tuple(parse(call.args).operands), recursive=True)


def _shred(call: Call) -> Iterator[Effect]:
    if not call.asks_for_help():
        operands = parse(call.args, "ns").operands
        yield Writes(tuple(operands))
        yield Deletes(tuple(operands), reason="destroy files")


def _gio(call: Call) -> Iterator[Effect]:
    if call.args[:1] in (("trash",), ("remove",)) and "--list" not in call.args:
        yield Deletes(call.args[1:])


def _truncate(call: Call) -> Iterator[Effect]:
    if call.asks_for_help():
        return
    options = parse(call.args, "sr", ("size", "reference"))
    yield Writes(tuple(options.operands))
    sizes = options.all("s", "size")
    if any(
        size.lstrip("<%/").strip("0KMGTB") == "" or size.startswith(("-", "<")) for size in sizes
    ):
        yield Empties(tuple(options.operands))


def _find(call: Call) -> Iterator[Effect]:
    if "--help" in call.args or "-help" in call.args:
        return
    roots, expression = _find_parts(call.args)
    end, name = 0, _name_of_found(expression)
    for index, word in enumerate(expression):
        if word == "-delete":
            filters = [one for one in expression if one.startswith("-") and one not in _PLAIN_TESTS]
            yield Deletes(tuple(roots), recursive=filters == ["-delete"])
        elif word in ("-exec", "-execdir", "-ok", "-okdir") and index >= end:
            command = _until_end(expression[index + 1 :], f"{roots[0]}/{HOLE}{name}")
            end = index + len(command)
            yield RunsCommand(command)
        elif word in ("-fprint", "-fprint0", "-fls", "-fprintf"):
            yield Writes(tuple(expression[index + 1 : index + 2]))


def _name_of_found(expression: list[str]) -> str:
    """What the names of the files that are found end in."""
    for option, value in pairwise(expression):
        if option in ("-name", "-iname"):
            return f"/{active(value)}"
    return ""


def _find_parts(args: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Starting points of `find`, and its expression."""
    roots: list[str] = []
    for index, word in enumerate(args):
        if word in ("-H", "-L", "-P") or word.startswith(("-O", "-D")):
            continue
        if word.startswith("-") or word in ("(", "!", ")", ","):
            return roots or ["."], list(args[index:])
        roots.append(word)
    return roots or ["."], []


def _until_end(words: list[str], found: str) -> tuple[str, ...]:
    """Words of `-exec` up to its `;` or `+`, with what was found in the place of `{}`."""
    command: list[str] = []
    for index, word in enumerate(words):
        if word == ";" or (word == "+" and words[index - 1 : index] == ["{}"]):
            break
        command.append(word)
    whole = command[:1] == ["{}"]
    return tuple(
        HOLE if whole and not index else word.replace("{}", found)
        for index, word in enumerate(command)
    )


def _fd(call: Call) -> Iterator[Effect]:
    for index, word in enumerate(call.args):
        if word in ("-x", "-X", "--exec", "--exec-batch"):
            yield RunsCommand(tuple(HOLE if one == "{}" else one for one in call.args[index + 1 :]))
            return


def _cmake(call: Call) -> Iterator[Effect]:
    if call.args[:1] != ("-E",):
        return
    action, operands = "".join(call.args[1:2]), call.args[2:]
    if action in ("rm", "remove", "remove_directory"):
        yield Deletes(tuple(word for word in operands if not word.startswith("-")), recursive=True)
    elif action in ("env", "time", "chdir"):
        skipped = action == "chdir"
        yield RunsCommand(("env", *operands[skipped:]))
    elif action in (
        "copy",
        "copy_directory",
        "rename",
        "touch",
        "make_directory",
        "create_symlink",
    ):
        yield Writes(operands[-1:])


def _duplicates(call: Call) -> Iterator[Effect]:
    if parse(call.args).has("d", "delete", "delete-files"):
        yield Deletes(())


def _cleans_up(call: Call) -> Iterator[Effect]:
    if parse(call.args).has("remove", "clean"):
        yield Deletes(())


RULES: dict[str, Rule] = {
    **named("rm grm srm trash rmtrash safe-rm", _remove),
    **named(
        "rmdir unlink trash-put trash-rm trash-empty wipe rimraf del-cli del trash-cli "
        "gvfs-rm gvfs-trash tmpreaper tmpwatch scrub rip empty-trash empty-trash-cli rd "
        "erase nwipe premove",
        _remove_tree,
    ),
    "shred": _shred,
    "gio": _gio,
    "truncate": _truncate,
    "gtruncate": _truncate,
    **named("find gfind bfs", _find),
    **named("fd fdfind", _fd),
    "cmake": _cmake,
    **named("fdupes jdupes rdfind", _duplicates),
    "systemd-tmpfiles": _cleans_up,
}
"""Deletion, by program."""
