"""What went wrong with a task's directory, told as a problem."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from models.problems import Problem
from workspace.problems import (
    ProjectUnusable,
    RemoteUnreachable,
    StaleAttempt,
    WorkspaceBusy,
    WorkspaceProblem,
)
from workspace.processes import CommandNotStarted

_KINDS: dict[type[Exception], Problem] = {
    WorkspaceBusy: Problem.WORKSPACE_BUSY,
    StaleAttempt: Problem.STALE_ATTEMPT,
    ProjectUnusable: Problem.PROJECT_UNUSABLE,
    RemoteUnreachable: Problem.REMOTE_UNREACHABLE,
}
"""All others are matters of the host, such as a full disk or a lost repository."""

_PASSING = {Problem.WORKSPACE_BUSY, Problem.REMOTE_UNREACHABLE}
"""Another attempt may succeed."""


@contextmanager
def told_as_problems(*details: str) -> Iterator[None]:
    """Turn errors of the workspace and of the disk into ApplicationErrors with a Problem.

    `details` are what the workflow must know though the activity failed.
    """
    try:
        yield
    except CommandNotStarted as error:
        raise ApplicationError(
            str(error), *details, type=Problem.HOST_UNUSABLE, non_retryable=True
        ) from None
    except WorkspaceProblem as error:
        kind = _KINDS.get(type(error), Problem.HOST_UNUSABLE)
        lasting = kind not in _PASSING
        raise ApplicationError(str(error), *details, type=kind, non_retryable=lasting) from None
    except OSError as error:
        text = f"The task's directory cannot be used: {error.strerror or error}."
        raise ApplicationError(
            text, *details, type=Problem.HOST_UNUSABLE, non_retryable=True
        ) from None
