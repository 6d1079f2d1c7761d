"""Discord by way of n8n: each update with its message goes to a workflow there, which posts it."""

from typing import Any
from urllib.parse import urlsplit

import requests

from activities.discord_outlet import Post, Sent, away, raise_for, refused
from activities.discord_text import one_line
from activities.discord_webhook import NO_MENTIONS

CONNECT_SECONDS = 3.05
READ_SECONDS = 20.0
"""n8n itself waits for Discord for 10 s."""

KEY_HEADER = "X-TARS-Key"
_MEND = "set the DISCORD_WEBHOOK_URL of n8n to one that works"


class N8n:
    """The workflow `tars-events-to-discord` at `url`; `key` is its header's value.

    It answers with the message's id, and with Discord's own status where that took nothing
    (n8n/code/answer.js).
    """

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key

    def send(self, post: Post) -> Sent:
        """Post or edit, as `Outlet` says."""
        update = post.update
        # with the time, for a task that was reset tells other things under the same numbers
        mark = f"{update.task_id}-{update.seq}-{update.at.timestamp():.3f}-{post.part}"
        try:
            answer = requests.post(
                self._url,
                json=update.model_dump(mode="json") | {"id": mark, "discord": _message(post)},
                headers={KEY_HEADER: self._key, "Idempotency-Key": mark},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise away(f"n8n was not reached: {type(error).__name__}.") from None
        return _sent(answer, post)

    def look(self) -> str:
        """Ask for n8n's own health, as `Outlet` says; the key is tried by the first update."""
        host = "{0.scheme}://{0.netloc}".format(urlsplit(self._url))
        try:
            answer = requests.get(f"{host}/healthz", timeout=(CONNECT_SECONDS, READ_SECONDS))
        except requests.RequestException as error:
            raise away(f"n8n was not reached: {type(error).__name__}.") from None
        if not answer.ok:
            raise away(f"n8n is not well ({answer.status_code}).")
        return "n8n is there, and takes what tasks tell"


def _message(post: Post) -> dict[str, Any]:
    method = "PATCH" if post.message_id else "POST"
    body = {"allowed_mentions": NO_MENTIONS} | post.body
    message = {"method": method, "message_id": post.message_id or None, "body": body}
    return message | ({"files": post.files} if post.files else {})


def _sent(answer: requests.Response, post: Post) -> Sent:
    try:
        said = answer.json()
    except ValueError:
        said = None
    said = said if isinstance(said, dict) else {}
    words = one_line(str(said.get("error") or said.get("message") or answer.reason), 200)
    if answer.status_code in {401, 403}:
        raise refused(f"n8n does not take the key ({words}): set N8N_WEBHOOK_KEY as in n8n.")
    if answer.status_code == 429:
        raise away("Discord asks for a pause.", _seconds(said.get("retry_after")))
    # with another status Discord has refused, or n8n is not up yet: while it starts, it says 404
    if answer.status_code == 422:
        raise_for(int(_seconds(said.get("discord_status")) or 400), words, post, _MEND)
    if answer.status_code >= 300:
        raise away(f"n8n did not take an update ({answer.status_code} {words}).")
    return Sent(str(said.get("message_id") or ""))


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
