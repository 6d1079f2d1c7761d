"""The circle with the real n8n: asked in a channel, answered there, carried to the task.

Run it with scripts/n8n-circle. Figures that it prints are those of docs/n8n.md.
"""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from demo.app import create_app
from demo.claude import ScriptedClaude
from demo.discord_channel import CHANNEL_ID, Fault, Message
from demo.scenarios import all_scenarios
from demo.server import serve
from models.task import Progress, State
from models.updates import UpdateKind
from tests.asking import COMMAND, asked, commands_run, of_kind, removal
from tests.end_to_end.machine import a_machine
from tests.house import Story
from tests.n8n.circle import CODE, KEY, Channel, Circle, a_circle

pytestmark = [pytest.mark.n8n, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def claude() -> Iterator[tuple[ScriptedClaude, str]]:
    scripted = ScriptedClaude(all_scenarios(0.0), pace=0.0)
    with serve(create_app(scripted)) as control:
        yield scripted, control.base_url


@pytest.fixture(scope="module")
async def circle(
    claude: tuple[ScriptedClaude, str],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Circle]:
    home = request.config.getoption("--n8n")
    assert isinstance(home, Path)
    discord = Channel()
    discord.up()
    try:
        async with (
            a_machine(tmp_path_factory.mktemp("machine"), claude) as machine,
            machine.crew() as crew,
            a_circle(machine, crew, discord, home) as circle,
        ):
            tell("n8n ready, first start with import", circle.n8n.seconds)
            yield circle
    finally:
        discord.down()


async def begin(circle: Circle) -> Story:
    """Start a task that asks, and wait until the channel shows the question."""
    story = await circle.crew.house.start(removal())
    waiting = await asked(story)
    seconds = await circle.until_shown(lambda text: waiting.word in text, "the question")
    tell("question in the channel after the task asked", seconds)
    return story


async def completed(story: Story) -> Progress:
    """The end of a task whose command has run, once."""
    progress = await story.end()
    assert progress.state is State.COMPLETED, progress
    assert commands_run(await story.updates()).count(COMMAND) == 1
    assert not (story.workspace / "scratch.txt").exists()
    return progress


async def asked_and_ended(circle: Circle, story: Story) -> None:
    """One message for the question, edited since, and one for the end: none lost, none twice."""
    (requested,) = of_kind(await story.updates(), UpdateKind.CONFIRMATION_REQUESTED)
    names = requested.data["word"], f"#{story.task_id.removeprefix('task-')} completed"
    await circle.until_shown(lambda _: len(circle.heads(*names)) >= 2, "question and end")
    question, end = circle.heads(*names)
    assert "was approved" in question
    assert "completed" in end


def tell(what: str, seconds: float) -> None:
    print(f"{what}: {seconds:.2f} s")  # noqa: T201 - for docs/n8n.md


def there(circle: Circle, message: Message) -> bool:
    return message in circle.discord.messages


def event(circle: Circle, text: str, mark: str, **more: object) -> httpx2.Response:
    """As the worker tells n8n of an update."""
    return httpx2.post(
        f"{circle.n8n_url}/coding-events",
        json={"discord": {"method": "POST", "body": {"content": text}} | more},
        headers={"X-TARS-Key": KEY, "Idempotency-Key": mark},
        timeout=20,
    )


def test_what_discord_says_reaches_the_sender(circle: Circle) -> None:
    circle.discord.faults += [
        Fault(status=429, retry_after_seconds=7.5),
        Fault(status=502, html=True),
        Fault(status=404, message="Unknown Webhook", code=10015),
    ]
    slow, away, gone = (event(circle, "hello", "said") for _ in range(3))
    assert (slow.status_code, slow.headers["retry-after"]) == (429, "8")
    assert slow.json()["retry_after"] == 7.5
    assert (away.status_code, away.json()["discord_status"]) == (502, 502)
    assert (gone.status_code, gone.json()["error"]) == (422, "Unknown Webhook")


def test_an_event_that_comes_twice_is_posted_once(circle: Circle) -> None:
    first, second = (event(circle, "posted once", "twice") for _ in range(2))
    assert first.json() == second.json()
    assert circle.discord.contents.count("posted once") == 1


def test_the_log_arrives_as_a_file(circle: Circle) -> None:
    text = "[you]\nGo äön\n"
    posted = event(circle, "the end", "log", files={"run.log": text})
    message = circle.discord.find(posted.json()["message_id"], CHANNEL_ID)
    (attachment,) = message.attachments
    assert (message.content, attachment["filename"]) == ("the end", "run.log")
    assert circle.discord.files[attachment["id"]].decode() == text


async def test_a_code_typed_in_the_channel_is_polled(circle: Circle) -> None:
    story = await begin(circle)
    began = time.monotonic()
    typed = circle.types(CODE)
    await completed(story)
    tell("polled: code typed to task completed", time.monotonic() - began)
    await circle.until_shown(lambda _: not there(circle, typed), "the code's removal")
    await asked_and_ended(circle, story)


async def test_a_code_posted_as_a_message_is_carried_at_once_and_counts_once(
    circle: Circle,
) -> None:
    story = await begin(circle)
    began = time.monotonic()
    typed = circle.types(f"{CODE} #{story.task_id.removeprefix('task-')}")
    answered = post(circle, typed)
    assert (answered.status_code, answered.json().get("outcome")) == (200, "accepted"), (
        answered.text
    )
    tell("message: code typed to accepted", time.monotonic() - began)
    await completed(story)
    tell("message: code typed to task completed", time.monotonic() - began)
    # the poll has read it as well by then, and the api knew it
    assert post(circle, typed).json() == answered.json()
    await circle.until_shown(lambda _: not there(circle, typed), "the code's removal")


async def test_a_no_with_its_reason_reaches_claude(circle: Circle) -> None:
    story = await begin(circle)
    circle.types("deny because it is mine")
    progress = await story.end()
    assert progress.result
    assert "it is mine" in progress.result.summary
    assert COMMAND not in commands_run(await story.updates())


async def test_a_wrong_code_is_told_and_chat_costs_no_try(circle: Circle) -> None:
    story = await begin(circle)
    circle.types("I have 9999 apples")
    await circle.two_polls()
    wrong = circle.types("9999")
    await circle.until_shown(lambda text: "2 tries left" in text, "what was wrong")
    await circle.until_shown(lambda _: not there(circle, wrong), "the code's removal")
    assert circle.shown().count("2 tries left") == 1
    circle.types(f"{CODE} unicorn")
    await circle.until_shown(lambda text: "'unicorn' belongs to no" in text, "what was wrong")
    circle.types(CODE)
    await completed(story)


async def test_what_is_typed_while_the_api_is_away_is_not_lost(circle: Circle) -> None:
    story = await begin(circle)
    circle.api.stop()
    circle.types(CODE)
    await circle.two_polls()
    await circle.api.start()
    await completed(story)


async def test_what_is_typed_while_n8n_is_away_is_not_lost(circle: Circle) -> None:
    story = await begin(circle)
    circle.n8n.stop()
    circle.forget_import()  # it takes its workflows over themselves
    circle.types(CODE)
    await circle.n8n.start()
    tell("n8n ready, later start with import", circle.n8n.seconds)
    await completed(story)
    await asked_and_ended(circle, story)


async def test_discord_is_slow_and_nothing_is_lost_or_doubled(circle: Circle) -> None:
    circle.discord.faults += [
        Fault(status=429, retry_after_seconds=1.0, times=2),
        Fault(status=502, html=True),
    ]
    story = await begin(circle)
    circle.types(CODE)
    await completed(story)
    await asked_and_ended(circle, story)


async def test_what_is_told_while_discord_is_away_is_told_afterwards_once(
    circle: Circle,
) -> None:
    circle.discord.down()
    story = await circle.crew.house.start(removal())
    word = (await asked(story)).word
    circle.discord.up()
    tell("Discord back, to the question", await circle.until_shown(lambda text: word in text, word))
    circle.types(CODE)
    await completed(story)
    await asked_and_ended(circle, story)


async def test_n8n_takes_nothing_without_the_key(circle: Circle) -> None:
    for path in ("coding-events", "discord-message"):
        refused = httpx2.post(f"{circle.n8n_url}/{path}", json={}, headers={"X-TARS-Key": "no"})
        assert refused.status_code == 403


def test_nobody_can_become_the_owner_of_n8n(circle: Circle) -> None:
    who = {"email": "a@example.org", "firstName": "A", "lastName": "B", "password": "Abcdefgh1"}
    base = circle.n8n_url.removesuffix("/webhook")
    refused = httpx2.post(f"{base}/rest/owner/setup", json=who, timeout=20)
    assert refused.status_code == 400, refused.text
    assert "already setup" in refused.text


def test_chat_that_is_posted_is_left_alone(circle: Circle) -> None:
    answered = post(circle, circle.types("good morning"))
    assert (answered.status_code, answered.json()["outcome"]) == (200, "no_answer")


def post(circle: Circle, typed: Message) -> httpx2.Response:
    """As a gateway bot tells n8n of a message."""
    return httpx2.post(
        f"{circle.n8n_url}/discord-message",
        json=typed.model_dump(mode="json"),
        headers={"X-TARS-Key": KEY},
        timeout=20,
    )
