"""Programs that run another program: `env`, `timeout`, `nohup`, `uv run`, ..."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from policy.calls import Call, Rule
from policy.effects import Effect, RunsCommand, RunsText, Sets
from policy.shell.marks import is_hole, quoted
from policy.shell.options import parse
from policy.vocabulary import named, words_of

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


@dataclass(frozen=True)
class Wrapper:
    """How one wrapper's words are read before the command begins.

    `valued` and `long_valued` are options with a value; `skipped` operands come before the
    command; `after` words must open the command line, such as `run` of `uv run`.
    """

    valued: str = ""
    long_valued: tuple[str, ...] = ()
    skipped: int = 0
    after: tuple[str, ...] = ()

    def __call__(self, call: Call) -> Iterator[Effect]:
        """Yield the command that is run."""
        args = call.args
        if self.after:
            index = next((i for i, word in enumerate(args) if word in self.after), None)
            if index is None:
                return
            args = args[index + 1 :]
        operands = parse(args, self.valued, self.long_valued, stop=True).operands
        rest = operands[self.skipped :]
        while rest and _ASSIGNMENT.match(rest[0]):
            name, _, value = rest.pop(0).partition("=")
            yield Sets(name, value)
        if rest:
            yield RunsCommand(tuple(rest))
        if "--" in rest:
            yield RunsCommand(tuple(rest[rest.index("--") + 1 :]))


def _env(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "uCSP", ("unset", "chdir", "split-string"), stop=True)
    for text in options.all("S", "split-string"):
        yield RunsText("bash", " ".join((text, *map(quoted, options.operands))))
        return
    words = tuple(word for word in call.words if word != "-")
    while len(words) > 2 and is_hole(words[1]):  # `env $(cat .env) program`
        words = (words[0], *words[2:])
    yield from Wrapper("uCSP", ("unset", "chdir", "split-string"))(replace(call, words=words))


def _command(call: Call) -> Iterator[Effect]:
    if not parse(call.args, stop=True).has("v", "V"):
        yield from Wrapper()(call)


def _exec(call: Call) -> Iterator[Effect]:
    yield from Wrapper("a")(call)


def _busybox(call: Call) -> Iterator[Effect]:
    if call.args:
        yield RunsCommand(call.args)


def _coreutils(call: Call) -> Iterator[Effect]:
    for index, word in enumerate(call.args):
        if word.startswith("--coreutils-prog="):
            yield RunsCommand((word.partition("=")[2], *call.args[index + 1 :]))


def _npx(call: Call) -> Iterator[Effect]:
    options = parse(call.args, "pc", ("package", "call", "from", "with", "python"), stop=True)
    for text in options.all("c", "call"):
        yield RunsText("bash", text)
    if options.operands and not options.has("c", "call"):
        first, *rest = options.operands
        name = first.lstrip("@").partition("@")[0]
        yield RunsCommand((name.rpartition("/")[2] if first.startswith("@") else name, *rest))


def _runner(*verbs: str, valued: str = "", long_valued: tuple[str, ...] = ()) -> Rule:
    """A rule for tools of which one verb runs a program: `poetry run`, `bundle exec`."""
    return Wrapper(valued, long_valued, after=verbs)


_MANAGER_VERBS = frozenset(
    words_of(
        "add install i ci remove rm uninstall un unlink link publish cache config init create run "
        "exec x dlx test t start stop build why list ls info outdated audit up upgrade update "
        "version versions pack login logout import dedupe workspaces workspace plugin policies "
        "set get unplug rebuild prune store patch fetch root bin help global owner tag team deploy "
        "server env setup self-update completion licenses recursive m approve-builds"
    )
)


def _npm(call: Call) -> Iterator[Effect]:
    if call.args[:1] in (("exec",), ("x",), ("dlx",)):
        yield from _npx(replace(call, program="npx", words=call.words[1:]))
        return
    operands = parse(call.args, "C", ("cwd", "filter", "dir", "prefix"), stop=True).operands
    if operands[:1] == ["explore"]:
        yield from Wrapper(after=("--",))(call)
    if call.program == "npm" or not operands:
        return
    if operands[0] in ("run", "workspace"):
        operands = operands[1:]
    if operands and operands[0] not in _MANAGER_VERBS:
        yield RunsCommand(tuple(operands))


def _logs(call: Call) -> Iterator[Effect]:
    """`logsave FILE COMMAND` and other programs that first name a file."""
    yield from Wrapper(skipped=1)(call)


_UV = words_of(
    "with python project directory extra group env-file package index-url "
    "with-requirements with-editable index refresh-package no-group"
)


_CONDA = ("name", "prefix", "cwd")


RULES: dict[str, Rule] = {
    "env": _env,
    "genv": _env,
    "command": _command,
    "builtin": Wrapper(),
    "exec": _exec,
    **named(
        "nohup setsid setarch linux32 linux64 catchsegv chronic unbuffer dbus-run-session torsocks "
        "torify eatmydata tsocks rlwrap winpty wine sem cross-env cross-env-shell dotenvx ifne "
        "annotate-output systemd-inhibit ssh-agent multitime shx dumb-init catatonit memusage grc "
        "i386 x86_64 uname26 ppexec doit pexec openvt wsl env-cmd zx-run",
        Wrapper(),
    ),
    "stdbuf": Wrapper("ioe", ("input", "output", "error")),
    "xvfb-run": Wrapper("enfspw", ("server-num", "server-args", "auth-file")),
    "cpulimit": Wrapper("lpe", ("limit", "pid", "exe")),
    "choom": Wrapper("np", ("adjust", "pid")),
    "cgexec": Wrapper("g"),
    "prlimit": Wrapper("op", ("output", "pid")),
    "softlimit": Wrapper("macdfloprst"),
    "tini": Wrapper("pe"),
    "systemd-cat": Wrapper("tp", ("identifier", "priority")),
    "caffeinate": Wrapper("tw"),
    "fakeroot": Wrapper("lsib"),
    **named("proxychains proxychains4", Wrapper("f")),
    "xdotool": Wrapper(after=("exec",)),
    "onchange": Wrapper(after=("--",)),
    "tox": Wrapper(after=("--",)),
    "cabal": Wrapper(after=("exec",)),
    "time": Wrapper("fo", ("format", "output")),
    "gtime": Wrapper("fo", ("format", "output")),
    **named("timeout gtimeout", Wrapper("ks", ("kill-after", "signal"), 1)),
    "nice": Wrapper("n", ("adjustment",)),
    "ionice": Wrapper("cnpPu", ("class", "classdata")),
    "chrt": Wrapper("TPDp", (), 1),
    "taskset": Wrapper("", (), 1),
    "numactl": Wrapper("NCimp", ("cpunodebind", "physcpubind", "membind", "interleave")),
    **named("strace ltrace dtruss truss", Wrapper("eoEPpsSuIabOXU", ("output", "trace", "env"))),
    "valgrind": Wrapper(),
    "rr": _runner("record"),
    "perf": _runner("record", "stat", "trace", valued="eoFpCr"),
    "entr": Wrapper(),
    "logsave": _logs,
    **named("busybox toybox", _busybox),
    "coreutils": _coreutils,
    **named(
        "ld.so ld-linux.so ld-linux-x86-64.so.2 ld-linux-aarch64.so.1 "
        "ld-musl-x86_64.so.1 ld-linux.so.2 ld-linux-x86-64.so",
        Wrapper("", ("library-path", "preload", "argv0", "audit")),
    ),
    **named("npx bunx pnpx uvx", _npx),
    **named("npm pnpm yarn", _npm),
    "uv": _runner("run", "x", valued="ip", long_valued=_UV),
    "bun": _runner("x", "exec"),
    **named("poetry pipenv pipx pdm rye hatch pixi", _runner("run")),
    **named("conda mamba micromamba", _runner("run", valued="np", long_valued=_CONDA)),
    **named(
        "bundle rbenv pyenv nodenv asdf mise fnm volta", _runner("exec", "x", "run", valued="")
    ),
    "direnv": Wrapper(skipped=1, after=("exec",)),
    "nvm": Wrapper(skipped=1, after=("exec", "run")),
    "rustup": Wrapper(skipped=1, after=("run",)),
    "nix": _runner("-c", "--command", "--"),
    "devbox": _runner("run"),
}
"""Wrappers by name."""
