"""Every timeout and retry policy of the house, in one table."""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType

from models.problems import Problem

PERMANENT = [
    Problem.PROVIDER_REJECTED.value,
    Problem.PROVIDER_QUOTA.value,
    Problem.TIME_LIMIT.value,
    Problem.PROJECT_UNUSABLE.value,
    Problem.HOST_UNUSABLE.value,
    Problem.CHANNEL_REFUSED.value,
    Problem.STALE_ATTEMPT.value,
]
"""Failures that another attempt would only repeat."""

HEARTBEAT = timedelta(seconds=10)
"""How long a dead worker goes unnoticed. Activities beat every second, so a cancel reaches them
within about one (worker.py sets the throttle)."""


class Patience(TypedDict):
    """How long one activity may take and how it is tried again."""

    start_to_close_timeout: timedelta
    heartbeat_timeout: timedelta | None
    retry_policy: RetryPolicy
    cancellation_type: ActivityCancellationType


def _retry(first_seconds: float, longest_seconds: float, attempts: int) -> RetryPolicy:
    return RetryPolicy(
        initial_interval=timedelta(seconds=first_seconds),
        maximum_interval=timedelta(seconds=longest_seconds),
        maximum_attempts=attempts,
        non_retryable_error_types=PERMANENT,
    )


OPEN = Patience(  # cloning a large project takes the time
    start_to_close_timeout=timedelta(minutes=5),
    heartbeat_timeout=HEARTBEAT,
    retry_policy=_retry(1, 30, 5),
    cancellation_type=ActivityCancellationType.TRY_CANCEL,
)
THINK = Patience(  # 32,000 tokens at 60 a second are 9 minutes; the model client allows 10
    start_to_close_timeout=timedelta(minutes=11),
    heartbeat_timeout=HEARTBEAT,
    retry_policy=_retry(2, 60, 8),
    cancellation_type=ActivityCancellationType.TRY_CANCEL,
)
FILE_HAND = Patience(
    start_to_close_timeout=timedelta(minutes=1),
    heartbeat_timeout=HEARTBEAT,
    retry_policy=_retry(1, 10, 5),
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)
CLOSE = Patience(
    start_to_close_timeout=timedelta(minutes=2),
    heartbeat_timeout=HEARTBEAT,
    retry_policy=_retry(1, 10, 5),
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)


KEEP_WARM = Patience(  # worth one try: the cache is lost meanwhile
    start_to_close_timeout=timedelta(seconds=30),
    heartbeat_timeout=None,
    retry_policy=_retry(1, 1, 1),
    cancellation_type=ActivityCancellationType.TRY_CANCEL,
)


class DeliveryPatience(Patience):
    """The same for telling people; `schedule_to_close_timeout` is for all attempts together."""

    schedule_to_close_timeout: timedelta


DELIVER = DeliveryPatience(  # an outage of days is waited out; Temporal waits, no worker does
    start_to_close_timeout=timedelta(minutes=1),
    schedule_to_close_timeout=timedelta(days=7),
    heartbeat_timeout=None,
    retry_policy=_retry(1, 60, 0),
    # an attempt that is being made ends by itself: what was told is not told again
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)
DELIVER_BEATING = DeliveryPatience(**DELIVER | {"heartbeat_timeout": HEARTBEAT})
DELIVER_AT_ONCE = DeliveryPatience(  # a signal to a workflow of ours
    **DELIVER | {"start_to_close_timeout": timedelta(seconds=10)}
)


COLLECTING = timedelta(seconds=2.5)
"""Quiet updates of a task go to a channel at most this often, together. Discord's limit for one
webhook is 30 messages a minute (facts of the channels), and several tasks may share it."""

COLLECTING_STEPS = timedelta(seconds=6)
"""The same for those that mostly are followed by others soon; a delivery costs 6 events."""


class LocalPatience(TypedDict):
    """The same for an activity in the worker that runs the workflow; these have no heartbeat."""

    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


JUDGE = LocalPatience(start_to_close_timeout=timedelta(seconds=30), retry_policy=_retry(0.2, 5, 5))
CHECK = LocalPatience(start_to_close_timeout=timedelta(seconds=10), retry_policy=_retry(0.1, 1, 3))


def command_patience(timeout_seconds: float) -> Patience:
    """Patience with a command that ends itself after `timeout_seconds`.

    An attempt is not the command: it survives its worker, and the next attempt takes it over. So
    attempts are many, and each may last as long as the command.
    """
    return Patience(
        start_to_close_timeout=timedelta(seconds=timeout_seconds + 60),
        heartbeat_timeout=HEARTBEAT,
        retry_policy=_retry(0.5, 10, 20),
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )


PROVIDER_RETRY = timedelta(minutes=15)
"""A provider that is down without saying for how long is tried again this often."""

REMINDED_WITH_LEFT = (0.4, 0.1)
"""Shares of the time for an answer at which people are reminded: of 5 minutes, 2 minutes and 30
seconds before the end."""

ECHO = timedelta(seconds=10)
"""How long after an approval the same bare code may still arrive by another channel."""

CACHE_REFRESHED_AFTER = timedelta(minutes=4)
"""Since Claude was last asked; the provider keeps its prompt for 5 minutes."""
