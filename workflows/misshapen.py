"""Anybody with a Temporal client may signal a task; one bad signal must not stop it."""

import inspect

from temporalio import workflow
from temporalio.worker import (
    HandleSignalInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)


class DropMisshapenSignals(Interceptor):
    """Drops signals whose number of arguments does not fit their handler.

    The SDK itself drops what it cannot decode, but calls the handler with too few or too many
    arguments; the TypeError would fail every further workflow task, and the task would stand still.
    """

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        """Give every workflow the inbound half."""
        del input
        return _Inbound


class _Inbound(WorkflowInboundInterceptor):
    async def handle_signal(self, input: HandleSignalInput) -> None:
        handler = workflow.get_signal_handler(input.signal)
        if handler is not None:
            try:
                inspect.signature(handler).bind(*input.args)
            except TypeError:
                workflow.logger.warning("Dropped a misshapen signal %s", input.signal)
                return
        await super().handle_signal(input)
