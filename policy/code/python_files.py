"""Python calls that delete, write, empty or read files."""

import ast
from collections.abc import Callable, Iterator

from policy.code.python_names import Names
from policy.effects import ChangesMode, Deletes, Effect, Empties, Reads, Writes
from policy.shell.marks import HOLE
from policy.vocabulary import named

Reader = Callable[[ast.Call, Names], Iterator[Effect]]

_HOME = "/home/user"


def path_of(node: ast.AST | None, names: Names) -> str:
    """Path that an expression names; a hole when it is not known. `~` is the home."""
    text = names.constants.text(node) if node is not None else None
    if text is None:
        return HOLE
    return _HOME + text[1:] if text.startswith("~") else text


def argument(node: ast.Call, index: int, *keywords: str) -> ast.expr | None:
    """An argument by position or keyword."""
    for keyword in node.keywords:
        if keyword.arg in keywords:
            return keyword.value
    return node.args[index] if len(node.args) > index else None


def _deletes(*, recursive: bool) -> Reader:
    def read(node: ast.Call, names: Names) -> Iterator[Effect]:
        yield Deletes((path_of(argument(node, 0, "path"), names),), recursive)

    return read


def _writes(*positions: int) -> Reader:
    def read(node: ast.Call, names: Names) -> Iterator[Effect]:
        for position in positions:
            yield Writes((path_of(argument(node, position, "dst" if position else "src"), names),))

    return read


def _renames(node: ast.Call, names: Names) -> Iterator[Effect]:
    paths = tuple(path_of(argument(node, position), names) for position in (0, 1))
    yield Deletes(paths[:1]) if paths[1] == "/dev/null" else Writes(paths)


def _chmod(node: ast.Call, names: Names) -> Iterator[Effect]:
    mode = argument(node, 1, "mode")
    octal = (
        oct(mode.value)[2:]
        if isinstance(mode, ast.Constant) and isinstance(mode.value, int)
        else "s"
    )
    yield ChangesMode((path_of(argument(node, 0, "path"), names),), octal)


def _open(node: ast.Call, names: Names) -> Iterator[Effect]:
    path = path_of(argument(node, 0, "file"), names)
    mode = names.constants.text(argument(node, 1, "mode") or ast.Constant("r")) or "r"
    if path.isdigit():
        return
    if set(mode) & set("wax+"):
        yield Writes((path,))
    else:
        yield Reads((path,))


def _truncate(node: ast.Call, names: Names) -> Iterator[Effect]:
    length = argument(node, 1, "length")
    if isinstance(length, ast.Constant) and length.value == 0:
        yield Empties((path_of(argument(node, 0, "path"), names),))


def path_effects(node: ast.With | ast.Expr, names: Names) -> Iterator[Effect]:
    """`open(f, "w").close()`, `open(f, "w")` and `with open(f, "w"): pass` empty a file."""
    opened: ast.expr | None = None
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=inner, attr="close"))):
            opened = inner
        case ast.Expr(value=ast.Call() as inner):
            opened = inner
        case ast.With(items=[ast.withitem(context_expr=inner)], body=[ast.Pass()]):
            opened = inner
    if isinstance(opened, ast.Call) and names.dotted(opened.func) in ("open", "io.open"):
        mode = names.constants.text(argument(opened, 1, "mode") or ast.Constant("r")) or "r"
        if mode.startswith("w"):
            yield Empties((path_of(argument(opened, 0, "file"), names),))


FILE_CALLS: dict[str, Reader] = {
    **named(
        "os.remove os.unlink os.rmdir os.removedirs posix.unlink posix.remove "
        "send2trash.send2trash aiofiles.os.remove posix.rmdir nt.remove",
        _deletes(recursive=False),
    ),
    **named(
        "shutil.rmtree distutils.dir_util.remove_tree aioshutil.rmtree", _deletes(recursive=True)
    ),
    **named("os.chmod os.lchmod posix.chmod", _chmod),
    **named("open io.open codecs.open builtins.open aiofiles.open", _open),
    **named(
        "shutil.copy shutil.copy2 shutil.copyfile shutil.copytree os.symlink os.link", _writes(1)
    ),
    **named("shutil.move os.rename os.replace os.renames", _renames),
    **named("os.mkdir os.makedirs os.mkfifo os.mknod", _writes(0)),
    "os.truncate": _truncate,
    "os.ftruncate": _truncate,
}
"""File functions by dotted name."""
