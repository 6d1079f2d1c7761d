"""What the files of a workspace's `.git` refer to, so that a checkpoint keeps it.

In a checkpoint `git/objects/` stands in place of the object directories:

- `commits`: a commit whose parents are all commits named in those files. It is also a parent of
  the checkpoint, so that whoever keeps or pushes the checkpoint keeps and pushes them;
- `index`: the staged files as a tree;
- `<id>`: other blobs and trees; `<id>.tag`: annotated tags, to which no tree can refer.
"""

import re

from pygit2.enums import ObjectType

from workspace.index_file import UnreadableIndex, staged
from workspace.intake import Intake, links
from workspace.loose import RawObject
from workspace.objects import Objects
from workspace.trees import (
    EMPTY_TREE,
    FILE,
    GITLINK,
    LINK,
    MAX_DEPTH,
    TREE,
    Entry,
    Listing,
    Tree,
    flattened,
    nested,
)

COMMITS, INDEX, TAG_SUFFIX = "commits", "index", ".tag"

_ID = re.compile(rb"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")
_NO_ID = bytes(20)
_REFERENCES = re.compile(r"HEAD|packed-refs|refs/.*", re.DOTALL)


class GitLinks:
    """Collects what is referred to, as the entries of `git/objects/`.

    `lost` names the references whose objects are missing, damaged or too large.
    """

    def __init__(self, objects: Objects, intake: Intake) -> None:
        self._objects, self._intake = objects, intake
        self._commits: set[bytes] = set()
        self._tree: Tree = {}
        self.lost: set[str] = set()

    def collect(self, listing: Listing) -> Tree:
        """Keep all that the files of a `.git` refer to and return the entries."""
        for path, entry in flattened(listing):
            if path == INDEX:
                self._add_index(self._objects.read(entry.oid))
            elif entry.mode != LINK and not path.startswith("hooks/"):
                self._add_named(path, self._objects.read(entry.oid))
        if self._commits:
            message = "Commits of the workspace's own repository\n"
            gathered = self._objects.write_commit(EMPTY_TREE, sorted(self._commits), message, 0)
            self._tree[COMMITS] = Entry(GITLINK, gathered)
        return self._tree

    def _add_named(self, path: str, content: bytes) -> None:
        for name in set(_ID.findall(content)):
            oid = bytes.fromhex(name.decode())
            if oid != _NO_ID and not self._add(oid) and _REFERENCES.fullmatch(path):
                self.lost.add(path)

    def _add(self, oid: bytes) -> bool:
        if not self._intake.keep(oid):
            return False
        kind, _ = self._objects.header(oid)
        if kind == ObjectType.COMMIT:
            self._commits.add(oid)
        elif kind == ObjectType.TAG:
            content = self._objects.read(oid)
            blob = self._objects.write(ObjectType.BLOB, content)
            self._tree[oid.hex() + TAG_SUFFIX] = Entry(FILE, blob)
            return all(self._add(link.oid) for link in links(RawObject(kind, content)))
        else:
            self._tree[oid.hex()] = Entry(TREE if kind == ObjectType.TREE else FILE, oid)
        return True

    def _add_index(self, index: bytes) -> None:
        try:
            entries = staged(index)
        except UnreadableIndex:
            return
        present = [
            found
            for found in entries
            if found.entry.mode != GITLINK
            and found.path.count("/") < MAX_DEPTH
            and self._intake.keep(found.entry.oid)
        ]
        files = {found.path: found.entry for found in present if not found.stage}
        self._tree[INDEX] = Entry(TREE, self._objects.write_listing(nested(files)))
        for found in present:
            if found.stage:
                self._add(found.entry.oid)
