"""Git trees as bytes: read, written and changed here, for names in a workspace may be any bytes.

The bindings want UTF-8. Names are decoded as the file system's are (surrogateescape). Format of a
tree: entries of `mode SP name NUL id`, sorted by name, where a directory's name counts as if it
ended in a slash (`base_name_compare` in git's `read-cache.c`).
"""

import os
from collections.abc import Iterator, Mapping
from hashlib import sha1
from typing import NamedTuple, TypeAlias

FILE, EXECUTABLE, LINK = 0o100644, 0o100755, 0o120000
TREE, GITLINK = 0o040000, 0o160000

EMPTY_TREE = bytes.fromhex("4b825dc642cb6eb9a060e54bf8d69288fbee4904")
EMPTY_BLOB = bytes.fromhex("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")

MAX_DEPTH = 128
"""Directories within directories that are kept: it bounds recursion and open descriptors."""

_ID_BYTES = 20


class Entry(NamedTuple):
    """One entry of a tree: its git mode and the raw id of the object."""

    mode: int
    oid: bytes


Tree: TypeAlias = dict[str, Entry]
"""A tree by names."""

Listing: TypeAlias = dict[str, "Entry | Listing"]
"""Files below a directory; a directory in it is a Listing again."""


def object_id(kind: str, data: bytes) -> bytes:
    """Return the raw id git gives to an object of this kind (`blob`, `tree`, ...) and content."""
    return sha1(b"%s %d\0" % (kind.encode(), len(data)) + data, usedforsecurity=False).digest()


def rows(data: bytes) -> Iterator[tuple[str, Entry]]:
    """Read the entries of a tree in their order. Raises ValueError when the bytes are not one."""
    start = 0
    while start < len(data):
        space = data.index(b" ", start)
        end = data.index(b"\0", space) + 1
        mode, name = int(data[start:space], 8), os.fsdecode(data[space + 1 : end - 1])
        start = end + _ID_BYTES
        if not name or start > len(data):
            raise ValueError("an entry of a tree has no name or no id")
        yield name, Entry(mode, data[end:start])


def decoded(data: bytes) -> Tree:
    """Read a tree. Raises ValueError when the bytes are not one."""
    return dict(rows(data))


def encoded(tree: Mapping[str, Entry]) -> bytes:
    """Write a tree."""
    rows = [(os.fsencode(name), entry) for name, entry in tree.items()]
    rows.sort(key=lambda row: row[0] + b"/" if row[1].mode == TREE else row[0])
    return b"".join(b"%o %s\0%s" % (entry.mode, name, entry.oid) for name, entry in rows)


def flattened(listing: Listing, prefix: str = "") -> Iterator[tuple[str, Entry]]:
    """Give every file of a listing with its path."""
    for name, found in listing.items():
        if isinstance(found, Entry):
            yield prefix + name, found
        else:
            yield from flattened(found, f"{prefix}{name}/")


def nested(files: Mapping[str, Entry]) -> Listing:
    """Make a listing of files given by their paths; a path through a file is left out."""
    top: Listing = {}
    for path, entry in files.items():
        *directories, name = path.split("/")
        place: Entry | Listing = top
        for directory in directories:
            place = {} if isinstance(place, Entry) else place.setdefault(directory, {})
        if not isinstance(place, Entry):
            place.setdefault(name, entry)
    return top
