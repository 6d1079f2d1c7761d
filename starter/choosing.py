"""Which of the requests that wait is an answer for?"""

from collections.abc import Sequence

from models.replies import ConfirmationAnswer, ConfirmOutcome, ConfirmReply
from models.task import Progress, Waiting
from starter.naming import short_id
from starter.problems import NoWorker, SeveralWait

MOST_NAMED = 3
"""Silent tasks that a sentence names."""


def choose(
    answer: ConfirmationAnswer, waiting: Sequence[Progress], silent: Sequence[str] = ()
) -> str | ConfirmReply:
    """Return the id of the task whose request the answer is for, or the reply that there is none.

    The bare code is enough where exactly one request waits. `silent` are tasks that may wait too.

    Raises:
        SeveralWait: it could be for several; the sentence names them.
        NoWorker: it could be for one of the silent.
    """
    asked = [(task.task_id, task.waiting_for) for task in waiting]
    asking = [(task_id, one) for task_id, one in asked if one and one.kind == "confirmation"]
    named = [(task_id, one) for task_id, one in asking if _is_named(answer, one)]
    by_then = [task_id for task_id, one in named if answer.can_be_for(one.asked_at)]
    meant = by_then or [task_id for task_id, _ in named]  # the task itself says: too early
    if len(meant) == 1 and not (silent and answer.names_none):
        return meant[0]
    listed = ", ".join(f"{one.word} ({short_id(task_id)})" for task_id, one in asking)
    if len(meant) > 1:
        raise SeveralWait(
            f"Several requests wait, say which one by word or task: {listed}.",
            [task for task in waiting if task.task_id in meant],
        )
    if silent:
        away = ", ".join(map(short_id, silent[:MOST_NAMED]))
        raise NoWorker(f"Not all tasks answer ({away}): name the task or the word, or wait.")
    if not asking:
        text = "No task waits for a code."
        return ConfirmReply(outcome=ConfirmOutcome.NOTHING_WAITING, message=text)
    name = answer.word or answer.request_id
    text = f"'{name}' belongs to no waiting request; these wait: {listed}."
    return ConfirmReply(outcome=ConfirmOutcome.UNKNOWN_REQUEST, message=text)


def _is_named(answer: ConfirmationAnswer, one: Waiting) -> bool:
    word = answer.word.strip().casefold()
    return word in {"", one.word} and answer.request_id in {"", one.request_id}
