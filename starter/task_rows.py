"""Tasks as Temporal lists them, by their search attributes alone."""

from datetime import datetime

from pydantic import BaseModel
from temporalio.client import WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey

from models.contract import SearchAttribute
from models.task import Phase, State


class TaskRow(BaseModel):
    """One line of `list`."""

    task_id: str
    goal: str
    state: State
    phase: Phase
    started_at: datetime
    closed_at: datetime | None = None


def key_of(attribute: SearchAttribute) -> SearchAttributeKey[str]:
    """The key under which Temporal keeps an attribute."""
    return SearchAttributeKey.for_keyword(attribute.value)


def row_of(execution: WorkflowExecution) -> TaskRow:
    """Read a line from what Temporal lists."""
    attributes = execution.typed_search_attributes
    return TaskRow(
        task_id=execution.id,
        goal=attributes.get(key_of(SearchAttribute.GOAL), ""),
        state=_state(attributes.get(key_of(SearchAttribute.STATE)), execution.status),
        phase=Phase(attributes.get(key_of(SearchAttribute.PHASE), Phase.PLANNING)),
        started_at=execution.start_time,
        closed_at=execution.close_time,
    )


def _state(attribute: str | None, status: WorkflowExecutionStatus | None) -> State:
    """Trust Temporal over the attribute: a terminated workflow could not write its last state."""
    state = State(attribute or State.RUNNING)
    if state.is_final or status in {None, WorkflowExecutionStatus.RUNNING}:
        return state
    return State.CANCELLED if status is WorkflowExecutionStatus.TERMINATED else State.FAILED
