"""A way out to Discord: what is handed over, what comes back, and what can be wrong."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from models.problems import Problem
from models.updates import Update

LONGEST_WAIT_SECONDS = 3_600.0
"""A limit that lasts longer is looked at again after an hour: who names it may be mistaken."""


@dataclass(frozen=True)
class Post:
    """A message to post, or with a `message_id` the edit of one.

    `update` is the one it is about, `part` tells apart what one update leads to. `files` are name
    and text. A `thread_name` opens a thread for the message, where the channel is a forum.
    """

    body: dict[str, Any]
    update: Update
    part: str
    files: dict[str, str] = field(default_factory=dict)
    message_id: str = ""
    thread_id: str = ""
    thread_name: str = ""


@dataclass(frozen=True)
class Sent:
    """A message that stands; `rest_seconds` is how long nothing more will be taken."""

    message_id: str = ""
    channel_id: str = ""
    rest_seconds: float = 0.0


class Outlet(Protocol):
    """Takes messages to Discord."""

    def send(self, post: Post) -> Sent:
        """Post or edit.

        Raises:
            ApplicationError: it was not taken; is retried where that may help.
            BodyRefused: Discord does not take this message, but may take another.
            MessageGone: the message to edit is no longer there.
        """
        ...

    def look(self) -> str:
        """Say who answers there, without sending anything.

        Raises:
            ApplicationError: nobody does, or not as they should; says what to mend.
        """
        ...


class BodyRefused(Exception):
    """Discord calls the message misshapen; the text is Discord's own."""


class MessageGone(Exception):
    """Somebody has deleted the message."""


def refused(sentence: str) -> ApplicationError:
    """What another attempt would only repeat."""
    return ApplicationError(sentence, type=Problem.CHANNEL_REFUSED, non_retryable=True)


def away(sentence: str, after_seconds: float | None = None) -> ApplicationError:
    """What time mends; `after_seconds` is when to try again, if that was said."""
    delay = None
    if after_seconds is not None:
        delay = timedelta(seconds=min(max(after_seconds, 0.1), LONGEST_WAIT_SECONDS))
    return ApplicationError(
        sentence,
        type=Problem.CHANNEL_AWAY,
        next_retry_delay=delay,
        category=ApplicationErrorCategory.BENIGN,  # a stack for each attempt would tell nothing
    )


def raise_for(status: int, said: str, post: Post, mend: str) -> None:
    """Raise what Discord's status means; `mend` tells a person what to set.

    Raises:
        ApplicationError: as in `Outlet.send`.
        BodyRefused: as there.
        MessageGone: as there.
    """
    if status < 300:
        return
    if status in {400, 413}:
        raise BodyRefused(said)
    if status == 404 and post.message_id:
        raise MessageGone(said)
    if status in {401, 403, 404}:
        raise refused(f"Discord takes no messages ({status} {said}): {mend}.")
    raise away(f"Discord did not take a message ({status} {said}).")
