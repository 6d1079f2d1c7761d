"""Turns what the system and git report about a task's directory into problems of this room."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2

from workspace.git_program import GitFailed
from workspace.problems import HostUnusable, WorkspaceLost

_DISK = ("No space left", "Disk quota exceeded")


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """Raise WorkspaceLost for damaged checkpoints and HostUnusable for errors of the system."""
    try:
        yield
    except (GitFailed, pygit2.GitError) as error:
        if any(words in str(error) for words in _DISK):
            raise HostUnusable(f"The disk is full at {place}: free space, then resume.") from error
        raise WorkspaceLost(f"The checkpoints of {place} cannot be used: {error}.") from error
    except OSError as error:
        what = f"{error.filename or place} cannot be used ({error.strerror or error})"
        raise HostUnusable(f"{what}: mend that, then resume.") from error
