"""What an activity raises is blanked on its way to Temporal."""

import traceback
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.client import ActivityFailureError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.redacting import RedactActivities
from models.steps import Finish
from policy.key_blocks import BLANKED
from policy.redaction import Redactor

API_KEY = "sk-ant-api03-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ"


@activity.defn
def raise_secret(kind: str) -> Finish:
    words = f"cannot log in with {API_KEY}"
    if kind == "application":
        raise ApplicationError(words, {"tried": words}, type="Login", non_retryable=True)
    if kind == "hidden":
        raise LookupError("no such thing") from ValueError(words)
    if kind == "harmless":
        raise LookupError("no such thing")
    raise ValueError(words)


@pytest.mark.parametrize("kind", ["application", "hidden", "harmless", "unexpected"])
async def test_errors_tell_no_secret(server: WorkflowEnvironment, kind: str) -> None:
    queue = str(uuid.uuid4())
    with ThreadPoolExecutor(1) as threads:
        async with Worker(
            server.client,
            task_queue=queue,
            activities=[raise_secret],
            interceptors=[RedactActivities(Redactor([API_KEY]))],
            activity_executor=threads,
        ):
            with pytest.raises(ActivityFailureError) as failed:
                await server.client.execute_activity(
                    raise_secret,
                    kind,
                    id=queue,
                    task_queue=queue,
                    schedule_to_close_timeout=timedelta(seconds=20),
                    retry_policy=RetryPolicy(maximum_attempts=1),
                )
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert API_KEY not in "".join(traceback.format_exception(cause)) + str(cause.details)
    told = "no such thing" if kind in {"hidden", "harmless"} else f"cannot log in with {BLANKED}"
    assert cause.message == told
    expected = {"application": "Login", "unexpected": "ValueError"}
    assert cause.type == expected.get(kind, "LookupError")
    assert cause.non_retryable == (kind == "application")
    if kind == "application":
        assert cause.details == ({"tried": f"cannot log in with {BLANKED}"},)
