"""Finds what was checked out in the workspace's own repository, in the files of a checkpoint."""

import os
import re

from pygit2.enums import ObjectType

from workspace.capture import GIT_STATE
from workspace.git_links import COMMITS
from workspace.objects import Objects
from workspace.scan import OBJECTS
from workspace.trees import TREE, Tree

_ID = re.compile(rb"[0-9a-f]{40}")
_REFERENCE = re.compile(rb"ref:\s*(\S+)")
_MAX_LINKS = 5
"""References that refer to each other, as git itself follows them."""


def last_head(objects: Objects, checkpoint: str) -> bytes | None:
    """Return the commit checked out at a checkpoint, or at the latest before that had one.

    None when there never was one: no repository, or one without commits.
    """
    name: str | None = checkpoint
    while name:
        commit = objects.read_commit(name)
        git = objects.subtree(objects.tree(commit.tree), GIT_STATE)
        head = _resolved(objects, git)
        if head:
            return head
        gathered = objects.subtree(git, OBJECTS).get(COMMITS)
        earlier = [oid for oid in commit.parents if gathered is None or oid != gathered.oid]
        name = earlier[0].hex() if earlier else None
    return None


def _resolved(objects: Objects, git: Tree) -> bytes | None:
    reference: bytes = b"HEAD"
    for _ in range(_MAX_LINKS):
        value = _value(objects, git, reference)
        if found := _REFERENCE.fullmatch(value):
            reference = found[1]
        elif _ID.fullmatch(value):
            oid = bytes.fromhex(value.decode())
            return oid if oid in objects and objects.header(oid)[0] == ObjectType.COMMIT else None
    return None


def _value(objects: Objects, git: Tree, reference: bytes) -> bytes:
    entry = objects.find(git, os.fsdecode(reference))
    if entry and entry.mode != TREE:
        return objects.read(entry.oid).strip()
    packed = git.get("packed-refs")
    lines = objects.read(packed.oid).splitlines() if packed else []
    return next((line[:40] for line in lines if line[41:] == reference), b"")
