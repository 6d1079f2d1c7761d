"""Programs that run a command again and again, or as text: `xargs`, `parallel`, `watch`."""

import re
from collections.abc import Iterator

from policy.calls import Call, Rule
from policy.effects import Effect, Kills, RunsCommand, RunsText, Writes
from policy.rules.wrappers import Wrapper
from policy.shell.marks import HOLE, LOCAL, is_known
from policy.shell.options import parse
from policy.shell.streams import SILENCE
from policy.vocabulary import named, words_of

MAX_ITEMS = 20
"""Lines for which one command is read."""

_XARGS_VALUED = words_of(
    "arg-file delimiter replace max-args max-procs max-lines max-chars process-slot-var"
)
_PLACE = re.compile(r"\{[#%/.\d+]*\}")


def _xargs(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "aEdILnPs", _XARGS_VALUED, stop=True)
    command = options.operands
    if not command:
        return
    text = None if options.has("a", "arg-file") or call.stdin is None else call.stdin.text
    text = text and text.replace(LOCAL, HOLE)
    place = (options.all("I", "replace", "i") or [""])[0]
    if not place and options.has("i", "replace"):
        place = "{}"
    if place:
        lines = text.splitlines() if text is not None and is_known(text) else [HOLE]
        for line in lines[:MAX_ITEMS] or [HOLE]:
            words = (word.replace(place, line.strip()) for word in command)
            yield RunsCommand(tuple(words), stdin=SILENCE)
        return
    if text is None or not is_known(text):
        yield RunsCommand(tuple(command), stdin=SILENCE)
    if text is None or not text.strip():
        text = HOLE
    yield RunsCommand((*command, *text.split()), stdin=SILENCE)


def _parallel(call: Call) -> Iterator[Effect]:
    options = parse(
        call.args,
        "jPNSLnICEadw",
        (
            "jobs",
            "colsep",
            "arg-file",
            "joblog",
            "delay",
            "retries",
            "results",
            "timeout",
            "tmpdir",
        ),
        stop=True,
    )
    words = options.operands
    mark = next(
        (i for i, word in enumerate(words) if re.fullmatch(r":::?\+?:?|::::\+?", word)), None
    )
    command = words[:mark] if mark is not None else words
    items = words[mark + 1 :] if mark is not None else _items(call)
    if not command:
        for item in items:
            yield RunsText("bash", item)
        return
    for item in items[:MAX_ITEMS]:
        text = item.join(_PLACE.split(" ".join(command)))
        yield RunsText("bash", text if _PLACE.search(" ".join(command)) else f"{text} {item}")


def _items(call: Call) -> list[str]:
    if call.stdin is None or not is_known(call.stdin.text):
        return [HOLE]
    return call.stdin.text.splitlines() or [HOLE]


def _text_after_options(valued: str = "", *long_valued: str) -> Rule:
    """A rule for programs that hand their words to a shell: `watch`, `hyperfine`."""

    def rule(call: Call) -> Iterator[Effect]:
        options = parse(call.args, valued, long_valued, stop=True)
        if options.operands:
            yield RunsText("bash", " ".join(options.operands))

    return rule


def _each_text(call: Call) -> Iterator[Effect]:
    """Every operand is a command of its own: `hyperfine`, `concurrently`."""
    options = parse(
        call.args,
        "wmrMpncLS",
        ("warmup", "prepare", "setup", "cleanup", "runs", "names", "prefix", "export-json"),
    )
    for text in (*options.operands, *options.all("p", "prepare", "setup", "c", "cleanup")):
        if not text.startswith(("npm:", "yarn:", "pnpm:")):
            yield RunsText("bash", text)


def _option_text(letters: str, *names: str) -> Rule:
    """A rule for programs with an option whose value a shell runs."""

    def rule(call: Call) -> Iterator[Effect]:
        for text in parse(call.args, letters, names).all(*letters, *names):
            yield RunsText("bash", text)

    return rule


def _flock(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "wEc", ("timeout", "conflict-exit-code", "command"), stop=True)
    rest = options.operands[1:]
    if rest[:1] in (["-c"], ["--command"]):
        yield RunsText("bash", " ".join(rest[1:]))
    elif rest:
        yield RunsCommand(tuple(rest))


def _script(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "cEIOBTmto", ("command",))
    for text in options.all("c", "command"):
        yield RunsText("bash", text)
    yield Writes(tuple(options.operands[:1]))


def _starts_daemon(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "xpuagdnrkTs", ("exec", "startas", "pidfile", "user", "chdir"))
    if options.has("K", "stop"):
        yield Kills("stop a service")
    for program in options.all("x", "exec", "a", "startas"):
        yield RunsCommand((program, *options.operands))


def _sandbox(call: Call) -> Iterator[Effect]:
    """A command behind `--`, or the first word that is no option."""
    if "--" in call.args:
        yield RunsCommand(call.args[call.args.index("--") + 1 :])
    else:
        yield from Wrapper()(call)


RULES: dict[str, Rule] = {
    "start-stop-daemon": _starts_daemon,
    "xargs": _xargs,
    "gxargs": _xargs,
    "parallel": _parallel,
    "rush": _parallel,
    "watch": _text_after_options("nd", "interval"),
    "hyperfine": _each_text,
    "concurrently": _each_text,
    "nodemon": _option_text("x", "exec"),
    "watchmedo": _option_text("c", "command"),
    "flock": _flock,
    "script": _script,
    "nix-shell": _option_text("", "run", "command"),
    "watchexec": _sandbox,
    "reflex": _sandbox,
    **named(
        "firejail proot systemd-run op doppler aws-vault dotenv "
        "wait-for-it wait-for-it.sh infisical chamber envchain teller sops-exec "
        "wait-for dockerize",
        _sandbox,
    ),
}
"""Programs that feed commands, by name."""
