"""The way from the user's repository into a workspace, and back as a branch.

The workspace gets a clone of its own, with nothing in it that leads back. The result comes as a
branch; the user's files, index and HEAD stay as they are. Hooks run on neither way.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from workspace.checkpoints import CheckpointStore
from workspace.explained import explained
from workspace.git_program import GitFailed, run_git
from workspace.objects import IDENTITY
from workspace.problems import ProjectUnusable
from workspace.project import Project, unusable
from workspace.result import result_commit
from workspace.wording import counted

_HANDED_BACK = "refs/handed-back"
_FETCHED_HEAD = "refs/tars/head"
_MAX_NAMES = 20
_MAX_NAMED = 5

_ATTRIBUTES = "* -text -eol -ident -filter -working-tree-encoding\n"
"""Files lie there as they are committed, so that only what somebody changes shows as a change."""


def clone_project(project: Path, workspace: Path) -> list[str]:
    """Clone the user's repository with all branches and tags into an empty directory.

    The whole repository is taken, also when `project` is a directory in it. Returns notes on what
    is not in the clone: changes that are not committed, submodules. Raises ProjectUnusable.
    """
    source = Project.at(project)
    try:
        _fetch_all(source, workspace)
        _check_out(source, workspace)
        notes = list(_notes(source, project, workspace))
    except GitFailed as error:
        raise unusable(project, error) from error
    with explained(workspace):
        _give_to_owner(workspace)
    return notes


def hand_back(
    store: CheckpointStore, checkpoint: str, project: Path, branch: str, title: str
) -> str | None:
    """Make a branch in the user's repository that ends with the files of a checkpoint.

    Its history is that of the workspace's own repository, plus one commit called `title` for what
    was not committed there. Returns the name of the branch: `branch`, or one with a number when
    that is somebody else's; None when the project has all of it already. Repeating it is harmless.
    Raises ProjectUnusable.
    """
    commit = result_commit(store.objects, checkpoint, title)
    if commit is None:
        return None
    target = Project.at(project)
    taken = {name: target.commit_of(f"refs/heads/{name}") for name in _names(target, branch)}
    made = [name for name, there in taken.items() if there == commit.hex()]
    if made or target.contains(commit.hex()):
        return made[0] if made else None
    # Noted first, so that a branch made right before a death is known as ours.
    reference = f"{_HANDED_BACK}/{commit.hex()}"
    store.objects.refer(reference, commit)
    free = [name for name, there in taken.items() if there is None or _is_ours(store, there)]
    return _first_made(store, target, reference, free)


def _fetch_all(source: Project, workspace: Path) -> None:
    run_git("init", "--quiet", "--template=", cwd=workspace)
    wanted = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
    if source.commit_of("HEAD"):
        wanted.append(f"+HEAD:{_FETCHED_HEAD}")
    run_git(
        *("-c", "core.logAllRefUpdates=false", "-c", "safe.directory=*"),
        *("fetch", "--quiet", "--no-write-fetch-head", "--update-head-ok", "--update-shallow"),
        *("--no-recurse-submodules", str(source.root), *wanted),
        cwd=workspace,
        configured=True,
    )


def _check_out(source: Project, workspace: Path) -> None:
    for key, value in zip(("user.name", "user.email"), IDENTITY, strict=True):
        run_git("config", key, value, cwd=workspace)
    info = workspace / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text(_ATTRIBUTES)
    # One file instead of one for each branch and tag, all of which every checkpoint looks at.
    run_git("pack-refs", "--all", cwd=workspace)
    branch = source.git("symbolic-ref", "--quiet", "HEAD")
    if branch:
        run_git("symbolic-ref", "HEAD", branch, cwd=workspace)
    if source.commit_of("HEAD"):
        if not branch:
            run_git("update-ref", "--no-deref", "HEAD", _FETCHED_HEAD, cwd=workspace)
        run_git("update-ref", "-d", _FETCHED_HEAD, cwd=workspace)
        run_git("reset", "--quiet", "--hard", cwd=workspace)


def _notes(source: Project, project: Path, workspace: Path) -> Iterator[str]:
    if not source.is_bare and not project.samefile(source.root):
        yield f"{project} is a part of the repository {source.root}, which was taken as a whole."
    if not source.is_bare:
        status = ("status", "--porcelain", "--ignore-submodules=dirty")
        changes = source.git("--no-optional-locks", *status) or ""
        if changes:
            number = counted(len(changes.splitlines()), "change")
            yield f"Not part of the task, because not committed: {number} in {source.root}."
    staged = run_git("ls-files", "--stage", "-z", cwd=workspace).decode("utf-8", "replace")
    submodules = [row.partition("\t")[2] for row in staged.split("\0") if row[:6] == "160000"]
    if submodules:
        yield f"Submodules are empty in the workspace: {', '.join(submodules[:_MAX_NAMED])}."


def _give_to_owner(workspace: Path) -> None:
    """Let the files belong to the user that commands run as, where a root worker has set one."""
    owner = workspace.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        for directory, directories, files in os.walk(workspace):
            for name in (*directories, *files):
                os.chown(Path(directory, name), owner.st_uid, owner.st_gid, follow_symlinks=False)


def _names(target: Project, branch: str) -> Iterator[str]:
    # A branch called `tars` would leave no room for `tars/...`.
    parent = branch.rpartition("/")[0]
    name = (
        branch.replace("/", "-") if parent and target.commit_of(f"refs/heads/{parent}") else branch
    )
    yield name
    yield from (f"{name}-{number}" for number in range(2, _MAX_NAMES + 1))


def _is_ours(store: CheckpointStore, commit: str) -> bool:
    return store.objects.repository.references.get(f"{_HANDED_BACK}/{commit}") is not None


def _first_made(store: CheckpointStore, target: Project, reference: str, names: list[str]) -> str:
    problem: Exception = ProjectUnusable("all names for the branch are taken")
    for name in names:
        try:
            run_git(
                # The objects were made by commands: none may trick the user's git.
                *("-c", "fetch.fsckObjects=true"),
                *("fetch", "--quiet", "--no-write-fetch-head", "--no-tags", "--no-prune"),
                *("--no-recurse-submodules", str(store.objects.git_dir.resolve())),
                f"+{reference}:refs/heads/{name}",
                cwd=target.root,
                configured=True,
            )
        except GitFailed as error:
            # The branch may be checked out just now: then a new one is made.
            problem = error
        else:
            return name
    raise unusable(target.root, problem)
