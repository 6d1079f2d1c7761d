"""One delivery to Discord: the card, what is posted beside it, and what stands when it fails."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.discord import DiscordActivities
from activities.discord_note import Manner
from activities.discord_webhook import Webhook
from demo.discord import WEBHOOK_PATH, serve_discord
from demo.discord_channel import Discord, Fault, Limit
from models.notices import Delivered, NoticeRequest
from models.problems import Problem
from models.shown import Log, LogEntry, LogRequest
from models.updates import Update, UpdateKind
from policy.redaction import Redactor
from tests.activities.chat import REQUEST, TASK, ended, update

SECRET = "hunter2-hunter2-hunter2"
KIND = UpdateKind
STARTED = update(KIND.TASK_STARTED, max_turns=50)
ASKED = update(KIND.CONFIRMATION_REQUESTED, command="rm a", word="walrus", request_id=REQUEST)
RESOLVED = update(
    KIND.CONFIRMATION_RESOLVED, "✅ **walrus** was approved", word="walrus", request_id=REQUEST
)


def show_log(request: LogRequest) -> Log:
    return Log(entries=[LogEntry(who="tool", text=f"{request.task_id} read {SECRET}")])


class Teller:
    """A task's deliveries to a stub, one after the other."""

    def __init__(self, discord: Discord, url: str) -> None:
        self.discord = discord
        self.webhook = Webhook(url + WEBHOOK_PATH)
        self.delivered = Delivered()
        self.how: dict[str, Any] = {}
        self.manner = Manner()

    def tell(self, *updates: Update, skipped: int = 0) -> Delivered:
        made = DiscordActivities(
            self.webhook, self.manner, Redactor([SECRET]), show_log, **self.how
        )
        request = NoticeRequest(
            task_id=TASK,
            goal=f"Build it with {SECRET}",
            channel_state=self.delivered.channel_state,
            updates=list(updates),
            skipped=skipped,
        )
        self.delivered = made.post_update(request)
        return self.delivered

    @property
    def methods(self) -> list[str]:
        return [seen.method for seen in self.discord.seen if seen.status == 200]

    @property
    def card(self) -> dict[str, Any]:
        embed: dict[str, Any] = self.discord.messages[0].embeds[0]
        return embed


@pytest.fixture
def teller() -> Iterator[Teller]:
    discord = Discord(limit=Limit(100, 2.0, time.monotonic))
    with serve_discord(discord) as url:
        yield Teller(discord, url)


def test_the_card_is_posted_once_and_edited_from_then_on(teller: Teller) -> None:
    teller.tell(STARTED)
    teller.tell(update(KIND.FILE_EDITED, path="a.py", added=1, removed=0), skipped=7)
    assert teller.methods == ["POST", "PATCH"]
    assert teller.card["title"] == "#a7f3 · Build it with \\[redacted\\]"
    assert "✎ `a.py` (+1 -0)" in teller.card["description"]
    assert "7 updates are not shown here" in teller.card["description"]


def test_a_card_that_somebody_deleted_is_posted_anew(teller: Teller) -> None:
    teller.tell(STARTED)
    teller.discord.messages.clear()
    teller.tell(update(KIND.FILE_EDITED, path="a.py"))
    teller.tell(update(KIND.FILE_EDITED, path="b.py"))
    assert len(teller.discord.messages) == 1
    assert "b.py" in teller.card["description"]


def test_where_something_was_asked_it_is_said_how_it_was_decided(teller: Teller) -> None:
    teller.discord.app_owned = True
    teller.manner = Manner(buttons=True)
    teller.tell(STARTED)
    teller.tell(ASKED)
    assert teller.discord.messages[1].components
    teller.tell(RESOLVED)
    asked = teller.discord.messages[1]
    assert asked.components == []
    assert asked.content == "✅ walrus was approved"
    assert asked.embeds[0]["title"] == "#a7f3 · walrus"
    assert "asking" not in teller.delivered.channel_state


def test_a_reminder_leaves_the_question_to_be_settled(teller: Teller) -> None:
    teller.tell(STARTED, ASKED)
    teller.tell(update(KIND.CONFIRMATION_REMINDER, why="time", request_id=REQUEST))
    teller.tell(RESOLVED)
    assert teller.discord.messages[1].content == "✅ walrus was approved"


def test_a_task_that_ends_takes_its_question_along(teller: Teller) -> None:
    teller.tell(STARTED, ASKED)
    teller.tell(ended())
    asked = teller.discord.messages[1]
    assert asked.content == "⌛ Task #a7f3 ended before this was answered"
    assert asked.components == []


def test_a_card_in_an_archived_thread_is_posted_anew_which_opens_it(teller: Teller) -> None:
    teller.tell(STARTED)
    teller.discord.faults.append(
        Fault(times=2, status=400, code=50083, message="Thread is archived")
    )
    teller.tell(update(KIND.TASK_TIMED_OUT))
    assert teller.methods == ["POST", "POST", "POST"]
    assert "timed out" in teller.discord.messages[-1].content


def test_an_attempt_that_fails_has_posted_nothing(teller: Teller) -> None:
    teller.tell(STARTED)
    before = teller.delivered
    teller.discord.faults.append(Fault(after=1))
    with pytest.raises(ApplicationError):
        teller.tell(ASKED)
    assert teller.delivered is before
    teller.tell(ASKED)
    assert len(teller.discord.messages) == 2


def test_a_first_card_that_stands_is_reported_though_the_rest_failed(teller: Teller) -> None:
    teller.discord.faults.append(Fault(after=1))
    assert teller.tell(ASKED).told == 0
    assert teller.tell(ASKED).told is None
    assert teller.methods == ["POST", "PATCH", "POST"]


def test_a_question_does_not_wait_for_the_card_but_the_end_does(teller: Teller) -> None:
    teller.tell(STARTED)
    teller.discord.faults.append(Fault(status=429, retry_after_seconds=40))
    teller.tell(ASKED)
    assert teller.discord.messages[1].content.startswith("⚠️")
    with pytest.raises(ApplicationError):
        teller.tell(ended())
    assert len(teller.discord.messages) == 2


def test_what_discord_calls_misshapen_goes_as_plain_text(teller: Teller) -> None:
    teller.tell(STARTED)
    teller.discord.faults.append(Fault(after=1, status=400, code=50035))
    teller.tell(update(KIND.PHASE_CHANGED, "Phase: **coding**"))
    assert teller.discord.messages[1].content == "Phase: coding"
    teller.discord.faults.append(Fault(after=1, times=2, status=400, code=50035))
    with pytest.raises(ApplicationError) as raised:
        teller.tell(update(KIND.PHASE_CHANGED))
    assert raised.value.type == Problem.CHANNEL_REFUSED


def test_at_the_end_the_log_is_attached_without_secrets(teller: Teller) -> None:
    teller.tell(STARTED)
    teller.tell(ended())
    (attached,) = teller.discord.messages[-1].attachments
    assert attached["filename"] == "run.log"
    assert teller.discord.files[attached["id"]].decode() == f"[tool]\n{TASK} read [redacted]"
    assert teller.card["fields"][0]["value"] == "completed"


def test_in_a_forum_each_task_has_a_thread(teller: Teller) -> None:
    teller.discord.forum = True
    teller.how = {"forum": True}
    for one in (STARTED, ASKED, RESOLVED):
        teller.tell(one)
    (thread,) = {message.channel_id for message in teller.discord.messages}
    assert teller.delivered.channel_state["thread_id"] == thread
    assert teller.discord.seen[0].body["thread_name"].startswith("#a7f3 Build it")


def test_in_quiet_mode_steps_cause_no_calls_and_are_not_lost_for_the_card(teller: Teller) -> None:
    teller.manner = Manner(detailed=False)
    teller.tell(STARTED)
    teller.tell(update(KIND.FILE_EDITED, path="a.py"), update(KIND.NOTE, by="user", text="x"))
    assert teller.methods == ["POST"]
    teller.tell(update(KIND.PHASE_CHANGED))
    assert "a.py" in teller.card["description"]


def test_without_a_way_out_the_task_is_told_so() -> None:
    nowhere = DiscordActivities(None, Manner(), Redactor(), show_log)
    request = NoticeRequest(task_id=TASK, goal="g", updates=[STARTED])
    with pytest.raises(ApplicationError, match="not set up") as raised:
        nowhere.post_update(request)
    assert raised.value.type == Problem.CHANNEL_REFUSED
