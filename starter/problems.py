"""What can go wrong at the door, each ending as one sentence for a person."""


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
    """An answer does not say which of several requests it is for; nothing was done."""
