"""A worker that dies while it tells Discord: the next one tells it, once, and in order."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from demo.app import create_app
from demo.claude import ScriptedClaude
from demo.discord_channel import Fault
from demo.scenarios import all_scenarios
from demo.scenarios.steps import finish, run
from demo.script import Turn, call
from demo.server import serve
from models.replies import ConfirmationAnswer
from tests.end_to_end.machine import Crew, a_machine, until
from tests.workflows.discord_house import CODE, Line

ASKING = [
    Turn(blocks=[call("write_file", path="a.txt", content="a\n")]),
    Turn(blocks=[run("rm a.txt", phase="testing")]),
    Turn(blocks=[finish("Gone.")]),
]
CALLS_BEFORE_THE_QUESTION = 2
"""The card is posted, then edited; the question is the third."""


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    line.up()
    yield line
    line.down()


@pytest.fixture
async def crew(tmp_path: Path) -> AsyncIterator[Crew]:
    scripted = ScriptedClaude(all_scenarios(0.0), pace=0.0)
    with serve(create_app(scripted)) as control:
        async with (
            a_machine(tmp_path, (scripted, control.base_url)) as machine,
            machine.crew() as crew,
        ):
            yield crew


async def test_a_question_that_was_on_its_way_is_asked_by_the_next_worker(
    crew: Crew, line: Line
) -> None:
    discord = {
        "DISCORD_WEBHOOK_URL": line.address.get_secret_value(),
        "CONFIRMATION_CODE": CODE,
    }
    first = await crew.start_worker(**discord)
    line.discord.faults.append(Fault(after=CALLS_BEFORE_THE_QUESTION, hang_seconds=60))
    story = await crew.house.start(ASKING)
    await until(lambda: len(line.discord.seen) > CALLS_BEFORE_THE_QUESTION, "the question")
    first.kill()
    await crew.start_worker(**discord)
    await line.until_told("⚠️")
    await crew.house.tasks.confirm(ConfirmationAnswer(code=CODE), story.task_id)
    await line.until_told("✅ Task")
    titles = [message.embeds[0].get("title", "") for message in line.messages]
    assert sum(story.goal[:8] in title for title in titles) == 1
    asked, ended = [head for head in line.heads if head]
    assert "was approved" in asked
    assert ended.startswith("✅ Task")
