"""How every process meets Temporal: one plugin with the data converter and the sandbox."""

import asyncio
import dataclasses
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)
from temporalio.envconfig import ClientConfig
from temporalio.plugin import SimplePlugin
from temporalio.service import RetryConfig, RPCError
from temporalio.worker.workflow_sandbox import SandboxRestrictions

from encryption import encryption
from sandbox import Sandbox
from settings import Settings

PASSED_THROUGH = ("models", "activities", "workflows.memory", "workflows.confirmation")
"""What guarded workflow code sees as everybody does. Without `models`, isinstance and enum identity
fail silently in a workflow. The two modules of `workflows` hold data alone: pydantic takes 4 ms to
build their classes, and the sandbox would do that, and keep the result, for every task."""

ALL_OF_IT = ("models", "activities", "workflows")
"""What a worker for people passes through: a task then takes half the memory (decision 0005)."""


class TemporalUnreachable(Exception):
    """No Temporal server answers at the address in the settings."""


def plugin(codec: PayloadCodec | None = None, *, is_guarded: bool = True) -> SimplePlugin:
    """Make the plugin that clients, workers, replayers and tests share.

    Without a codec, histories are in clear and must be so, as those kept for replay are. Guarded,
    workflow code that looks at a clock or throws dice is found out, and each task takes twice the
    memory.
    """
    passed = PASSED_THROUGH if is_guarded else ALL_OF_IT
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*passed)
    return SimplePlugin(
        "tars",
        data_converter=_encrypting(codec) if codec else pydantic_data_converter,
        workflow_runner=Sandbox(restrictions=restrictions),
    )


def _encrypting(codec: PayloadCodec) -> DataConverter:
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=codec,
        # an error's words and stack are not payloads, unless they are made so
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


async def connect(
    settings: Settings, timeout_seconds: float = 5, retry: RetryConfig | None = None
) -> Client:
    """Connect to Temporal as the settings and the SDK's environment configuration say.

    `retry` is for calls while the server is away; the SDK's own tries for 10 s.

    Raises:
        KeyProblem: the keys of the payloads cannot be used.
        TemporalUnreachable: nothing answered within `timeout_seconds`.
    """
    config: dict[str, Any] = {
        **ClientConfig.load_client_connect_config(override_env_vars=settings.temporal_environment)
    }
    address = config.setdefault("target_host", settings.temporal_address)
    config.setdefault("namespace", settings.temporal_namespace)
    shared = plugin(encryption(settings), is_guarded=False)
    try:
        async with asyncio.timeout(timeout_seconds):
            client = await Client.connect(**config, plugins=[shared], retry_config=retry)
            await client.service_client.check_health(timeout=timedelta(seconds=timeout_seconds))
            return client
    except (RuntimeError, ValueError, RPCError, TimeoutError) as error:
        raise TemporalUnreachable(
            f"Temporal does not answer at {address}: start it with ./tars up, "
            "or set TEMPORAL_ADDRESS."
        ) from error


async def worker_listens(client: Client, task_queue: str) -> bool:
    """Whether a worker polled the task queue within the last minutes."""
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    return bool(answer.pollers)


async def until_worker_listens(client: Client, task_queue: str) -> None:
    """Return once a worker polls the task queue, which is a moment after it was started."""
    while True:
        if await worker_listens(client, task_queue):
            return
        await asyncio.sleep(0.01)
