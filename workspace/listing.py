"""The tree of a workspace in as many lines as a conversation can bear."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from models.tools import ListFiles
from workspace.tree import Found, Tree
from workspace.wording import counted, shown, size_words

MAX_LINES = 300


def list_files(root: Path, request: ListFiles) -> str:
    """List files and sizes below a directory; directories for which there is no room are counted.

    Raises FileProblem when the path is no directory of the workspace.
    """
    tree = Tree(root, request.path or ".")
    top = _Directory()
    for found in tree:
        top.add(found)
    _open_breadth_first(top)
    cut = f"\n({tree.cut}: the counts are too low)" if tree.cut else ""
    total = f"{counted(top.files, 'file')}, {size_words(top.size_bytes)}"
    return "\n".join([f"{shown(request.path or '/workspace')}: {total}", *_lines(top, "")]) + cut


class _Directory:
    """What stands in a directory; its lines are shown when it is `opened`."""

    def __init__(self) -> None:
        self.directories: dict[str, _Directory] = {}
        self.labels: list[str] = []
        self.files = 0
        self.size_bytes = 0
        self.opened = False

    def add(self, found: Found) -> None:
        size_bytes = _size_bytes(found)
        directory = self
        for part in found.below.split("/")[:-1]:
            directory.count(found, size_bytes)
            directory = directory.directories.setdefault(part, _Directory())
        directory.count(found, size_bytes)
        directory.labels.append(_label(found, size_bytes))

    def count(self, found: Found, size_bytes: int) -> None:
        self.files += not found.is_closed_directory
        self.size_bytes += size_bytes


def _open_breadth_first(top: _Directory) -> None:
    room = MAX_LINES
    waiting = deque([top])
    while waiting:
        directory = waiting.popleft()
        needed = len(directory.labels) + len(directory.directories)
        if directory is top or needed <= room:
            directory.opened = True
            room -= needed
            waiting.extend(directory.directories.values())


def _lines(directory: _Directory, indent: str) -> Iterator[str]:
    for name, inner in directory.directories.items():
        if inner.opened:
            yield f"{indent}{shown(name)}/"
            yield from _lines(inner, indent + "  ")
        else:
            total = f"{counted(inner.files, 'file')}, {size_words(inner.size_bytes)}"
            yield f"{indent}{shown(name)}/  ({total}; list it to see them)"
    yield from (indent + label for label in directory.labels[:MAX_LINES])
    if len(directory.labels) > MAX_LINES:
        yield f"{indent}... and {counted(len(directory.labels) - MAX_LINES, 'more file')}"


def _size_bytes(found: Found) -> int:
    if not found.entry.is_file(follow_symlinks=False):
        return 0
    try:
        return found.entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0


def _label(found: Found, size_bytes: int) -> str:
    name = shown(found.entry.name)
    if found.entry.is_symlink():
        return f"{name}  (link)"
    if found.is_closed_directory:
        return f"{name}/  (not looked into)"
    if not found.entry.is_file(follow_symlinks=False):
        return f"{name}  (no ordinary file)"
    return f"{name}  {size_words(size_bytes)}"
