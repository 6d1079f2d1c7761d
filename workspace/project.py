"""The user's own repository. It is trusted: git reads its configuration, but runs no hooks."""

from pathlib import Path
from typing import Self

from workspace.git_program import GitFailed, run_git
from workspace.problems import ProjectUnusable

_ADVICE = {
    "not a git repository": "it is no git repository; run `git init` in it and commit first",
    "dubious ownership": (
        "it belongs to another user; run `git config --global --add safe.directory` with its path "
        "as the user of the worker"
    ),
    "work tree": "it is inside of a .git directory; name the directory with the files",
}


class Project:
    """A repository. `root` is the directory of its files, or, if it is bare, its own."""

    def __init__(self, root: Path, *, is_bare: bool) -> None:
        self.root = root
        self.is_bare = is_bare

    @classmethod
    def at(cls, path: Path) -> Self:
        """Find the repository that a directory is, or lies in. Raises ProjectUnusable."""
        try:
            if not path.is_dir():
                raise ProjectUnusable(f"{path} cannot be used: there is no such directory.")
            asked = run_git(
                "rev-parse",
                "--is-bare-repository",
                "--show-object-format",
                "--absolute-git-dir",
                cwd=path,
                configured=True,
            )
            is_bare, object_format, root = asked.decode(errors="surrogateescape").split("\n")[:3]
            if object_format != "sha1":
                text = f"{path} cannot be used: its objects are {object_format}, not sha1."
                raise ProjectUnusable(text)
            if is_bare == "true":
                return cls(Path(root), is_bare=True)
            top = run_git("rev-parse", "--show-toplevel", cwd=path, configured=True)
        except (GitFailed, OSError) as error:
            raise unusable(path, error) from error
        return cls(Path(top.decode(errors="surrogateescape").rstrip("\n")), is_bare=False)

    def git(self, *arguments: str) -> str | None:
        """Run git in it and return what it wrote, or None when it ended with an error."""
        try:
            output = run_git(*arguments, cwd=self.root, configured=True)
        except GitFailed:
            return None
        return output.decode("utf-8", "replace").strip()

    def commit_of(self, name: str) -> str | None:
        """Return the id of the commit that a reference names, or None."""
        return self.git(
            "rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}"
        )

    def contains(self, commit: str) -> bool:
        """Whether a commit is part of a branch, a tag or what is checked out."""
        places = ("refs/heads", "refs/tags", "refs/remotes")
        return (
            bool(self.git("for-each-ref", "--count=1", "--contains", commit, *places))
            or self.git("merge-base", "--is-ancestor", commit, "HEAD") is not None
        )


def unusable(path: Path, error: Exception) -> ProjectUnusable:
    """Say in one sentence why a project cannot be used."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    advice = next((_ADVICE[found] for found in _ADVICE if found in text), text)
    return ProjectUnusable(f"{path} cannot be used: {advice}.")
