"""Archivers and `rsync`: they delete, write elsewhere and run programs by option."""

from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import Category, Connects, Deletes, Effect, Finding, RunsText, Writes
from policy.shell.options import Options, parse
from policy.shell.paths import name_of
from policy.vocabulary import named, words_of

_TAR_VALUED = words_of(
    "file directory to-command use-compress-program checkpoint-action "
    "rsh-command "
    "info-script new-volume-script exclude transform files-from"
)
_COMPRESSORS = frozenset(
    words_of(
        "gzip pigz bzip2 pbzip2 lbzip2 xz pixz zstd zstdmt lz4 lzop lzip plzip lzma brotli cat"
    )
)
LOADS = Finding(Category.CODE, "load code that cannot be read beforehand")
_RSYNC_VALUED = ("rsh", "rsync-path", "exclude", "include", "exclude-from", "files-from", "filter")


def _tar(call: Call) -> Iterator[Effect]:
    args = call.args
    if args and not args[0].startswith("-"):
        args = ("-" + args[0], *args[1:])
    options = parse(args, "fCIFTXbgKLNV", _TAR_VALUED)
    if options.has("remove-files"):
        yield Deletes(tuple(options.operands))
    if options.has("x", "extract", "get"):
        yield Writes(tuple(options.all("C", "directory")))
    if options.has("c", "create", "r", "u", "append"):
        yield Writes(tuple(path for path in options.all("f", "file") if path != "-"))
    yield from _tar_runs(options)


def _tar_runs(options: Options) -> Iterator[Effect]:
    """Programs that tar runs by option."""
    for text in options.all("use-compress-program", "I"):
        yield from compresses(text)
    for text in options.all("to-command", "rsh-command", "info-script", "new-volume-script", "F"):
        yield RunsText("bash", text)
    for action in options.all("checkpoint-action"):
        if action.startswith("exec="):
            yield RunsText("bash", action[len("exec=") :])


def compresses(text: str) -> Iterator[Effect]:
    """A program that an option names for compressing; only those that do just that are known."""
    if name_of(text.partition(" ")[0]) not in _COMPRESSORS:
        yield LOADS
    yield RunsText("bash", text)


def _zip(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "bnxit", ("unzip-command",))
    if options.has("m", "move"):
        yield Deletes(tuple(options.operands[1:]))
    for index, word in enumerate(call.args):
        if word in ("-TT", "--unzip-command"):
            yield RunsText("bash", "".join(call.args[index + 1 : index + 2]))
    for text in options.all("unzip-command"):
        yield RunsText("bash", text)
    yield Writes(tuple(options.operands[:1]))


def _unzip(call: Call) -> Iterator[Effect]:
    for index, word in enumerate(call.args):
        if word == "-d":
            yield Writes(call.args[index + 1 : index + 2])


def _seven(call: Call) -> Iterator[Effect]:
    if "-sdel" in call.args or call.args[:1] == ("d",):
        yield Deletes(())
    yield Writes(tuple(word[2:] for word in call.args if word.startswith("-o")))


def _rsync(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "eTfBM@", _RSYNC_VALUED)
    for text in options.all("e", "rsh"):
        if text.split()[:1] != ["ssh"]:
            yield RunsText("bash", text)
    if options.has("n", "dry-run", "list-only"):
        return
    *sources, target = options.operands or [""]
    if any(flag.startswith("del") for flag in options.flags):
        yield Deletes((target,), reason="delete files that the source does not have")
    if options.has("remove-source-files"):
        yield Deletes(tuple(sources))
    if is_remote(target):
        yield Connects(target.replace("rsync://", "").replace(":", "/", 1), sends=True)
    elif any(map(is_remote, sources)):
        yield Writes((target,))
        yield Finding(Category.MACHINES, "work on another machine")
    else:
        yield Writes((target,))


def is_remote(path: str) -> bool:
    """Tell whether a path names another machine, as in `host:dir`."""
    return "://" in path or ":" in path.partition("/")[0]


RULES: dict[str, Rule] = {
    **named("tar gtar bsdtar star", _tar),
    "zip": _zip,
    "unzip": _unzip,
    **named("7z 7za 7zr", _seven),
    "rsync": _rsync,
}
"""Archives and synchronisation, by program."""
