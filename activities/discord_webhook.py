"""Discord by its webhook: the discord-webhook package behind a class that is careful."""

import re
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import requests
from discord_webhook import DiscordWebhook  # type: ignore[import-untyped]

from activities.discord_outlet import Post, Sent, away, raise_for, refused
from activities.discord_text import one_line

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0
SILENT_POSTS_A_MINUTE = 15
"""Of the 30 messages that Discord takes in a channel in a minute, whatever its headers say (its
staff, facts of the channels). The others are left to what rings."""

NO_MENTIONS: dict[str, Any] = {"parse": []}

_ADDRESS = re.compile(r"(https?://[^/?#]+)/api(?:/v\d+)?/webhooks/(\d+)/([\w-]+)/?(?:\?.*)?")
_THREAD = re.compile(r"[?&]thread_id=(\d+)")
_BODY = ("content", "embeds", "components", "flags", "allowed_mentions", "thread_name")
_PAUSE = "Discord asks for a pause."
_MEND = "set DISCORD_WEBHOOK_URL to one that works"


class MisshapenAddress(ValueError):
    """The address is none of a webhook of Discord; the text does not show it."""


class Webhook:
    """One webhook, and the thread in which its messages go, if any.

    A pause that Discord asks for holds for all tasks of this process: who goes on knocking is
    banned for a while (10,000 refused calls in ten minutes). It counts posts and edits apart.

    Raises:
        MisshapenAddress: `url` is none of a webhook.
    """

    def __init__(
        self,
        url: str,
        thread_id: str = "",
        *,
        read_seconds: float = READ_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        found = _ADDRESS.fullmatch(url.strip())
        if not found:
            raise MisshapenAddress("that is no address of a Discord webhook")
        in_url = _THREAD.search(url)
        self._thread_id = thread_id or (in_url[1] if in_url else "")
        self._timeout = (CONNECT_SECONDS, read_seconds)
        self._clock = clock
        self._pause_ends: dict[bool, float] = {}
        self._silent_posts: deque[float] = deque(maxlen=SILENT_POSTS_A_MINUTE)
        # without a version it would be 6, which counts waits in milliseconds
        self._url = f"{found[1]}/api/v10/webhooks/{found[2]}/{found[3]}"

    def send(self, post: Post) -> Sent:
        """Post or edit, as `Outlet` says."""
        is_edit = bool(post.message_id)
        if (left := self._pause_seconds(post)) > 0:
            raise away(_PAUSE, left)
        call = _Call(self._url, post, post.thread_id or self._thread_id, self._timeout)
        try:
            answer = call.edit() if is_edit else call.api_post_request()
        except (requests.RequestException, UnicodeDecodeError) as error:
            # what the library says holds the address, and with it the token
            raise away(f"Discord was not reached: {type(error).__name__}.") from None
        if answer.history:  # a post that is sent on arrives as a question
            raise refused(f"DISCORD_WEBHOOK_URL leads elsewhere: {_MEND}.")
        said = _document(answer)
        if answer.status_code == 429:
            seconds = _asked_pause(answer, said)
            self._pause_ends[is_edit] = self._clock() + seconds
            raise away(_PAUSE, seconds)
        if not said:  # Discord itself always sends JSON
            raise away(f"Somebody else answered for Discord ({answer.status_code}).")
        words = one_line(str(said.get("message") or answer.reason), 200)
        raise_for(answer.status_code, words, post, _MEND)
        if _is_silent_post(post):
            self._silent_posts.append(self._clock())
        return Sent(str(said.get("id", "")), str(said.get("channel_id", "")), _rest_seconds(answer))

    def _pause_seconds(self, post: Post) -> float:
        """How long such a call has to wait; 0 or less for not at all."""
        ends = self._pause_ends.get(bool(post.message_id), 0.0)
        if _is_silent_post(post) and len(self._silent_posts) == SILENT_POSTS_A_MINUTE:
            ends = max(ends, self._silent_posts[0] + 60)
        return ends - self._clock()

    def look(self) -> str:
        """Ask for the webhook's name, as `Outlet` says."""
        try:
            answer = requests.get(self._url, timeout=self._timeout)
        except requests.RequestException as error:
            raise away(f"Discord was not reached: {type(error).__name__}.") from None
        said = _document(answer)
        if "name" not in said:
            words = one_line(str(said.get("message") or answer.reason), 200)
            told = f"{answer.status_code} {words}"
            raise refused(f"Discord does not know the webhook ({told}): {_MEND}.")
        return f"messages go to the webhook {one_line(str(said['name']), 80)}"


class _Call(DiscordWebhook):  # type: ignore[misc]
    """One call. The package does not wait for ever here, and sends only what is a message."""

    def __init__(self, url: str, post: Post, thread_id: str, timeout: tuple[float, float]) -> None:
        super().__init__(url, timeout=timeout, thread_id=thread_id or None)
        self.id = post.message_id or None
        self.files = {
            f"files[{number}]": (name, text.encode("utf-8", "replace"))
            for number, (name, text) in enumerate(post.files.items())
        }
        self._body = {name: post.body[name] for name in _BODY if name in post.body}
        self._body.setdefault("allowed_mentions", NO_MENTIONS)
        if post.thread_name and not thread_id:
            self._body["thread_name"] = post.thread_name

    @property
    def json(self) -> dict[str, Any]:
        return self._body

    @property
    def _query_params(self) -> dict[str, str]:
        params: dict[str, str] = super()._query_params
        return params | ({"with_components": "true"} if "components" in self._body else {})


def _is_silent_post(post: Post) -> bool:
    return not post.message_id and bool(post.body.get("flags"))


def _document(answer: requests.Response) -> dict[str, Any]:
    """The JSON object of an answer; {} for a page of a proxy, or nothing."""
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _asked_pause(answer: requests.Response, said: dict[str, Any]) -> float:
    """For how long nothing is taken; a minute if nobody says."""
    for given in (said.get("retry_after"), answer.headers.get("Retry-After")):
        try:
            return float(str(given))
        except ValueError:
            continue
    return 60.0


def _rest_seconds(answer: requests.Response) -> float:
    """For how long the next call would be one too many."""
    if answer.headers.get("X-RateLimit-Remaining") != "0":
        return 0.0
    try:
        return min(float(answer.headers.get("X-RateLimit-Reset-After", "0")), 10.0)
    except ValueError:
        return 0.0
