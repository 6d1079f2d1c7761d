"""What is posted to a voice: signed, in order, again under the same name, or not at all."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.voice import SignedWebhook, VoiceActivities
from demo.server import serve
from models.notices import Delivered, NoticeRequest
from models.problems import Problem
from models.task import Phase
from models.updates import Update, UpdateKind
from tests.ports import free_port
from tests.receiver import Receiver

SECRET = "a secret of the voice, which signs"
IN_BASE64 = "whsec_" + base64.b64encode(SECRET.encode()).decode()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@contextmanager
def reached(receiver: Receiver, secret: str = SECRET) -> Iterator[VoiceActivities]:
    with serve(receiver.app) as control:
        yield VoiceActivities(SignedWebhook(f"{control.base_url}/heard?key=hidden", secret))


def update(seq: int, kind: UpdateKind = UpdateKind.TASK_PAUSED, **data: object) -> Update:
    return Update(
        seq=seq,
        at=datetime.now(UTC),
        task_id="task-a7f3",
        kind=kind,
        phase=Phase.CODING,
        chat="**It** happened",
        speak="It happened.",
        data=data,
    )


def told(*updates: Update) -> NoticeRequest:
    goal = "Build a calculator with tests, please, and quickly"
    return NoticeRequest(task_id="task-a7f3", goal=goal, updates=list(updates))


async def speak(voice: VoiceActivities, *updates: Update) -> Delivered:
    return await ActivityEnvironment().run(voice.speak, told(*updates))


@pytest.mark.parametrize("secret", [SECRET, IN_BASE64])
async def test_a_post_is_an_event_that_the_standard_verifies(
    receiver: Receiver, secret: str
) -> None:
    with reached(receiver, secret) as voice:
        word = {"word": "falcon", "command": "rm -rf /", "turn": 3, "cost_usd": 0.25}
        await speak(voice, update(7, UpdateKind.CONFIRMATION_REQUESTED, **word))
    (seen,) = receiver.received
    event = Webhook(IN_BASE64).verify(seen.body, seen.headers)
    assert seen.headers["webhook-id"] == "task-a7f3-7"
    assert event["type"] == "confirmation.requested"
    assert event["data"] == event["data"] | {
        "speak": "It happened.",
        "urgency": "interrupt",
        "goal": "Build a calculator with tests, please",
        "task_seq": 7,
        "turn": 3,
        "cost_usd": 0.25,
    }
    assert "rm -rf" not in json.dumps(event)
    with pytest.raises(WebhookVerificationError):
        Webhook(IN_BASE64).verify(seen.body + b" ", seen.headers)


async def test_posts_keep_their_order_and_the_call_that_began_it(receiver: Receiver) -> None:
    with reached(receiver) as voice:
        start = update(1, UpdateKind.TASK_STARTED, function_call_id="call-1")
        delivered = await speak(voice, start, update(2))
        again = told(update(3)).model_copy(update={"channel_state": delivered.channel_state})
        await ActivityEnvironment().run(voice.speak, again)
    events = [json.loads(seen.body)["data"] for seen in receiver.received]
    assert [event["task_seq"] for event in events] == [1, 2, 3]
    assert {event["function_call_id"] for event in events} == {"call-1"}


async def test_after_a_failure_in_the_middle_the_first_ones_are_not_told_again(
    receiver: Receiver,
) -> None:
    receiver.answers += [(200, {}), (503, {})]
    with reached(receiver) as voice:
        delivered = await speak(voice, update(1), update(2), update(3))
    assert delivered.told == 1
    assert [seen.headers["webhook-id"][-1] for seen in receiver.received] == ["1", "2"]


@pytest.mark.parametrize(
    ("status", "headers", "kind", "seconds"),
    [
        (500, {}, None, None),
        (429, {"retry-after": "7"}, None, 7),
        (429, {"retry-after": "soon"}, None, None),
        (408, {}, None, None),
        (301, {"location": "/elsewhere"}, Problem.CHANNEL_REFUSED, None),
        (400, {}, Problem.CHANNEL_REFUSED, None),
        (401, {}, Problem.CHANNEL_REFUSED, None),
        (404, {}, Problem.CHANNEL_REFUSED, None),
        (410, {}, Problem.CHANNEL_REFUSED, None),
    ],
)
async def test_what_is_refused_for_good_and_what_for_now(
    receiver: Receiver, status: int, headers: dict[str, str], kind: str | None, seconds: int | None
) -> None:
    receiver.answers.append((status, headers))
    with reached(receiver) as voice, pytest.raises(ApplicationError) as failed:
        await speak(voice, update(1))
    assert failed.value.type == kind
    delay = failed.value.next_retry_delay
    assert (delay and delay.total_seconds()) == seconds
    assert str(failed.value).endswith(f"The voice webhook answered {status}.")


async def test_no_error_tells_the_address() -> None:
    url = f"http://127.0.0.1:{free_port()}/heard?key=hidden"
    voice = VoiceActivities(SignedWebhook(url, SECRET))
    with pytest.raises(ApplicationError) as failed:
        await speak(voice, update(1))
    assert failed.value.type is None
    assert str(failed.value) == "The voice webhook cannot be reached (ConnectError)."
    assert failed.value.__cause__ is None


async def test_without_a_webhook_it_is_refused_for_good() -> None:
    with pytest.raises(ApplicationError) as failed:
        await speak(VoiceActivities(), update(1))
    assert failed.value.type == Problem.CHANNEL_REFUSED
