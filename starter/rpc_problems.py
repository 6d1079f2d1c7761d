"""Temporal's errors as sentences for people."""

from temporalio.service import RPCError, RPCStatusCode

from starter.naming import short_id
from starter.problems import NoWorker, ServerAway, TaskClosed, TaskProblem, UnknownTask


def no_worker(task_id: str) -> NoWorker:
    """Nobody is there to answer."""
    return NoWorker(f"No worker is there to answer for task {short_id(task_id)}: run ./tars up.")


def problem_of(error: RPCError, task_id: str) -> TaskProblem:
    """What Temporal says went wrong with a request about a task."""
    short = short_id(task_id)
    match error.status:
        case RPCStatusCode.NOT_FOUND if _has_closed(error):
            return TaskClosed(f"Task {short} has already ended.")
        case RPCStatusCode.NOT_FOUND:
            return UnknownTask(f"There is no task {short}: try ./tars list.")
        case RPCStatusCode.FAILED_PRECONDITION | RPCStatusCode.DEADLINE_EXCEEDED:
            return no_worker(task_id)
        case RPCStatusCode.CANCELLED:
            return NoWorker(
                f"Task {short} did not answer in time: its worker is very busy or away."
            )
        case _:
            return server_away(error)


def server_away(error: RPCError) -> ServerAway:
    """What Temporal says went wrong with a request about no task in particular."""
    if error.status is RPCStatusCode.UNAVAILABLE:
        return ServerAway("Temporal does not answer: see ./tars doctor.")
    return ServerAway(f"Temporal could not do it: {error.message.rstrip('.')}.")


def _has_closed(error: RPCError) -> bool:
    """Temporal says "workflow execution already completed", or "update was aborted by closing"."""
    return "already completed" in error.message or "aborted by closing" in error.message
