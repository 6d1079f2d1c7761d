"""Starting a task: under a free id, or under the id that the request's own key stands for."""

from hashlib import sha256
from typing import NamedTuple

from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from models.contract import MAX_GOAL_ATTRIBUTE_BYTES, WORKFLOW_TYPE, SearchAttribute
from models.task import Phase, State, TaskInput
from starter.naming import new_task_id, task_id_of
from starter.problems import KeyReused, TaskProblem
from starter.task_rows import key_of

MAX_DETAILS_BYTES = 8_000
"""Temporal refuses user metadata over 20,000 bytes."""

MOST_TRIES = 8
"""For a free id; each try makes it a character longer."""

KEY_MEMO = "idempotency_key"
ASKED_MEMO = "asked"


class Once(NamedTuple):
    """A request that may come twice: its `key`, and what was `asked`, in the caller's words."""

    key: str
    asked: str

    @property
    def memo(self) -> dict[str, str]:
        """What the task keeps of it: digests, for the key may be anybody's secret."""
        return {KEY_MEMO: _digest(self.key), ASKED_MEMO: _digest(self.asked)}


async def start_task(client: Client, task_queue: str, task: TaskInput, once: Once | None) -> str:
    """Start a task, or find the one that the same request has started before.

    Temporal lets one of several at once start it. It remembers a key for as long as it keeps an
    ended task.

    Raises:
        KeyReused: the key came before, with another request.
    """
    for extra_characters in range(MOST_TRIES):
        task_id = task_id_of(once.key, extra_characters) if once else new_task_id(extra_characters)
        try:
            await _start_workflow(client, task_queue, task_id, task, once)
        except WorkflowAlreadyStartedError:
            if once is None or not await _was_started_by(client, task_id, once):
                continue
        return task_id
    raise TaskProblem("No free task id was found: try again.")


async def _was_started_by(client: Client, task_id: str, once: Once) -> bool:
    description = await client.get_workflow_handle(task_id).describe()
    memo = await description.memo()
    if memo.get(KEY_MEMO) != once.memo[KEY_MEMO]:
        return False
    if memo.get(ASKED_MEMO) != once.memo[ASKED_MEMO]:
        raise KeyReused(
            "This idempotency key has started another task: a new request needs a key of its own."
        )
    return True


async def _start_workflow(
    client: Client, task_queue: str, task_id: str, task: TaskInput, once: Once | None
) -> None:
    goal = _cut(" ".join(task.goal.split()), MAX_GOAL_ATTRIBUTE_BYTES)
    await client.start_workflow(
        WORKFLOW_TYPE,
        task,
        id=task_id,
        task_queue=task_queue,
        # an ended task keeps its id: its directory and its story are still there
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        memo=once.memo if once else None,
        static_summary=goal,
        static_details=_cut(task.goal, MAX_DETAILS_BYTES),
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(key_of(SearchAttribute.STATE), State.RUNNING.value),
                SearchAttributePair(key_of(SearchAttribute.PHASE), Phase.PLANNING.value),
                SearchAttributePair(key_of(SearchAttribute.GOAL), goal),
            ]
        ),
    )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _cut(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode(errors="ignore")
