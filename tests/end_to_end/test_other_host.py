"""A host dies with all that was on it: its tasks go on on another one, from the remote.

Two workers with homes of their own are two hosts; the second is started when the first is dead,
which is noticed after 10 s. So all tasks lose their host at once, and each test looks at one.
"""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from demo.app import create_app
from demo.claude import ScriptedClaude
from demo.scenarios import all_scenarios
from demo.script import Conversation, Scenario, Turn, call
from demo.server import serve
from models.replies import ConfirmOutcome
from models.task import ParkedCause, State
from models.updates import Update, UpdateKind
from tests.asking import CODE, asked, commands_run, removal, the_code
from tests.end_to_end.acts import DONE, WATCHED, run
from tests.end_to_end.machine import DEADLINE_SECONDS, Crew, a_machine, until
from tests.house import Story
from tests.project_task import git, grow
from workspace.processes import Command

TURNS = 8
DIES_AT = 4
GATE = "host dies"


class Hosts:
    """Two hosts that share nothing but Temporal, Claude, a remote, and a project on a third."""

    def __init__(self, crew: Crew, place: Path) -> None:
        self.crew = crew
        self.one, self.two = place / "one", place / "two"
        self.remote, self.project = place / "remote.git", place / "project"
        for directory in (self.one, self.two, self.project):
            directory.mkdir()
        git(place, "init", "--bare", str(self.remote))
        git(self.project, "init")
        grow(self.project, "README.md")
        self.stories: dict[str, Story] = {}

    async def start_worker(self, home: Path) -> None:
        keys = (self.crew.house.settings.tars_home / "payload.keys").read_text().strip()
        await self.crew.start_worker(
            TARS_HOME=str(home),
            PAYLOAD_KEY=keys,
            CHECKPOINT_REMOTE=str(self.remote),
            CONFIRMATION_CODE=CODE,
        )

    async def begin(self) -> None:
        """Bring one task into each state on the first host."""
        self.crew.house.claude.hold(GATE)
        start = self.crew.house.start
        self.stories = {
            "thinking": await start(counting, project=self.project),
            "commanding": await start(watched()),
            "asking": await start(removal()),
            "parked": await start(watched()),
            "paused": await start(watched()),
        }
        await until(lambda: len(self.stories["thinking"].calls()) > DIES_AT, "the thought")
        for name in ("commanding", "parked", "paused"):
            await until((self.workspace(name, self.one) / "began.txt").exists, "a command")
        await asked(self.stories["asking"])
        # The end of the command cannot be kept, for there is no place for the marker.
        (self.workspace("parked", self.one).parent / "marker").mkdir()
        await self.stories["paused"].tasks.pause(self.stories["paused"].task_id)
        for name in ("parked", "paused"):
            (self.workspace(name, self.one) / "go").touch()
        parked = await self.stories["parked"].until(lambda seen: seen.state is State.PARKED)
        assert parked.parked_cause is ParkedCause.HOST
        await self.stories["paused"].until(lambda seen: seen.state is State.PAUSED)

    async def lose_the_first(self) -> None:
        """Kill all that runs on the first host, and take its disk away."""
        self.crew.workers[0].kill()
        for status in self.one.glob("tasks/*/commands/*/status"):
            await Command(status.parent).stop()
        shutil.rmtree(self.one)

    async def go_on(self) -> None:
        """Let people do what they do, who know nothing of hosts."""
        tasks, stories = self.crew.house.tasks, self.stories
        await tasks.resume(stories["parked"].task_id)
        await tasks.cancel(stories["paused"].task_id)
        await until(lambda: len(stories["thinking"].calls()) > DIES_AT + 1, "the thought again")
        self.crew.house.claude.release(GATE)
        reply = await tasks.confirm(the_code(), stories["asking"].task_id)
        assert reply.outcome is ConfirmOutcome.ACCEPTED

    def workspace(self, name: str, home: Path | None = None) -> Path:
        return (home or self.two) / "tasks" / self.stories[name].task_id / "workspace"

    def ran(self, name: str) -> int:
        """Commands of a task that ran on the second host."""
        return len(list(self.workspace(name).parent.glob("commands/*/status")))


def counting(talk: Conversation) -> Turn:
    """Append the number of the turn to a file by an edit, to another by a command."""
    if talk.turn >= TURNS:
        return DONE
    edit = call("edit_file", path="edited.txt", old_text="end", new_text=f"{talk.turn}\nend")
    if talk.turn == 0:
        edit = call("write_file", path="edited.txt", content="0\nend\n")
    add = run(f"echo {talk.turn} >> ran.txt; echo turn-{talk.turn}")
    return Turn(gate=GATE if talk.turn == DIES_AT else "", blocks=[edit, add])


def watched() -> Scenario:
    keep = call("write_file", path="kept.txt", content="kept\n")
    return [Turn(blocks=[keep, run(WATCHED)]), Turn(blocks=[run("ls")]), DONE]


@pytest.fixture(scope="module")
def claude() -> Iterator[tuple[ScriptedClaude, str]]:
    scripted = ScriptedClaude(all_scenarios(0.0), pace=0.0, keep_bodies=True)
    with serve(create_app(scripted)) as control:
        yield scripted, control.base_url


@pytest.fixture(scope="module")
async def hosts(
    claude: tuple[ScriptedClaude, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Hosts]:
    """Five tasks that have lost their host."""
    async with (
        a_machine(tmp_path_factory.mktemp("temporal"), claude) as machine,
        machine.crew() as crew,
    ):
        hosts = Hosts(crew, tmp_path_factory.mktemp("hosts"))
        await hosts.start_worker(hosts.one)
        await hosts.begin()
        await hosts.lose_the_first()
        await hosts.start_worker(hosts.two)
        await hosts.go_on()
        yield hosts


async def test_a_long_task_is_whole_although_its_host_is_gone(hosts: Hosts) -> None:
    story = hosts.stories["thinking"]
    await ended(story, State.COMPLETED)
    counted = [str(turn) for turn in range(TURNS)]
    workspace = hosts.workspace("thinking")
    assert (workspace / "ran.txt").read_text().split() == counted
    assert (workspace / "edited.txt").read_text().split() == [*counted, "end"]
    assert hosts.ran("thinking") == TURNS - DIES_AT
    told = [text.split()[-1] for text in (await results(story))[1::2]]
    assert told == [f"turn-{turn}" for turn in counted]
    result = (await story.progress()).result
    assert result
    assert result.branch == f"tars/{story.task_id.removeprefix('task-')}"
    assert git(hosts.project, "show", f"{result.branch}:ran.txt").split() == counted
    diff = await story.tasks.diff(story.task_id)
    assert {change.path for change in diff.changes} == {"ran.txt", "edited.txt"}


async def test_a_command_lost_with_its_host_is_told_and_not_run_again(hosts: Hosts) -> None:
    await assert_unknown(hosts, "commanding")


async def test_nor_is_it_when_the_task_had_parked_and_is_resumed(hosts: Hosts) -> None:
    await assert_unknown(hosts, "parked")


async def test_a_code_given_after_the_host_is_gone_counts(hosts: Hosts) -> None:
    updates = await ended(hosts.stories["asking"], State.COMPLETED)
    assert len(commands_run(updates)) == 2
    assert hosts.ran("asking") == 1
    assert not (hosts.workspace("asking") / "scratch.txt").exists()


async def test_a_task_cancelled_on_the_other_host_ends_with_its_files(hosts: Hosts) -> None:
    await ended(hosts.stories["paused"], State.CANCELLED)
    names = {file.name for file in hosts.workspace("paused").iterdir()}
    assert names == {"kept.txt", "began.txt", "go"}


async def assert_unknown(hosts: Hosts, name: str) -> None:
    """The command that nobody knows the end of ran on the first host only."""
    story = hosts.stories[name]
    updates = await ended(story, State.COMPLETED)
    _, first, listed = await results(story)
    assert "outcome of this command is unknown" in first
    assert listed.split()[-1] == "kept.txt"
    assert hosts.ran(name) == 1
    finished = [update for update in updates if update.kind is UpdateKind.COMMAND_FINISHED]
    assert [update.data.get("exit_code") for update in finished] == [None, 0]


async def ended(story: Story, state: State) -> list[Update]:
    """All updates of a task; it must have ended in this state."""
    updates = await story.updates(DEADLINE_SECONDS)
    assert [update.seq for update in updates] == list(range(1, len(updates) + 1))
    progress = await story.progress()
    assert progress.state is state, progress
    return updates


async def results(story: Story) -> list[str]:
    """What Claude was answered, call by call."""
    log = await story.tasks.log(story.task_id)
    return [entry.text for entry in log.entries if entry.who == "tool"]
