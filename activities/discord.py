"""Tells Discord what a task does: one card that is edited in place, and messages beside it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.discord_card import Card, short_of
from activities.discord_messages import is_shown, note_of, rings, settled
from activities.discord_note import SILENT, Manner, Note
from activities.discord_outlet import BodyRefused, MessageGone, Outlet, Post, Sent, away, refused
from activities.discord_text import cut, plain
from activities.heartbeats import heartbeats_of_thread
from activities.redacting import redacted
from models.contract import Activity
from models.notices import Delivered, NoticeRequest
from models.shown import Log, LogRequest
from models.updates import Update, UpdateKind
from policy.redaction import Redactor

KEPT_QUESTIONS = 5
PULSE_SECONDS = 1.0
LOG_NAME = "run.log"

log = logging.getLogger(__name__)


class Talk(BaseModel):
    """A task's messages: which is the card and what it shows, and which ask something."""

    message_id: str = ""
    thread_id: str = ""
    card: Card = Card()
    asking: dict[str, str] = {}

    def kept(self) -> dict[str, Any]:
        """As the task's history keeps it."""
        return self.model_dump(mode="json", exclude_defaults=True)


class DiscordActivities:
    """Posts and edits by an `outlet`; without one, each task is told so and goes on.

    `show_log` answers a task's conversation, for the log at its end. In a `forum` each task gets a
    thread of its own.
    """

    def __init__(
        self,
        outlet: Outlet | None,
        manner: Manner,
        redactor: Redactor,
        show_log: Callable[[LogRequest], Log],
        *,
        forum: bool = False,
    ) -> None:
        self._outlet = outlet
        self._manner = manner
        self._redactor = redactor
        self._show_log = show_log
        self._forum = forum

    @activity.defn(name=Activity.POST_UPDATE, no_thread_cancel_exception=True)
    def post_update(self, request: NoticeRequest) -> Delivered:
        """Tell a task's updates; at most the last of them rings.

        What is posted comes last, so that an attempt that fails has posted nothing. Only the first
        card is posted before something else, and when that fails, the card is what is reported.
        """
        if self._outlet is None:
            raise refused("Discord is not set up on this worker: see DISCORD_MODE.")
        before = Talk.model_validate(request.channel_state)
        talk = before.model_copy(deep=True)
        updates: list[Update] = redacted(request.updates, self._redactor.text)
        for update in updates:
            talk.card.fold(update)
        talk.card.skipped = request.skipped
        shown = [update for update in updates if is_shown(update, self._manner)]
        if not shown:
            return Delivered(channel_state=talk.kept())
        goal = self._redactor.text(request.goal)
        teller = _Teller(self._outlet, talk, goal, shown[-1], forum=self._forum)
        with heartbeats_of_thread(PULSE_SECONDS):
            try:
                teller.show_card(may_wait=rings(shown[-1]) and not shown[-1].kind.is_end)
                self._tell(shown, teller)
            except ApplicationError as error:
                log.warning("%s was not told: %s", request.task_id, error.message)
                if talk.message_id == before.message_id:
                    raise
                stands = {"message_id": talk.message_id, "thread_id": talk.thread_id}
                return Delivered(channel_state=before.model_copy(update=stands).kept(), told=0)
        return Delivered(channel_state=talk.kept(), rest_seconds=teller.rest_seconds)

    def _tell(self, shown: Sequence[Update], teller: "_Teller") -> None:
        for update in shown:
            teller.settle(update)
        if note := note_of(shown, self._manner):
            teller.say(self._with_log(note, shown[-1]))

    def _with_log(self, note: Note, update: Update) -> Note:
        checkpoint = update.data.get("checkpoint")
        if not (update.kind.is_end and checkpoint):
            return note
        try:
            told = self._show_log(LogRequest(task_id=update.task_id, checkpoint=str(checkpoint)))
        except Exception as error:
            # whatever it is: the end is told, with a log or without
            log.warning("The log of %s is not at hand: %s", update.task_id, type(error).__name__)
            return note
        text = "\n\n".join(f"[{entry.who}]\n{entry.text}" for entry in told.entries)
        note.files[LOG_NAME] = self._redactor.text(text)
        return note


class _Teller:
    """Sends what one delivery comes to, and notes in `talk` what stands then."""

    def __init__(
        self, outlet: Outlet, talk: Talk, goal: str, update: Update, *, forum: bool
    ) -> None:
        self.rest_seconds = 0.0
        self._outlet = outlet
        self._talk = talk
        self._goal = goal
        self._update = update
        self._forum = forum
        self._short = short_of(update.task_id)

    def show_card(self, *, may_wait: bool) -> None:
        """Edit the card; post it where there is none, or none any more.

        In a pause that Discord asks for, a card that `may_wait` is left to the next delivery.
        """
        talk = self._talk
        body = talk.card.body(self._short, self._goal, self._update.at)
        if talk.message_id:
            try:
                self._send("card", body, message_id=talk.message_id)
            except MessageGone:
                talk.message_id = ""
            except ApplicationError as error:
                if not (may_wait and error.next_retry_delay):
                    raise
        if not talk.message_id:
            sent = self._send("card", body | {"flags": SILENT})
            talk.message_id = sent.message_id
            if self._forum:
                talk.thread_id = sent.channel_id

    def settle(self, update: Update) -> None:
        """Where something was asked, say how it was decided, or that the task has ended."""
        asking = self._talk.asking
        decided = list(asking) if update.kind.is_end else []
        if update.kind is UpdateKind.CONFIRMATION_RESOLVED:
            decided = [str(update.data.get("request_id"))]
        for request_id in decided:
            if message_id := asking.pop(request_id, ""):
                self._settle(message_id, settled(update))

    def _settle(self, message_id: str, body: dict[str, Any]) -> None:
        try:
            self._send("settled", body, message_id=message_id)
        except MessageGone:
            log.info("A question on Discord was deleted before it was answered")

    def say(self, note: Note) -> None:
        """Post a message of its own."""
        sent = self._send("note", note.body, files=note.files)
        if note.asks:
            asking = {**self._talk.asking, note.asks: sent.message_id}
            self._talk.asking = dict([*asking.items()][-KEPT_QUESTIONS:])

    def _send(
        self,
        part: str,
        body: dict[str, Any],
        *,
        message_id: str = "",
        files: dict[str, str] | None = None,
    ) -> Sent:
        opens_thread = self._forum and not self._talk.thread_id
        post = Post(
            body=body,
            update=self._update,
            part=part,
            files=files or {},
            message_id=message_id,
            thread_id=self._talk.thread_id,
            thread_name=cut(f"#{self._short} {self._goal}", 100) if opens_thread else "",
        )
        if activity.in_activity() and activity.is_cancelled():
            raise away("This attempt was given up; a later one tells it.")
        try:
            sent = self._outlet.send(post)
        except BodyRefused as error:
            log.warning("Discord calls a message misshapen, it goes as plain text: %s", error)
            sent = self._send_plainly(post)
        self.rest_seconds = sent.rest_seconds
        return sent

    def _send_plainly(self, post: Post) -> Sent:
        words = plain(self._update.chat.replace("**", ""), 1_900)
        simple: dict[str, Any] = {"content": words or "…", "embeds": [], "components": []}
        if "flags" in post.body:
            simple["flags"] = post.body["flags"]
        try:
            return self._outlet.send(replace(post, body=simple, files={}))
        except BodyRefused as error:
            if post.message_id:  # its thread was archived, which only a new message undoes
                raise MessageGone(str(error)) from None
            raise refused(f"Discord takes no message of this task: {error}") from None
