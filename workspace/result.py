"""The commit that ends a task's work on a project: its history, and what was never committed."""

from collections.abc import Iterator

from workspace.capture import WORKSPACE, left_out_of
from workspace.head import last_head
from workspace.objects import Objects
from workspace.trees import GITLINK, MAX_DEPTH, TREE, Entry, Tree


def result_commit(objects: Objects, checkpoint: str, title: str) -> bytes | None:
    """Return the commit whose files are those of a checkpoint; None when there are none at all.

    That is what was checked out in the workspace, or one more commit on top of it. Made again, it
    is the same.
    """
    head = last_head(objects, checkpoint)
    made = objects.read_commit(checkpoint)
    committed = objects.read_commit(head.hex()).tree if head else None
    files = _files(objects, objects.tree(made.tree), objects.tree(committed) if committed else {})
    tree = objects.write_tree(files)
    if tree == committed or (head is None and not files):
        return head
    message = f"{title.strip() or 'Work of TARS'}\n"
    return objects.write_commit(tree, [head] if head else [], message, made.at_seconds)


def _files(objects: Objects, root: Tree, committed: Tree) -> Tree:
    """Files of a checkpoint, and from the last commit what a checkpoint does not hold."""
    missing: dict[str, Entry | None] = dict(_submodules(objects, committed, ""))
    for path in left_out_of(objects, root):
        if entry := objects.find(committed, path):
            missing[path] = entry
    return objects.changed(objects.subtree(root, WORKSPACE), missing)


def _submodules(objects: Objects, tree: Tree, prefix: str) -> Iterator[tuple[str, Entry]]:
    for name, entry in tree.items():
        if entry.mode == GITLINK:
            yield prefix + name, entry
        elif entry.mode == TREE and prefix.count("/") < MAX_DEPTH:
            yield from _submodules(objects, objects.tree(entry.oid), f"{prefix}{name}/")
