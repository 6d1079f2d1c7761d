"""What a command prints: told while it runs, bounded, and whole for Claude to read."""

import asyncio
import dataclasses
import re

from temporalio.testing import ActivityEnvironment

from activities.live import LiveUpdates
from activities.live_output import LiveOutput
from demo.scenarios.steps import finish, run
from demo.script import Conversation, Turn, call
from models.task import Phase, State
from models.updates import Update, UpdateKind
from policy.redaction import Redactor
from tests.house import House, Story
from workspace.processes import Command

LIVE_BYTES = 16_000
REST_CHARACTERS = 4_000
LINE_CHARACTERS = 400
FLOOD_LINES = 300_000

DONE = Turn(blocks=[finish("Done.", checks=["true"])])


async def output(story: Story) -> list[Update]:
    """The updates with output; returns once the task has ended."""
    found = [update for update in await story.updates() if update.kind is UpdateKind.COMMAND_OUTPUT]
    assert (await story.progress()).state is State.COMPLETED
    return found


def text(updates: list[Update]) -> str:
    return "\n".join(str(update.data["text"]) for update in updates)


async def test_the_first_line_is_seen_within_a_second_and_the_others_soon(house: House) -> None:
    ticking = "for i in 1 2 3 4 5 6; do date +%s.%N; sleep 0.4; done"
    story = await house.start([Turn(blocks=[run(ticking, phase="testing")]), DONE])
    delays = [
        update.at.timestamp() - float(line)
        for update in await output(story)
        for line in str(update.data["text"]).split()
    ]
    assert len(delays) == 6
    assert delays[0] < 1
    assert max(delays) < 2


async def test_a_reader_sees_a_line_while_the_command_runs(house: House) -> None:
    story = await house.start("scenario=waiting")
    seen: list[Update] = []

    async def read() -> None:
        async for update in house.tasks.follow(story.task_id):
            seen.append(update)
            if update.kind is UpdateKind.COMMAND_OUTPUT:
                (story.workspace / "go").write_text("gone\n")

    await asyncio.wait_for(read(), 20)
    told = [update for update in seen if update.kind is UpdateKind.COMMAND_OUTPUT]
    assert text(told).split() == ["waiting", "gone"]


async def test_an_unfinished_line_is_told_as_well(house: House) -> None:
    asking = "printf 'Continue? '; until [ -e go ]; do sleep 0.05; done; echo yes"
    story = await house.start([Turn(blocks=[run(asking, phase="testing")]), DONE])
    async for update in house.tasks.follow(story.task_id):
        if update.kind is UpdateKind.COMMAND_OUTPUT:
            (story.workspace / "go").touch()
    assert text(await output(story)).split() == ["Continue?", "yes"]


async def test_a_long_line_is_cut(house: House) -> None:
    long = "head -c 50000 /dev/zero | tr '\\0' x; echo; sleep 1.5; echo end"
    story = await house.start([Turn(blocks=[run(long, phase="testing")]), DONE])
    lines = text(await output(story)).split("\n")
    assert max(map(len, lines)) == LINE_CHARACTERS
    assert lines[-1] == "end"


async def test_a_flood_is_capped_and_claude_can_read_all_of_it(house: House) -> None:
    """Claude gets head and tail, the exit code and a name; the file of that name has it all."""

    def look(talk: Conversation) -> Turn:
        (name,) = re.findall(r"read_file (\S+\.txt)", talk.results[0])
        middle = FLOOD_LINES // 2
        return Turn(blocks=[call("read_file", path=name, start_line=middle, end_line=middle + 2)])

    flood = f"seq {FLOOD_LINES}; exit 3"
    story = await house.start([Turn(blocks=[run(flood, phase="testing")]), look, DONE])
    told = text(await output(story))
    assert len(told) < LIVE_BYTES + REST_CHARACTERS
    assert told.split()[-1] == str(FLOOD_LINES)
    assert "not shown" in told

    log = await house.tasks.log(story.task_id)
    result, read = [entry.text for entry in log.entries if entry.who == "tool"]
    assert result.startswith("[exit code 3 ")
    assert "\n1\n2\n3\n" in result
    assert f"\n{FLOOD_LINES}" in result
    assert "left out" in result
    assert len(result) < 12_000
    middle = FLOOD_LINES // 2
    assert [line.split()[-1] for line in read.splitlines() if line.strip()[:1].isdigit()] == [
        str(middle + at) for at in range(3)
    ]


class Desk:
    """A command of a task that waits, and attempts that tell what it prints."""

    def __init__(self, house: House, story: Story) -> None:
        self.story = story
        self.command = Command(story.home / "commands" / "by-hand")
        self.command.directory.mkdir()
        self.environment = ActivityEnvironment(client=house.client)
        info = ActivityEnvironment.default_info()
        self.environment.info = dataclasses.replace(info, workflow_id=story.task_id)

    def prints(self, words: str) -> None:
        with self.command.output.open("a") as file:
            file.write(words)

    async def attempt(self) -> LiveOutput:
        """An attempt that has just taken up the command."""

        async def take_up() -> LiveOutput:
            live = LiveUpdates.of_this_activity(self.story.task_id, Phase.TESTING, Redactor())
            output = LiveOutput(self.command, live, "by-hand", Redactor())
            await output.take_up()
            return output

        output: LiveOutput = await self.environment.run(take_up)
        return output

    async def tell(self, output: LiveOutput) -> None:
        output._next_part = 0.0
        await self.environment.run(output.tell)


async def test_each_part_is_told_once_whichever_attempts_tell_it(house: House) -> None:
    house.claude.hold("parts")
    story = await house.start([Turn(gate="parts", blocks=[run("true", phase="testing")]), DONE])
    await story.until(lambda _: bool(story.calls()))
    desk = Desk(house, story)
    first = await desk.attempt()
    desk.prints("1\n2\nhal")
    await desk.tell(first)
    second = await desk.attempt()  # cannot know whether what was told last has arrived
    desk.prints("f\n3\n")
    await desk.tell(second)
    await desk.tell(first)  # comes back and does not know that it was given up
    desk.prints("4\n")
    third = await desk.attempt()
    await desk.tell(third)
    await desk.tell(first)
    await desk.tell(second)
    house.claude.release("parts")
    assert text(await output(story)).split() == ["1", "2", "half", "3", "4"]


async def test_a_part_that_was_noted_and_never_sent_is_told(house: House) -> None:
    house.claude.hold("noted")
    story = await house.start([Turn(gate="noted", blocks=[run("true", phase="testing")]), DONE])
    await story.until(lambda _: bool(story.calls()))
    desk = Desk(house, story)
    desk.prints("1\n2\n3\n")
    (desk.command.directory / "told").write_text("[0, 4]")
    await desk.tell(await desk.attempt())
    house.claude.release("noted")
    assert text(await output(story)).split() == ["1", "2", "3"]
