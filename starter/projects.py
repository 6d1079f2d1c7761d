"""A person's project: is there a git repository that a task could work on a clone of?"""

import stat
import subprocess
from pathlib import Path

from starter.problems import TaskProblem

GIT_SECONDS = 10


class ProjectUnusable(TaskProblem):
    """No task can work on a clone of this path."""


def find_project(path: Path) -> str:
    """Absolute path of the repository that `path` lies in, bare or not.

    Whose it is does not matter here: whether a task may work on it, the worker's git decides.

    Raises:
        ProjectUnusable: there is none, or git cannot read it.
    """
    directory = path.expanduser().absolute()
    try:
        is_directory = stat.S_ISDIR(directory.stat().st_mode)
    except FileNotFoundError:
        raise ProjectUnusable(f"There is no {directory}: a project is a git repository.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ProjectUnusable(f"{directory} cannot be used: {why}.") from None
    if not is_directory:
        raise ProjectUnusable(f"{directory} is a file: a project is a git repository.")
    if _ask_git(directory, "--is-bare-repository") == "true":
        return _ask_git(directory, "--absolute-git-dir")
    return _ask_git(directory, "--show-toplevel")


def _ask_git(directory: Path, question: str) -> str:
    try:
        answer = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(directory), "rev-parse", question],
            capture_output=True,
            text=True,
            check=False,
            timeout=GIT_SECONDS,
        )
    except FileNotFoundError:
        raise ProjectUnusable("git is missing: install it, or leave --project out.") from None
    except subprocess.TimeoutExpired:
        raise ProjectUnusable(f"git does not answer about {directory}.") from None
    if answer.returncode != 0:
        reason = answer.stderr.strip().splitlines() or ["git says nothing"]
        raise ProjectUnusable(
            f"{directory} is no usable git repository ({reason[0].removeprefix('fatal: ')})."
        )
    return answer.stdout.removesuffix("\n")
