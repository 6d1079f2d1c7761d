"""What can go wrong at the door, each ending as one sentence for a person."""

from collections.abc import Sequence

from models.task import Progress


class TaskProblem(Exception):
    """A request that cannot be carried out; the message says why and what to do."""


class UnknownTask(TaskProblem):
    """No task has this id."""


class TaskClosed(TaskProblem):
    """The task has ended, so it takes no more messages."""


class NoWorker(TaskProblem):
    """No worker listens on the task queue, so a task would never begin."""


class Refused(TaskProblem):
    """The task itself refused, for instance an extension of nothing."""


class SeveralWait(TaskProblem):
    """An answer does not say which of several requests it is for; nothing was done.

    `waiting` are the tasks that it could be for.
    """

    def __init__(self, sentence: str, waiting: Sequence[Progress]) -> None:
        super().__init__(sentence)
        self.waiting = list(waiting)


class NoQuestion(TaskProblem):
    """An answer came, but the task has asked no question."""


class NotYet(TaskProblem):
    """The task has not got that far; a moment later it may have."""


class KeyReused(TaskProblem):
    """The idempotency key of another request was used; nothing was started."""


class ServerAway(TaskProblem):
    """Temporal does not answer, or could not do what it was asked."""
