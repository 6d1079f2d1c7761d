"""Shells and interpreters: code in their options, on their input, and in files."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from policy.calls import Call, Rule
from policy.effects import Category, Effect, Finding, RunsCommand, RunsFile, RunsInput, RunsText
from policy.shell.options import parse
from policy.shell.paths import name_of
from policy.vocabulary import named


@dataclass
class _ShellWords:
    """Options of a shell, and the words behind them."""

    words: list[str]
    text_follows: bool = False
    reads_input: bool = False
    only_informs: bool = False
    start_files: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        while self.words and self.words[0][:1] in ("-", "+") and len(self.words[0]) > 1:
            option = self.words.pop(0)
            if option == "--":
                break
            self._option(option)

    def _option(self, option: str) -> None:
        if option in ("--rcfile", "--init-file"):
            self.start_files.append(self._next())
        elif option.startswith("--"):
            self.only_informs |= option in ("--help", "--version")
        else:
            self.text_follows |= "c" in option
            self.reads_input |= "s" in option
            if option[-1] in "oO":
                self._next()

    def _next(self) -> str:
        return self.words.pop(0) if self.words else ""


def _shell(call: Call) -> Iterator[Effect]:
    """`sh -c TEXT`, `sh FILE`, or text on standard input."""
    given = _ShellWords(list(call.args))
    words = given.words
    if given.only_informs:
        return
    for path in given.start_files:
        yield RunsFile(path, "bash")
    if given.text_follows:
        yield RunsText("bash", words[0] if words else "", words=tuple(words[1:]))
    elif given.reads_input or not words or words[0] == "-":
        yield RunsInput("bash", ("bash", *words))
    else:
        yield RunsFile(words[0], "bash", tuple(words[1:]))
        if name_of(words[0]) == "tars":
            yield RunsCommand(tuple(words))


@dataclass(frozen=True)
class Interpreter:
    """An interpreter: options with code, options with a value, options that end the options.

    `code` are options whose value is code; `valued` take another value; `module` names a module
    to run; `loads` name a file to run first; `verbs` may stand before everything.
    """

    language: str
    code: tuple[str, ...]
    valued: tuple[str, ...] = ()
    module: str = ""
    loads: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()

    def __call__(self, call: Call) -> Iterator[Effect]:
        """Yield the code that is run."""
        words = list(call.args)
        if words and words[0] in self.verbs:
            words.pop(0)
        effects: list[Effect] = []
        if self._read_options(words, effects):
            yield from effects
            return
        yield from effects
        if any(isinstance(effect, RunsText) for effect in effects):
            return
        if not words or words[0] == "-":
            yield RunsInput(self.language, tuple(words[1:]))
        else:
            yield RunsFile(words[0], self.language, tuple(words[1:]))
            yield from _remote_script(words[0])

    def _read_options(self, words: list[str], effects: list[Effect]) -> bool:
        """Take options off `words`; tell whether nothing else is run."""
        while words and words[0].startswith("-") and words[0] != "-":
            option = words.pop(0)
            if option == "--":
                return False
            if option in ("--version", "--help", "--check", "-V"):
                return True
            if self.module and option.startswith(self.module):
                effects.append(RunsCommand((option[2:], *words) if option[2:] else tuple(words)))
                return True
            self._option(option, words, effects)
        return False

    def _option(self, option: str, words: list[str], effects: list[Effect]) -> None:
        code = self._code(option, words)
        if code is not None:
            effects.append(RunsText(self.language, code, words=tuple(words)))
        elif option in self.loads and words:
            effects.append(RunsFile(words.pop(0), self.language))
        elif option in self.valued and words:
            words.pop(0)

    def _code(self, option: str, words: list[str]) -> str | None:
        """Code that an option carries, also in a cluster such as `-ne`."""
        for name in self.code:
            if option == name or self._ends_cluster(option, name[1:]):
                return words.pop(0) if words else ""
            if name.startswith("--") and option.startswith(name + "="):
                return option.partition("=")[2]
            attached = option.startswith(name) and self.language in _ATTACHED
            if attached and not name.startswith("--"):
                return option[2:]
        return None

    def _ends_cluster(self, option: str, letter: str) -> bool:
        if option.startswith("--") or len(option) < 3 or self.language not in _CLUSTERED:
            return False
        return option.endswith(letter) and not any(option.startswith(one) for one in self.valued)


_CLUSTERED = frozenset(("python", "perl", "ruby", "javascript", "php"))
_ATTACHED = frozenset(("python", "perl", "ruby", "php", "r", "lua"))


def _remote_script(word: str) -> Iterator[Effect]:
    if word.startswith(("http://", "https://")):
        yield Finding(Category.CODE, "run code from the internet that nobody has read")


def _deno(call: Call) -> Iterator[Effect]:
    if call.args[:1] == ("eval",):
        options = parse(call.args[1:], "c", ("ext",))
        for text in options.operands[:1]:
            yield RunsText("javascript", text)
    elif call.args[:1] == ("run",):
        operands = parse(call.args[1:], "c", ("config",)).operands or ["-"]
        yield RunsFile(operands[0], "javascript", tuple(operands[1:]))
        yield from _remote_script(operands[0])


def _awk(call: Call) -> Iterator[Effect]:
    options = parse(
        call.args, "FvfeiElWb", ("file", "source", "field-separator", "assign", "include")
    )
    for text in options.all("e", "source"):
        yield RunsText("awk", text)
    for path in options.all("f", "file", "E"):
        yield RunsFile(path, "awk")
    if options.operands and not options.has("f", "file", "e", "source", "E"):
        yield RunsText("awk", options.operands[0])


def _rake(call: Call) -> Iterator[Effect]:
    for text in parse(call.args, "eEfprI", ("execute",)).all("e", "E", "execute", "p"):
        yield RunsText("ruby", text)


def _osascript(call: Call) -> Iterator[Effect]:
    for text in parse(call.args, "els").all("e"):
        yield RunsText("applescript", text)


def _powershell(call: Call) -> Iterator[Effect]:
    for index, word in enumerate(call.args):
        lowered = word.lower()
        if lowered in ("-command", "-c", "/c", "/k"):
            yield RunsText("powershell", " ".join(call.args[index + 1 :]))
            return
        if lowered.startswith(("-enc", "-e")) and lowered != "-executionpolicy":
            yield Finding(Category.CODE, "run hidden code")
            return
    if call.program in ("pwsh", "powershell") and not call.args:
        yield RunsInput("powershell")


_PYTHON = Interpreter("python", ("-c",), ("-W", "-X", "--check-hash-based-pycs"), "-m")
_NODE = Interpreter(
    "javascript",
    ("-e", "-p", "-pe", "--eval", "--print"),
    ("--input-type", "-C", "--conditions", "--env-file"),
    "",
    ("-r", "--require", "--import", "--loader", "--experimental-loader"),
    ("run",),
)

RULES: dict[str, Rule] = {
    **named(
        "sh bash dash zsh ksh mksh ash fish csh tcsh rbash yash busybox-sh posh osh "
        "elvish nu xonsh pdksh hush",
        _shell,
    ),
    **named(
        "python python2 python3 pypy pypy3 ipython ipython3 jython micropython bpython "
        "py sage ptpython pythonw",
        _PYTHON,
    ),
    "perl": Interpreter("perl", ("-e", "-E"), ("-I", "-x", "-M", "-m", "-F", "-D", "-C", "-V")),
    **named(
        "ruby jruby irb pry truffleruby mruby", Interpreter("ruby", ("-e",), ("-I", "-r", "-C"))
    ),
    **named(
        "node nodejs tsx ts-node bun coffee qjs d8 electron jsc babel-node "
        "esbuild-runner vite-node jiti",
        _NODE,
    ),
    "deno": _deno,
    **named(
        "php hhvm",
        Interpreter(
            "php", ("-r", "-B", "-R", "-E", "--run"), ("-d", "-c", "-S", "-t"), "", ("-f",)
        ),
    ),
    **named("lua luajit texlua", Interpreter("lua", ("-e",), ("-l",))),
    **named("Rscript R littler", Interpreter("r", ("-e", "--eval"), ("--file", "-f"))),
    "julia": Interpreter("julia", ("-e", "-E", "--eval", "--print"), ("-t", "-p", "--project")),
    **named("tclsh wish jimsh", Interpreter("tcl", ())),
    "expect": Interpreter("tcl", ("-c",), (), "", ("-f",)),
    **named(
        "groovy scala kotlin jshell elixir swift ghc runghc clojure clj bb racket guile "
        "sbcl ocaml erl crystal nim raku io janet gjs xulrunner haxe dart v zx "
        "scala-cli octave octave-cli slsh bpftrace ginsh maxima gnuplot",
        Interpreter("other", ("-e", "-eval", "--eval", "-c", "--execute", "-E")),
    ),
    **named("awk gawk mawk nawk goawk", _awk),
    **named("jjs jrunscript", Interpreter("javascript", ("-e", "-f"))),
    "rake": _rake,
    "latexmk": Interpreter("perl", ("-e",), ("-jobname",)),
    "osascript": _osascript,
    **named("pwsh powershell cmd", _powershell),
}
"""Interpreters by name."""
