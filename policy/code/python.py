"""Effects of Python code, read from its syntax tree."""

import ast
import warnings
from collections.abc import Callable, Iterator

from policy.code.python_files import FILE_CALLS, path_effects
from policy.code.python_names import Names
from policy.code.python_running import RUN_CALLS, unreadable
from policy.code.python_services import METHOD_CALLS, SERVICE_CALLS
from policy.code.scripts import python_text
from policy.effects import Category, Deletes, Effect, Finding, Kills
from policy.shell.marks import HOLE, UNKNOWN
from policy.vocabulary import named

Reader = Callable[[ast.Call, Names], Iterator[Effect]]

_MARKS = str.maketrans(dict.fromkeys(UNKNOWN, "_"))
_MENTIONED: dict[str, Effect] = {
    **named(
        "os.remove os.unlink os.rmdir os.removedirs shutil.rmtree send2trash.send2trash "
        "posix.unlink posix.remove nt.remove pathlib.Path.unlink pathlib.Path.rmdir "
        "posix.rmdir aiofiles.os.remove aioshutil.rmtree path.Path.remove "
        "distutils.dir_util.remove_tree setuptools._distutils.dir_util.remove_tree "
        "anyio.Path.unlink fs.removetree",
        Deletes((), recursive=False),
    ),
    **named(
        "os.chmod os.chown os.lchmod os.fchmod os.lchown os.fchown shutil.chown "
        "posix.chmod os.setxattr os.removexattr",
        Finding(Category.PERMISSIONS, "change file permissions"),
    ),
    **named("os.kill os.killpg signal.pidfd_send_signal posix.kill", Kills()),
    **named(
        "os.setuid os.setgid os.seteuid os.setreuid os.setresuid os.chroot os.unshare os.setns",
        Finding(Category.PRIVILEGE, "act with another user's rights"),
    ),
}


def python(text: str) -> Iterator[Effect]:
    """Effects of Python code; what is no Python 3 is searched as text."""
    tree = _parsed(text.translate(_MARKS))
    if tree is None:
        yield from python_text(text)
        return
    nodes = _nodes(tree)
    names = Names()
    names.learn(nodes)
    for node in nodes:
        if isinstance(node, ast.Call):
            yield from _call(node, names)
        elif isinstance(node, ast.Name | ast.Attribute):
            yield from _mention(node, names)
        elif isinstance(node, ast.With | ast.Expr):
            yield from path_effects(node, names)


def _nodes(tree: ast.AST) -> list[ast.AST]:
    """Every node but contexts and operators: `ast.walk`, in half the time."""
    found: list[ast.AST] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        found.append(node)
        for name in reversed(node._fields):
            value = getattr(node, name, None)
            if isinstance(value, list):
                waiting.extend(one for one in reversed(value) if isinstance(one, ast.AST))
            elif isinstance(value, ast.AST) and name not in ("ctx", "op"):
                waiting.append(value)
    return found


def _parsed(text: str) -> ast.Module | None:
    """Syntax tree; IPython's `!` and `%` lines and indented snippets are accepted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _mention(node: ast.Name | ast.Attribute, names: Names) -> Iterator[Effect]:
    """A function of this kind that is passed on, as in `map(os.remove, ...)`."""
    dotted = names.dotted(node)
    if dotted in _MENTIONED and isinstance(node.ctx, ast.Load):
        effect = _MENTIONED[dotted]
        if not isinstance(effect, Deletes) or id(node) not in names.called:
            yield effect


def _call(node: ast.Call, names: Names) -> Iterator[Effect]:
    dotted = names.dotted(node.func) or ""
    names.called.add(id(node.func))
    for table in (FILE_CALLS, RUN_CALLS, SERVICE_CALLS):
        if dotted in table:
            yield from table[dotted](node, names)
            return
    if dotted.startswith(("os.", "builtins.", "shutil.", "subprocess.")) and HOLE in dotted:
        yield unreadable()
    method = node.func.attr if isinstance(node.func, ast.Attribute) else dotted.rpartition(".")[2]
    if method in METHOD_CALLS:
        yield from METHOD_CALLS[method](node, names)
    elif dotted in _MENTIONED:
        yield _MENTIONED[dotted]
