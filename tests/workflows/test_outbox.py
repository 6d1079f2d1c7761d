"""What a task tells reaches Discord in order, nothing lost or doubled, and never holds it up."""

import asyncio
import base64
import itertools
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecution
from temporalio.contrib.workflow_streams import PublishEntry, PublishInput
from temporalio.testing import WorkflowEnvironment

from activities.live import PUBLISH_SIGNAL
from demo.claude import ScriptedClaude
from demo.discord_channel import Fault, Message
from demo.scenarios.steps import finish, run
from demo.script import Text, Turn, call
from models.replies import ConfirmationAnswer
from models.task import Progress, State
from models.updates import TOPIC, UpdateKind
from tests.house import House
from tests.workflows.conftest import Pass
from tests.workflows.discord_house import CODE, Line, a_telling_house, closed, deliveries, replays

LONG_AWAY = timedelta(minutes=15)
"""Discord is tried once a minute then, and each skip over one takes a second of the test."""

WORK = [
    Turn(blocks=[Text(text="I write a file."), call("write_file", path="a.txt", content="a\n")]),
    Turn(blocks=[run("cat a.txt", phase="testing")]),
    Turn(blocks=[finish("Wrote **a.txt**.", checks=["cat a.txt"])]),
]
ASKING = [WORK[0], Turn(blocks=[run("rm a.txt", phase="testing")]), Turn(blocks=[finish("Gone.")])]


def waits(progress: Progress) -> bool:
    return progress.state is State.WAITING_CONFIRMATION


def in_order(messages: list[Message]) -> bool:
    return all(early.timestamp <= late.timestamp for early, late in itertools.pairwise(messages))


@pytest.fixture
async def telling(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path, line: Line
) -> AsyncIterator[House]:
    async with a_telling_house(server.client, claude, tmp_path, line) as house:
        yield house


async def test_a_task_is_told_from_start_to_end(telling: House, line: Line) -> None:
    story = await telling.start(ASKING)
    await line.until_told("⚠️")
    await telling.tasks.confirm(ConfirmationAnswer(code=CODE, channel="voice"))
    await line.until_told("✅ Task")
    short = story.task_id.removeprefix("task-")
    card, asked, *_, ended = line.messages
    assert ended.content == f"✅ Task #{short} completed"
    assert ended.embeds[-1]["description"] == "Gone."
    assert [one["filename"] for one in ended.attachments] == ["run.log"]
    assert asked.content.startswith("✅")
    assert asked.content.endswith("was approved · voice")
    assert "▶ `rm a.txt`" in "\n".join(line.lines)
    assert line.card["State"] == "completed"
    assert "✅ `rm a.txt`" in line.card["lines"]
    assert in_order(line.messages)
    assert len(line.messages) <= 4
    assert card.edited_timestamp
    await replays(story)


async def test_an_outage_neither_slows_the_task_nor_loses_its_end(
    telling: House, line: Line
) -> None:
    line.down()
    story = await telling.start(WORK)
    progress = await closed(story)
    assert progress.state is State.COMPLETED
    assert progress.updated_at - progress.started_at < timedelta(seconds=10)
    line.up()
    await line.until_told("✅ Task")
    assert line.heads == ["", line.heads[1]]
    assert "**Testing**" in line.messages[1].embeds[0]["description"]
    assert line.card["State"] == "completed"


async def test_after_a_long_outage_all_that_a_person_must_notice_comes_in_order(
    telling: House, line: Line, let_pass: Pass
) -> None:
    line.down()
    story = await telling.start(ASKING)
    await story.until(waits)
    await let_pass(story, LONG_AWAY)
    assert (await story.progress()).state is State.PARKED
    line.up()
    await let_pass(story, timedelta(minutes=2))
    await line.until_told("🅿️")
    marks = [head[0] for head in line.heads if head]
    assert marks == ["⚠", "⏰", "⏰", "🅿"]
    await telling.tasks.confirm(ConfirmationAnswer(code=CODE))
    await closed(story)
    await line.until_told("✅ Task")
    assert line.heads[0] == ""
    assert line.card["State"] == "completed"


async def test_of_many_steps_in_an_outage_the_latest_are_told_and_the_others_counted(
    telling: House, line: Line
) -> None:
    line.down()
    story = await telling.start("scenario=long turns=60 bytes=20", max_turns=100)
    first_run = (await story.handle.describe()).run_id
    await closed(story)
    assert (await story.handle.describe()).run_id != first_run
    line.up()
    await line.until_told("✅ Task")
    await replays(story)
    assert len(line.messages) == 2
    assert "updates are not shown here" in line.card["lines"]
    assert line.card["Turn"].startswith("61 ")


async def test_a_history_that_begins_anew_keeps_its_card(telling: House, line: Line) -> None:
    story = await telling.start("scenario=long turns=60 bytes=20", max_turns=100)
    first_run = (await story.handle.describe()).run_id
    await closed(story)
    assert (await story.handle.describe()).run_id != first_run
    await line.until_told("✅ Task")
    assert [message.embeds[0].get("title") is None for message in line.messages].count(False) == 1
    told = [int(found[1]) for text in line.lines if (found := re.search(r"echo turn (\d+)", text))]
    assert len(told) > 20
    assert told == sorted(set(told))
    assert told[-1] == 59
    await replays(story)


async def test_steps_that_follow_each_other_go_together(telling: House, line: Line) -> None:
    writes = [call("write_file", path=f"{number}.txt", content="x") for number in range(20)]
    runs = [run(f"cat {number}.txt", phase="testing") for number in range(5)]
    story = await telling.start([Turn(blocks=[*writes, *runs]), Turn(blocks=[finish("Done.")])])
    progress = await closed(story)
    seconds = (progress.updated_at - progress.started_at).total_seconds()
    assert await deliveries(story) <= 2 + seconds / 2
    await line.until_told("✅ Task")


async def test_what_is_no_update_is_passed_over(telling: House, line: Line) -> None:
    telling.claude.hold("hello/1")
    story = await telling.start("scenario=hello")
    await story.until(lambda progress: progress.turn == 2)
    strange = telling.client.data_converter.payload_converter.to_payload({"kind": "unheard.of"})
    wire = base64.b64encode(strange.SerializeToString()).decode()
    batch = PublishInput(
        items=[PublishEntry(topic=TOPIC, data=wire)], publisher_id="stranger", sequence=1
    )
    await story.handle.signal(PUBLISH_SIGNAL, batch)
    telling.claude.release("hello/1")
    assert (await closed(story)).state is State.COMPLETED
    await line.until_told("✅ Task")
    updates = await story.updates()
    assert updates[-1].kind is UpdateKind.TASK_COMPLETED
    assert len(updates) == updates[-1].seq - 1


async def test_a_webhook_that_is_gone_is_told_once_and_the_task_goes_on(
    telling: House, line: Line
) -> None:
    line.discord.faults.append(Fault(status=404, code=10015, message="Unknown Webhook", times=9))
    story = await telling.start(WORK)
    updates = await story.updates()
    assert updates[-1].kind is UpdateKind.TASK_COMPLETED
    notes = [one.chat for one in updates if one.kind is UpdateKind.NOTE and "Discord" in one.chat]
    (note,) = notes
    assert note.startswith("Discord takes no messages (404 Unknown Webhook): set DISCORD_WEBHOOK")
    assert note.endswith("works. Nothing more of this task is told there.")
    await closed(story)
    assert len(line.discord.seen) == 1


async def test_a_pause_that_discord_asks_for_is_kept(telling: House, line: Line) -> None:
    line.discord.faults.append(Fault(status=429, retry_after_seconds=2.5, times=2))
    asked_at = datetime.now(UTC)
    await telling.start(ASKING)
    await line.until_told("⚠️")
    assert line.messages[0].timestamp - asked_at > timedelta(seconds=5)
    assert [seen.status for seen in line.discord.seen] == [429, 429, 200, 200, 200]


async def test_a_question_does_not_wait_for_the_next_try_of_what_is_quiet(
    telling: House, line: Line
) -> None:
    telling.claude.hold("question")
    held = Turn(gate="question", blocks=ASKING[1].blocks)
    await telling.start([*WORK[:2], held, ASKING[2]])
    await line.until(lambda line: line.messages)
    line.discord.faults.append(Fault(times=100))
    await line.until(lambda line: sum(seen.status == 500 for seen in line.discord.seen) == 4)
    line.discord.faults.clear()  # the fifth try would be 8 s later
    telling.claude.release("question")
    async with asyncio.timeout(6):
        await line.until_told("⚠️")


async def test_an_answer_that_is_lost_leads_to_no_second_card(telling: House, line: Line) -> None:
    story = await telling.start(ASKING)
    await line.until_told("⚠️")
    line.discord.faults.append(Fault(status=502, html=True, saved=True))
    await telling.tasks.confirm(ConfirmationAnswer(code=CODE))
    await closed(story)
    await line.until_told("✅ Task")
    titles = [message.embeds[0].get("title", "") for message in line.messages]
    assert len([title for title in titles if "scenario" in title]) == 1


@pytest.mark.parametrize("is_away", [False, True])
async def test_a_cancel_is_told(telling: House, line: Line, is_away: bool) -> None:
    if is_away:
        line.down()
    story = await telling.start([Turn(blocks=[run("touch begun; sleep 60")])])
    await story.until(lambda _: (story.workspace / "begun").exists())
    await telling.tasks.cancel(story.task_id)
    await closed(story)
    if is_away:
        line.up()
    await line.until_told("🚫")
    assert line.card["State"] == "cancelled"


async def test_a_task_that_cannot_begin_is_told(telling: House, line: Line, tmp_path: Path) -> None:
    story = await telling.start(WORK, project=tmp_path / "none")
    assert (await closed(story)).state is State.FAILED
    await line.until_told("❌ Task")
    assert "there is no such directory" in line.messages[-1].embeds[-1]["description"]
    assert line.card["State"] == "failed"


async def test_quiet_mode_tells_the_essence(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path, line: Line
) -> None:
    fails = Turn(blocks=[run("cat missing.txt", phase="testing")])
    async with a_telling_house(
        server.client, claude, tmp_path, line, enable_detailed_updates=False
    ) as house:
        story = await house.start([WORK[0], fails, *ASKING[1:]])
        await line.until_told("⚠️")
        await house.tasks.confirm(ConfirmationAnswer(code=CODE))
        await closed(story)
        await line.until_told("✅ Task")
    told = "\n".join(line.lines)
    assert "▶" not in told
    assert "**Coding**" in told
    assert "❌ `cat missing.txt`" in told


async def test_without_channels_there_is_nothing_of_it_in_a_history(house: House) -> None:
    story = await house.start(WORK)
    await closed(story)
    history = (await story.handle.fetch_history()).to_json()
    assert "post_update" not in history
    assert '"EVENT_TYPE_TIMER_STARTED"' not in history
    assert "Delivery" not in history


async def test_the_address_is_in_no_history(telling: House, line: Line) -> None:
    line.down()
    story = await telling.start(WORK)
    await closed(story)
    line.up()
    await line.until_told("✅ Task")
    client = telling.client
    query = f"WorkflowId STARTS_WITH '{story.task_id}'"
    found: list[WorkflowExecution] = []
    async with asyncio.timeout(10):
        while len(found) < 2:
            found = [one async for one in client.list_workflows(query)]
            await asyncio.sleep(0.1)
    for one in found:
        history = await client.get_workflow_handle(one.id, run_id=one.run_id).fetch_history()
        assert "demo-webhook-token" not in history.to_json()
