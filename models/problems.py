"""Kinds of failure an activity reports; the workflow decides by them what becomes of the task."""

from enum import StrEnum


class Problem(StrEnum):
    """`type` of the ApplicationError an activity raises. Its message is one sentence for people."""

    PROVIDER_REJECTED = "ProviderRejected"  # bad key, retired model, spend limit: the task fails
    PROVIDER_UNAVAILABLE = "ProviderUnavailable"  # 429, 5xx, cut streams: retried, then parks
    PROVIDER_QUOTA = "ProviderQuota"  # a long window; first detail: seconds until it ends
    TIME_LIMIT = "TimeLimit"  # the task's active time ran out in the middle: it parks
    PROJECT_UNUSABLE = "ProjectUnusable"  # no repository at the path: the task fails
    HOST_UNUSABLE = "HostUnusable"  # disk full, git missing, directory gone: parks until resumed
    WORKSPACE_BUSY = "WorkspaceBusy"  # another attempt holds it: retried
    REMOTE_UNREACHABLE = "RemoteUnreachable"  # of the checkpoints: retried, then parks
    CHANNEL_REFUSED = "ChannelRefused"  # nothing will be taken there: the task goes on without
    CHANNEL_AWAY = "ChannelAway"  # or busy: retried for days
    STALE_ATTEMPT = "StaleAttempt"  # a later attempt has taken over: this one ends
