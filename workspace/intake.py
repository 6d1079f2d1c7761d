"""Copies objects of a workspace's own `.git` into the task's repository, with all they refer to.

An object is written only after everything it refers to. So whatever is in the task's repository is
complete there, and what cannot be completed (broken, forged, too large) never gets in.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple, Self

from pygit2.enums import ObjectType

from workspace.loose import KINDS, RawObject, read_loose
from workspace.objects import Objects
from workspace.opened import directory_or_none
from workspace.packs import Packs
from workspace.trees import rows
from workspace.whole_file import write_whole

MAX_OBJECTS = 100_000
"""Copied one by one in one go, which takes about half a minute; whole packs do not count."""

_COMMIT = re.compile(rb"tree ([0-9a-f]{40})\n((?:parent [0-9a-f]{40}\n)*)author ")
_TAG = re.compile(rb"object ([0-9a-f]{40})\ntype (blob|tree|commit|tag)\n")
_ID = re.compile(rb"[0-9a-f]{40}")
_TYPE_MASK, _DIRECTORY, _GITLINK = 0o170000, 0o040000, 0o160000


class Link(NamedTuple):
    """What an object refers to: an id, and the type that must be there."""

    oid: bytes
    kind: ObjectType


class Intake:
    """Copies from the `.git` open at `git_fd`, for as long as its `with` block lasts."""

    def __init__(self, objects: Objects, git_fd: int, shallow: bytes = b"") -> None:
        """`shallow` is its file of that name: commits whose parents it does not have."""
        self._objects = objects
        # Without an object directory there is nothing to copy; what came before is there.
        objects_fd = directory_or_none(git_fd, "objects")
        self._packs = None if objects_fd is None else Packs(objects, objects_fd)
        self._shallow = self._noted_shallow(set(_ID.findall(shallow)))
        self._incomplete: set[bytes] = set()
        self._left = MAX_OBJECTS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._packs is not None:
            self._packs.close()

    def keep(self, oid: bytes) -> bool:
        """Copy an object and all it refers to; False when any of it cannot be had."""
        waiting = [oid]
        begun: dict[bytes, tuple[RawObject, list[Link]]] = {}
        while waiting:
            current = waiting[-1]
            if current in self._objects:
                begun.pop(waiting.pop(), None)
                continue
            found = begun.get(current) or self._read(current)
            if found is None and self._packs is not None and self._packs.take():
                continue
            if found is None or (current in begun and not self._write(*found)):
                # Whatever was begun and not written refers to what is missing.
                self._incomplete.update(begun, [current])
                return False
            begun[current] = found
            waiting.extend(link.oid for link in found[1] if link.oid not in self._objects)
        return True

    def _read(self, oid: bytes) -> tuple[RawObject, list[Link]] | None:
        self._left -= 1
        if self._packs is None or oid in self._incomplete or self._left < 0:
            return None
        raw = read_loose(self._packs.objects_fd, oid) or self._packs.read(oid)
        if raw is None:
            return None
        with suppress(ValueError):
            return raw, list(links(raw, with_parents=oid not in self._shallow))
        return None

    def _write(self, raw: RawObject, links: list[Link]) -> bool:
        fits = all(self._objects.header(link.oid)[0] == link.kind for link in links)
        return fits and bool(self._objects.write(raw.kind, raw.content))

    def _noted_shallow(self, ids: set[bytes]) -> set[bytes]:
        """Let git know in the task's repository too which commits have no parents there."""
        new = {name for name in ids if bytes.fromhex(name.decode()) not in self._objects}
        file = self._objects.git_dir / "shallow"
        known = set(file.read_bytes().split()) if file.exists() else set()
        if not new <= known:
            write_whole(file, b"".join(name + b"\n" for name in sorted(known | new)))
        return {bytes.fromhex(name.decode()) for name in ids}


def links(raw: RawObject, *, with_parents: bool = True) -> Iterator[Link]:
    """Everything an object refers to. Raises ValueError when it is malformed."""
    if raw.kind == ObjectType.TREE:
        for _, entry in rows(raw.content):
            kind = entry.mode & _TYPE_MASK
            if kind != _GITLINK:
                is_tree = kind == _DIRECTORY
                yield Link(entry.oid, ObjectType.TREE if is_tree else ObjectType.BLOB)
    elif raw.kind == ObjectType.COMMIT:
        tree, parents = _matched(_COMMIT, raw.content)
        yield Link(bytes.fromhex(tree.decode()), ObjectType.TREE)
        for parent in _ID.findall(parents) if with_parents else ():
            yield Link(bytes.fromhex(parent.decode()), ObjectType.COMMIT)
    elif raw.kind == ObjectType.TAG:
        target, kind_name = _matched(_TAG, raw.content)
        yield Link(bytes.fromhex(target.decode()), KINDS[kind_name])


def _matched(pattern: re.Pattern[bytes], content: bytes) -> tuple[bytes, bytes]:
    found = pattern.match(content)
    if found is None:
        raise ValueError("a commit or tag is malformed")
    return found[1], found[2]
