"""Programs that create, copy, move and change files."""

import re
from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import (
    Category,
    Copies,
    Deletes,
    Effect,
    Empties,
    Finding,
    RunsText,
    Saves,
    Writes,
)
from policy.rules.archives import compresses
from policy.shell.marks import typed
from policy.shell.options import Options, parse
from policy.shell.paths import name_of
from policy.shell.streams import UNKNOWN
from policy.vocabulary import named

_CODED_SETUID = re.compile(r"^0*[2-7]\d{3}$|\+[rwx]*s")
_FILTER_WRITES = re.compile(r"(?:^|[;{}\n]|\d|/|\$)\s*[wW]\s+(\S+)")
_DELETES_EVERYTHING = re.compile(r"(?:1,\$|0,\$|^)\s*d;?|/\.\*/d|/\^/d|//d")


def _targets(options: Options) -> tuple[list[str], list[str]]:
    """Sources and targets of a copying program."""
    into = options.all("t", "target-directory")
    if into:
        return options.operands, into
    return options.operands[:-1], options.operands[-1:]


def _copied(sources: list[str], targets: list[str]) -> Iterator[Effect]:
    for target in targets:
        for source in sources:
            yield Copies(source, target)
            yield Copies(source, f"{target}/{name_of(source)}")


def _copy(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "tSmogB", ("target-directory", "suffix", "mode", "owner", "group"))
    if call.asks_for_help():
        return
    sources, targets = _targets(options)
    if call.program == "install" and options.has("d", "directory"):
        sources, targets = [], options.operands
    yield Writes(tuple(targets))
    yield from _copied(sources, targets)
    if "/dev/null" in sources:
        yield Empties(tuple(targets))
    if call.program == "install" and any(map(_CODED_SETUID.search, options.all("m", "mode"))):
        yield Finding(Category.PERMISSIONS, "make a program run with another user's rights")


def _move(call: Call) -> Iterator[Effect]:
    if call.asks_for_help():
        return
    sources, targets = _targets(parse(call.args, "tS", ("target-directory", "suffix")))
    if targets == ["/dev/null"] or any("Trash" in target for target in targets):
        yield Deletes(tuple(sources))
    yield Writes((*sources, *targets))
    yield from _copied(sources, targets)


def _link(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "tS", ("target-directory", "suffix"))
    sources, targets = _targets(options)
    if not sources and not options.all("t"):
        sources, targets = targets, ["."]
    yield Writes(tuple(targets))
    yield from _copied(sources, targets)


def _make(call: Call) -> Iterator[Effect]:
    """`touch`, `mkdir` and others that only create."""
    if not call.asks_for_help():
        yield Writes(tuple(parse(call.args, "mdrtlZ", ("mode", "date", "reference")).operands))


def _mknod(call: Call) -> Iterator[Effect]:
    operands = parse(call.args, "m").operands
    yield Writes(tuple(operands[:1]))
    if operands[1:2] and operands[1] in ("b", "c", "u"):
        yield Finding(Category.SYSTEM, "create a device")


def _tee(call: Call) -> Iterator[Effect]:
    options = parse(call.args)
    content = call.stdin or UNKNOWN
    for path in options.operands:
        yield Writes((path,))
        yield Saves(path, content)
        if not content.text.strip() and not options.has("a", "append"):
            yield Empties((path,))


def _dd(call: Call) -> Iterator[Effect]:
    given = dict(typed(word).partition("=")[::2] for word in call.args)
    if "of" not in given:
        return
    yield Writes((given["of"],))
    if given.get("if") == "/dev/null" or given.get("count") == "0":
        yield Empties((given["of"],))
    elif "if" in given:
        yield Copies(given["if"], given["of"])
    else:
        yield Saves(given["of"], call.stdin or UNKNOWN)


def _sed(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "efl", ("expression", "file", "line-length"))
    scripts = options.all("e", "expression") or options.operands[:1]
    files = (
        options.operands if options.all("e", "expression", "f", "file") else options.operands[1:]
    )
    for script in scripts:
        yield RunsText("sed", typed(script))
    if options.has("i", "in-place"):
        yield Writes(tuple(files))
        if not options.has("n") and any(
            _DELETES_EVERYTHING.fullmatch(typed(one)) for one in scripts
        ):
            yield Empties(tuple(files))


def _output_option(letters: str, *names: str) -> Rule:
    """A rule for programs with an option that names the file they write."""

    def rule(call: Call) -> Iterator[Effect]:
        options = parse(call.args, letters, names)
        yield Writes(tuple(path for path in options.all(*letters, *names) if path != "-"))

    return rule


def _sort(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "oktST", ("output", "compress-program", "key"))
    yield Writes(tuple(options.all("o", "output")))
    for program in options.all("compress-program"):
        yield from compresses(program)


def _split(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "abClnt", ("filter", "bytes", "lines"))
    for text in options.all("filter"):
        yield RunsText("bash", text)
    yield Writes(tuple(options.operands[1:2]))


def _second_operand(call: Call) -> Iterator[Effect]:
    yield Writes(tuple(parse(call.args, "fsw").operands[1:2]))


def _in_place(call: Call) -> Iterator[Effect]:
    yield Writes(tuple(parse(call.args).operands))


def _patch(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "pidoBzFDrVgx", ("strip", "input", "directory", "output"))
    if not options.has("dry-run", "C", "check"):
        yield Writes((*options.operands[:1], *options.all("d", "directory", "o", "output")))


RULES: dict[str, Rule] = {
    **named("cp gcp install ginstall ditto", _copy),
    **named("mv gmv", _move),
    **named("ln gln link", _link),
    **named("touch mkdir mkfifo fallocate", _make),
    "mknod": _mknod,
    **named("tee gtee sponge", _tee),
    **named("dd dcfldd dc3dd", _dd),
    **named("sed gsed", _sed),
    **named("sort gsort", _sort),
    "shuf": _output_option("o", "output"),
    "openssl": _output_option("", "out"),
    "pandoc": _output_option("o", "output"),
    "split": _split,
    "uniq": _second_operand,
    **named("dos2unix unix2dos chattr-copy", _in_place),
    "patch": _patch,
}
"""Creating and changing files, by program."""
