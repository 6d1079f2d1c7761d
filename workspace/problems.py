"""What can go wrong with a task's directory. Each message is one sentence a person can act on."""


class WorkspaceProblem(Exception):
    """Anything below; the activities map each kind to a `models.problems.Problem`."""


class WorkspaceLost(WorkspaceProblem):
    """The private repository, or a checkpoint in it, is missing or damaged on this host."""


class WorkspaceBusy(WorkspaceProblem):
    """Another attempt holds the task's directory; try again later."""


class StaleAttempt(WorkspaceProblem):
    """A later attempt has taken over the task's directory: this one must end and change nothing."""


class MissingFile(WorkspaceProblem):
    """A checkpoint has no file at the path asked for."""


class ProjectUnusable(WorkspaceProblem):
    """The user's project cannot be cloned or handed back to, and only the user can mend that."""


class HostUnusable(WorkspaceProblem):
    """This machine lacks something: disk space, git, permission, a directory that must be there."""


class RemoteUnreachable(WorkspaceProblem):
    """The checkpoints cannot be pushed to the remote, or fetched from it; try again later.

    `refused` tells that it answered, and would not move a reference.
    """

    def __init__(self, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.refused = refused
