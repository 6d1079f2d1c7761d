"""Commands of a task that may have come from another host.

What a host knows of its commands it does not share: a command that is unknown here may run, or have
run, on another one. So only the host of its very first attempt starts a command.
"""

from temporalio import activity
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest

from activities.gate import TurnedAway
from models.steps import CommandRequest, Outcome
from workspace.processes import Command

UNKNOWN = TurnedAway(
    Outcome.UNKNOWN,
    "[The outcome of this command is unknown. The task has come from another host, where it may "
    "have run, wholly, in part or not at all. It was not run again: find out what it did before "
    "you repeat it.]",
    preview="outcome unknown",
)


def is_ours_to_start(command: Command, *, is_first: bool) -> bool:
    """Decide, once for this host, whether it may start a command that it has not started yet.

    `is_first` tells that this is the first attempt; later ones on this host may start it then.
    """
    note = command.directory / "ours"
    if not note.exists():
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text("yes" if is_first else "no")
    return note.read_text() == "yes"


async def is_first_attempt(call_id: str) -> bool:
    """Tell whether the running attempt is the first at the command of this call, ever.

    A task that was parked and resumed counts attempts anew: then the history knows of them.
    """
    return activity.info().attempt == 1 and await _times_scheduled(call_id) == 1


async def _times_scheduled(call_id: str) -> int:
    info, client = activity.info(), activity.client()
    run = WorkflowExecution(workflow_id=info.workflow_id or "", run_id=info.workflow_run_id or "")
    asked = GetWorkflowExecutionHistoryReverseRequest(namespace=client.namespace, execution=run)
    times = 0
    while True:
        page = await client.workflow_service.get_workflow_execution_history_reverse(asked)
        for event in page.history.events:
            scheduled = event.activity_task_scheduled_event_attributes
            if scheduled.activity_type.name == "think":  # what decided on the call
                return times
            if scheduled.activity_type.name == info.activity_type:
                given = await client.data_converter.decode(
                    list(scheduled.input.payloads), [CommandRequest]
                )
                times += given[0].call_id == call_id
        if not page.next_page_token:
            return times
        asked.next_page_token = page.next_page_token
