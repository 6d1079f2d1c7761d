"""Python calls that run other programs or code."""

import ast
import re
from collections.abc import Callable, Iterator

from policy.code.python_files import argument
from policy.code.python_names import Names
from policy.effects import (
    Category,
    Effect,
    Finding,
    RunsCommand,
    RunsFile,
    RunsInput,
    RunsText,
    Sets,
)
from policy.shell.marks import HOLE, is_known
from policy.vocabulary import named

Reader = Callable[[ast.Call, Names], Iterator[Effect]]

_OPENS_FILE = re.compile(r"(?<![\w.])(?:io\.|codecs\.)?open\(|\.read_text\(")


def unreadable() -> Finding:
    """Code that only running would show."""
    return Finding(Category.CODE, "run code that cannot be read beforehand")


def _shell(node: ast.Call, names: Names) -> Iterator[Effect]:
    """`os.system(text)`, `subprocess.run(words or text)`."""
    command = argument(node, 0, "args", "cmd", "command")
    value = names.constants.value(command) if command is not None else None
    if isinstance(value, list):
        yield from _words(value, node, names)
    elif _is_output(command):
        yield unreadable()
    elif value is not None and (is_known(value) or value.strip(f"{HOLE} ")):
        yield RunsText("bash", value)
    else:
        yield from _every_command(names)


def _is_output(command: ast.expr | None) -> bool:
    """Tell whether a command is what something else answered: `os.popen(...).read()`."""
    if isinstance(command, ast.Call):
        command = command.func
    return isinstance(command, ast.Attribute) and command.attr in (
        "read", "text", "content", "stdout", "readline", "decode", "recv", "json",
    )  # fmt: skip


def _words(words: list[str], node: ast.Call, names: Names) -> Iterator[Effect]:
    executable = argument(node, 99, "executable")
    if executable is not None:
        words = [names.constants.text(executable) or HOLE, *words[1:]]
    if words and is_known(words[0]) and words[0]:
        yield RunsCommand(tuple(words))
    elif words:
        yield RunsCommand(("python3", *words[1:]))
        if len(words) == 1:
            yield from _every_command(names)


def _every_command(names: Names) -> Iterator[Effect]:
    """A command that is put together elsewhere: every text that may become it is read."""
    for node in (*names.constants.names.values(), *names.passed):
        value = names.constants.value(node)
        if isinstance(value, list) and value and is_known(value[0]) and value[0]:
            yield RunsCommand(tuple(value))
        elif isinstance(value, str) and " " in value and "\n" not in value and len(value) < 500:
            yield RunsText("bash", value)


def _executes(node: ast.Call, names: Names) -> Iterator[Effect]:
    """`os.execvp(file, words)`, `os.spawnlp(mode, file, *words)`."""
    values: list[str] = []
    for arg in node.args:
        value = names.constants.value(arg)
        values += value if isinstance(value, list) else [value] if value is not None else [HOLE]
    dotted = names.dotted(node.func) or ""
    words = values[2:] if dotted.startswith("os.spawn") else values[1:]
    if words and is_known(words[0]):
        yield RunsCommand(tuple(words))


def _process(node: ast.Call, names: Names) -> Iterator[Effect]:
    """`asyncio.create_subprocess_exec(*words)`, `pexpect.spawn(text)`, `sh.Command(name)`."""
    words = [names.constants.text(arg) or HOLE for arg in node.args]
    if len(words) == 1:
        yield RunsText("bash", words[0])
    elif words:
        yield RunsCommand(tuple(words))


def _evaluates(node: ast.Call, names: Names) -> Iterator[Effect]:
    """`exec(text)`, `eval(text)`."""
    if not node.args:
        return
    code = node.args[0]
    source = ast.unparse(code)
    if "stdin" in source or "input(" in source:
        yield RunsInput("python")
        return
    value = names.constants.text(code)
    if isinstance(code, ast.Call) and names.dotted(code.func) == "compile" and code.args:
        value, source = names.constants.text(code.args[0]), ast.unparse(code.args[0])
    if value is not None and is_known(value):
        yield RunsText("python", value)
    elif not _OPENS_FILE.search(source):
        yield unreadable()


def _runs_path(node: ast.Call, names: Names) -> Iterator[Effect]:
    yield RunsFile(names.constants.text(node.args[0]) or HOLE if node.args else HOLE, "python")


def _sets(node: ast.Call, names: Names) -> Iterator[Effect]:
    values = [names.constants.text(arg) or HOLE for arg in node.args]
    if len(values) == 2:
        yield Sets(values[0], values[1])


RUN_CALLS: dict[str, Reader] = {
    **named(
        "os.system os.popen subprocess.run subprocess.call subprocess.check_call "
        "subprocess.check_output subprocess.Popen subprocess.getoutput "
        "subprocess.getstatusoutput commands.getoutput commands.getstatusoutput "
        "asyncio.create_subprocess_shell posix.system platform.popen os.popen2 "
        "os.popen3 popen2.popen2 anyio.run_process trio.run_process invoke.run "
        "fabric.local delegator.run distutils.spawn.spawn pty.spawn",
        _shell,
    ),
    **dict.fromkeys(
        tuple(f"os.exec{suffix}" for suffix in ("v", "ve", "vp", "vpe", "l", "le", "lp", "lpe"))
        + tuple(f"os.spawn{suffix}" for suffix in ("v", "ve", "vp", "vpe", "l", "le", "lp", "lpe"))
        + ("os.posix_spawn", "os.posix_spawnp"),
        _executes,
    ),
    **named("asyncio.create_subprocess_exec pexpect.spawn pexpect.run sh.Command", _process),
    **named(
        "exec eval builtins.exec builtins.eval __builtins__.exec __builtins__.eval "
        "timeit.timeit runpy.run_code",
        _evaluates,
    ),
    **named("runpy.run_path execfile", _runs_path),
    **named("os.putenv os.environ.setdefault", _sets),
}
"""Functions that run something, by dotted name."""
