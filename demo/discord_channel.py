"""The stub Discord: one server with channels, a webhook, a bot, and troubles on request."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, TypeAdapter

from demo.discord_rules import DiscordError, check_message

WEBHOOK_ID = "1001"
WEBHOOK_TOKEN = "demo-webhook-token-that-nobody-may-read"  # noqa: S105 - opens a stub
BOT_TOKEN = "demo-bot-token"  # noqa: S105
CHANNEL_ID = "2001"
EPOCH_MS = 1_420_070_400_000
"""First millisecond of 2015, from which Discord counts its ids."""


class Fault(BaseModel):
    """One trouble of `times` calls of the webhook, after as many as `after` that go well.

    `html` answers a proxy's page instead of JSON. `hang_seconds` falls silent first. `saved` lets
    the message stand all the same: the answer alone is lost.
    """

    status: int = 500
    times: int = 1
    after: int = 0
    code: int = 0
    message: str = "Internal Server Error"
    html: bool = False
    hang_seconds: float = 0.0
    retry_after_seconds: float | None = None
    saved: bool = False


class Message(BaseModel):
    """A message of a channel, with the fields that readers look at."""

    id: str
    channel_id: str
    author: dict[str, Any]
    content: str = ""
    timestamp: datetime
    edited_timestamp: datetime | None = None
    embeds: list[dict[str, Any]] = []
    components: list[dict[str, Any]] = []
    attachments: list[dict[str, Any]] = []
    flags: int = 0
    allowed_mentions: dict[str, Any] = {}
    webhook_id: str | None = None


class File(NamedTuple):
    """An uploaded file."""

    name: str
    content: bytes


class Seen(BaseModel):
    """One call of the webhook as it came in; `status` is how it was answered."""

    method: str
    path: str
    query: dict[str, str] = {}
    body: dict[str, Any] = {}
    status: int = 0


class Limit:
    """At most `calls` within `seconds`, as Discord counts for one webhook."""

    def __init__(self, calls: int, seconds: float, clock: Callable[[], float]) -> None:
        self.calls, self.seconds = calls, seconds
        self._clock = clock
        self._taken: deque[float] = deque()

    def take(self) -> tuple[int, float]:
        """Answer how many calls are left, -1 for one too many, and when there are all again."""
        now = self._clock()
        while self._taken and self._taken[0] <= now - self.seconds:
            self._taken.popleft()
        if len(self._taken) >= self.calls:
            return -1, self._taken[0] + self.seconds - now
        self._taken.append(now)
        return self.calls - len(self._taken), self.seconds


_MESSAGES = TypeAdapter(list[Message])


class Discord:
    """What the server holds, and what tests look at: `messages`, `seen` calls, `faults` to come.

    An `app_owned` webhook may send buttons. A `forum` channel takes posts of a thread only.
    `kept_in` is a file that keeps the messages when the process ends, as the real Discord would.
    """

    def __init__(
        self,
        *,
        app_owned: bool = False,
        forum: bool = False,
        limit: Limit | None = None,
        kept_in: Path | None = None,
    ) -> None:
        self.app_owned = app_owned
        self.forum = forum
        self.limit = limit or Limit(5, 2.0, time.monotonic)
        self.messages: list[Message] = []
        self.files: dict[str, bytes] = {}
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self._last_id = 0
        self._kept_in = kept_in
        if kept_in and kept_in.exists():
            self.messages = _MESSAGES.validate_json(kept_in.read_bytes())

    @property
    def contents(self) -> list[str]:
        """The texts of all messages, oldest first."""
        return [message.content for message in self.messages]

    def next_fault(self) -> Fault | None:
        """Take the trouble that the call at hand is to have."""
        if not self.faults:
            return None
        fault = self.faults[0]
        if fault.after:
            fault.after -= 1
            return None
        fault.times -= 1
        if fault.times <= 0:
            self.faults.pop(0)
        return fault

    def post(
        self,
        body: dict[str, Any],
        files: Sequence[File],
        *,
        thread_id: str = "",
        author: dict[str, Any] | None = None,
    ) -> Message:
        """Take a new message: the webhook's, or an `author`'s. Raises DiscordError."""
        check_message(body, [file.content for file in files], buttons=self.app_owned)
        channel = thread_id or CHANNEL_ID
        if self.forum and not author and not thread_id:
            if not body.get("thread_name"):
                raise DiscordError(
                    400, "Webhooks posted to forum channels must have a thread_name", 220001
                )
            channel = self._new_id()
        name = body.get("username") or "TARS"
        message = Message(
            id=self._new_id(),
            channel_id=channel,
            author=author or {"id": WEBHOOK_ID, "username": name, "bot": True},
            timestamp=datetime.now(UTC),
            webhook_id=None if author else WEBHOOK_ID,
            **_shown(body),
        )
        self._attach(message, files)
        self.messages.append(message)
        self._keep()
        return message

    def edit(
        self, message_id: str, body: dict[str, Any], files: Sequence[File], *, thread_id: str = ""
    ) -> Message:
        """Change a message of the webhook; what is not given stays. Raises DiscordError."""
        message = self.find(message_id, thread_id or CHANNEL_ID)
        merged = message.model_dump(include={"content", "embeds", "components"}) | body
        check_message(merged, [file.content for file in files], buttons=self.app_owned)
        for name, value in _shown(body).items():
            setattr(message, name, value)
        if "attachments" in body:
            kept = {str(one.get("id")) for one in body["attachments"] or []}
            message.attachments = [one for one in message.attachments if one["id"] in kept]
        message.edited_timestamp = datetime.now(UTC)
        self._attach(message, files)
        self._keep()
        return message

    def delete(self, message_id: str, channel_id: str) -> None:
        """Remove a message. Raises DiscordError."""
        self.messages.remove(self.find(message_id, channel_id))
        self._keep()

    def find(self, message_id: str, channel_id: str) -> Message:
        """Answer a message of a channel. Raises DiscordError."""
        for message in self.messages:
            if (message.id, message.channel_id) == (message_id, channel_id):
                return message
        raise DiscordError(404, "Unknown Message", 10008)

    def history(self, channel_id: str, after: int, limit: int) -> list[Message]:
        """Answer messages of a channel, newest first."""
        found = [
            one for one in self.messages if one.channel_id == channel_id and int(one.id) > after
        ]
        # with `after`, Discord gives the oldest that follow; without, the latest
        return (found[:limit] if after else found[-limit:])[::-1]

    def _attach(self, message: Message, files: Sequence[File]) -> None:
        for file in files:
            file_id = self._new_id()
            self.files[file_id] = file.content
            address = f"/attachments/{message.channel_id}/{file_id}/{file.name}"
            size = len(file.content)
            message.attachments.append(
                {"id": file_id, "filename": file.name, "size": size, "url": address}
            )

    def _new_id(self) -> str:
        """Answer an id that is higher than all before, as a time with a counter."""
        now = (time.time_ns() // 1_000_000 - EPOCH_MS) << 22
        latest = max([int(one.id) for one in self.messages[-1:]] + [self._last_id])
        self._last_id = max(now, latest + 1)
        return str(self._last_id)

    def _keep(self) -> None:
        if self._kept_in:
            draft = self._kept_in.with_name(f"{self._kept_in.name}.part")
            draft.write_bytes(_MESSAGES.dump_json(self.messages))
            draft.replace(self._kept_in)


def _shown(body: dict[str, Any]) -> dict[str, Any]:
    names = ("content", "embeds", "components", "flags", "allowed_mentions")
    empty: dict[str, Any] = {
        "content": "",
        "embeds": [],
        "components": [],
        "flags": 0,
        "allowed_mentions": {},
    }
    return {name: body[name] or empty[name] for name in names if name in body}
