"""Telling voices: into the feed that they listen to, and by signed webhook."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import httpx2
from standardwebhooks import Webhook
from temporalio import activity
from temporalio.exceptions import ApplicationError

from models.announcements import CALL_ID, Announced, Announcement, FeedMemory, urgency_of
from models.contract import ANNOUNCEMENTS_TYPE, FEED_SUMMARY, Activity, FeedSignal, announcements_id
from models.notices import Delivered, NoticeRequest
from models.problems import Problem
from models.speech import title
from models.updates import Update

WEBHOOK_TIMEOUT_SECONDS = 10.0

BATCH_SECONDS = 30.0
"""After which an attempt tells how far it came: it has a minute, and a receiver may be slow."""

_FACTS = ("word", "request_id", "reason", "expires_at", "tries_left", "outcome", "cause")
"""What a voice needs of an update's data to answer or to tell more."""

_TRY_AGAIN = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}
"""Refusals that are for now alone."""


class VoiceActivities:
    """The two ways to a voice. Without a webhook, only the feed is used."""

    def __init__(self, webhook: "SignedWebhook | None" = None) -> None:
        self._webhook = webhook

    @activity.defn(name=Activity.ANNOUNCE)
    async def announce(self, request: NoticeRequest) -> Delivered:
        """Put updates into the feed of all tasks; those that it has already are dropped there."""
        state, items = _announcements(request)
        queue = activity.info().task_queue
        await activity.client().start_workflow(
            ANNOUNCEMENTS_TYPE,
            FeedMemory(),
            id=announcements_id(queue),
            task_queue=queue,
            static_summary=FEED_SUMMARY,
            start_signal=FeedSignal.ANNOUNCE,
            start_signal_args=[Announced(items=items)],
        )
        return Delivered(channel_state=state)

    @activity.defn(name=Activity.SPEAK)
    async def speak(self, request: NoticeRequest) -> Delivered:
        """Post updates to the voice's own address, one by one, until one does not arrive."""
        if self._webhook is None:
            raise ApplicationError(
                "VOICE_WEBHOOK_URL is not set for this worker.", type=Problem.CHANNEL_REFUSED
            )
        state, items = _announcements(request)
        enough = time.monotonic() + BATCH_SECONDS
        for told, item in enumerate(items):
            try:
                await self._webhook.post(item)
            except ApplicationError:
                if told == 0:
                    raise
                return Delivered(channel_state=state, told=told)
            if time.monotonic() > enough:
                return Delivered(channel_state=state, told=told + 1)
        return Delivered(channel_state=state)


def _announcements(request: NoticeRequest) -> tuple[dict[str, Any], Sequence[Announcement]]:
    """What is to be heard, and the state to keep: the call that started the task."""
    state = dict(request.channel_state)
    items = []
    for update in request.updates:
        if call_id := update.data.get(CALL_ID):
            state[CALL_ID] = call_id
        items.append(_announcement(update, title(request.goal), state.get(CALL_ID, "")))
    return state, items


def _announcement(update: Update, goal: str, call_id: str) -> Announcement:
    data = update.data
    return Announcement(
        at=update.at,
        task_id=update.task_id,
        task_seq=update.seq,
        kind=update.kind,
        urgency=urgency_of(update.kind, update.speak),
        speak=update.speak,
        goal=goal,
        turn=data.get("turn", 0),
        cost_usd=data.get("cost_usd", 0.0),
        function_call_id=call_id,
        data={name: data[name] for name in _FACTS if name in data} | {"phase": update.phase},
    )


class SignedWebhook:
    """Posts announcements as Standard Webhooks (https://www.standardwebhooks.com).

    `secret` is `whsec_` and base64, or plain text.
    """

    def __init__(self, url: str, secret: str) -> None:
        self._tls = httpx2.create_ssl_context()  # takes 20 ms
        self._url = url
        self._signer = Webhook(secret if secret.startswith("whsec_") else secret.encode())

    async def post(self, item: Announcement) -> None:
        """Post one; the same announcement always has the same `webhook-id`.

        Raises:
            ApplicationError: it did not arrive; of type ChannelRefused when it never will.
        """
        body = _body(item)
        try:
            async with httpx2.AsyncClient(
                verify=self._tls, timeout=WEBHOOK_TIMEOUT_SECONDS
            ) as client:
                answer = await client.post(
                    self._url, content=body.encode(), headers=self._headers(item, body)
                )
        except httpx2.HTTPError as error:
            # neither the address nor the error's own words: both may hold a secret
            raise ApplicationError(
                f"The voice webhook cannot be reached ({type(error).__name__})."
            ) from None
        if not answer.is_success:
            raise _refusal(answer)

    def _headers(self, item: Announcement, body: str) -> dict[str, str]:
        message_id, now = f"{item.task_id}-{item.task_seq}", datetime.now(UTC)
        return {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(message_id, now, body),
        }


def _body(item: Announcement) -> str:
    """An event as the standard has it; the feed's own number is not known here."""
    data = item.model_dump_json(exclude={"seq"})
    return f'{{"type":"{item.kind}","timestamp":"{item.at.isoformat()}","data":{data}}}'


def _refusal(answer: httpx2.Response) -> ApplicationError:
    status = answer.status_code
    sentence = f"The voice webhook answered {status}."
    if status in _TRY_AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ApplicationError(sentence, next_retry_delay=_asked_delay(answer))
    return ApplicationError(sentence, type=Problem.CHANNEL_REFUSED)


def _asked_delay(answer: httpx2.Response) -> timedelta | None:
    seconds = answer.headers.get("retry-after", "")
    return timedelta(seconds=min(int(seconds), 3600)) if seconds.isdecimal() else None
