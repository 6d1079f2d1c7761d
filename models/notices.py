"""What leaves for people outside: the same words for every channel."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from models.task import TaskId
from models.updates import Update


class Channel(StrEnum):
    """Where people are told what a task does, besides its own event stream."""

    DISCORD = "discord"
    VOICE = "voice"  # the feed of announcements that voice assistants listen to
    VOICE_WEBHOOK = "voice_webhook"
    PHONE = "phone"


class NoticeRequest(BaseModel):
    """Input of a channel's activity: tell `updates`, oldest first.

    `channel_state` is what the channel answered the last time, {} the first time. `skipped` counts
    updates of the task that were too many to keep while the channel was away. `was_tried` tells
    that a delivery of the first of them was given up before, and may have been carried out.
    """

    task_id: TaskId
    goal: str
    channel_state: dict[str, Any] = {}
    updates: list[Update]
    skipped: int = 0
    was_tried: bool = False


class Delivered(BaseModel):
    """Result of a channel's activity; a `channel_state` is kept in the history, so it is small."""

    channel_state: dict[str, Any] = {}
    told: int | None = Field(
        default=None, description="How many of the updates were told, the first ones; null for all"
    )
    rest_seconds: float = Field(
        default=0.0, ge=0, description="For which nothing more should be sent"
    )


class Outgoing(BaseModel):
    """What waits to be told on one channel.

    `next_offset` is where on the task's stream reading goes on. A channel that `is_off` has refused
    for good. What `was_tried` is in `NoticeRequest`.
    """

    channel: Channel
    next_offset: int = 0
    pending: list[Update] = []
    skipped: int = 0
    channel_state: dict[str, Any] = {}
    is_off: bool = False
    was_tried: bool = False


class DeliveryInput(BaseModel):
    """Input of the workflow `Delivery`: what a task that has ended leaves to be told."""

    task_id: TaskId
    goal: str
    outgoing: Outgoing
