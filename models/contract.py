"""Names that other programs rely on: Temporal types, signals, queries and search attributes.

A door speaks to a task by these names only, so that asking a question loads neither the workflow
nor the packages its activities need.
"""

from enum import StrEnum

WORKFLOW_TYPE = "CodingTask"
TASK_ID_PREFIX = "task-"

DELIVERY_TYPE = "Delivery"
"""Workflow type that tells a channel what a task left to be told."""

ANNOUNCEMENTS_TYPE = "Announcements"
"""Workflow type of the feed that voices listen to; there is one for each task queue."""

FEED_SUMMARY = "What voices hear of all tasks"
"""What the Web UI says of it."""


def announcements_id(task_queue: str) -> str:
    """Workflow id of the feed of the tasks on a queue, so that two houses never share one."""
    return f"announcements-{task_queue}"


POLL_QUERY = "__temporal_workflow_stream_poll"
"""Query of temporalio.contrib.workflow_streams that reads retained items without a trace."""


class Signal(StrEnum):
    """Signals of a task."""

    SUBMIT_CONFIRMATION = "submit_confirmation"
    ADD_INSTRUCTION = "add_instruction"
    PAUSE = "pause"
    RESUME = "resume"


class UpdateName(StrEnum):
    """Updates of a task: messages that are answered."""

    CONFIRM = "confirm"
    EXTEND = "extend"


class Query(StrEnum):
    """Queries of a task."""

    PROGRESS = "progress"


class FeedSignal(StrEnum):
    """Signals of the feed of announcements."""

    ANNOUNCE = "announce"
    HEARD = "heard"


class FeedQuery(StrEnum):
    """Queries of the feed of announcements."""

    READ = "read"


class SearchAttribute(StrEnum):
    """Search attributes of a task, all of type Keyword."""

    STATE = "TaskState"
    PHASE = "TaskPhase"
    GOAL = "TaskGoal"


class Activity(StrEnum):
    """Activities that are known by name: a door starts the first two itself, without a workflow.

    The others tell people something, one for each channel (`models.notices.Channel`).
    """

    SHOW_DIFF = "show_diff"
    SHOW_LOG = "show_log"
    POST_UPDATE = "post_update"
    ANNOUNCE = "announce"
    SPEAK = "speak"
    CALL_USER = "call_user"


MAX_GOAL_ATTRIBUTE_BYTES = 200
"""A Keyword holds 255 bytes on some visibility stores, a summary 400; the goal is cut to fit."""
