"""How workflow code is run: in the SDK's sandbox, without what nothing of ours asks of it."""

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import Info


class Sandbox(SandboxedWorkflowRunner):
    """The SDK's sandbox for a data converter that treats every payload alike.

    For each payload the SDK asks, three times over, which activity or workflow it belongs to, and
    enters the sandbox for the answer: a tenth of a worker's time (benchmarks/). Only converters and
    codecs with a serialization context, and external storage, would use it.
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """Make a workflow in a sandbox of its own."""
        return _Alike(super().create_instance(det))


class _Alike(WorkflowInstance):
    def __init__(self, inner: WorkflowInstance) -> None:
        self._inner = inner

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        return self._inner.activate(act)

    def get_serialization_context(self, command_info: object) -> None:
        del command_info

    def get_external_store_context(self, command_info: object) -> StorageDriverStoreContext:
        del command_info
        return StorageDriverStoreContext()

    def get_info(self) -> Info:
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        return self._inner.get_thread_id()
