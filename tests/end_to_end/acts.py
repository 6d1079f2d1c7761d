"""What is done to the machine: each act kills something while tasks are at work."""

import asyncio
import random
from dataclasses import dataclass, field

import psutil

from demo.scenarios.steps import finish
from demo.scenarios.steps import run as command
from demo.script import Conversation, Scenario, Thinking, ToolUse, Turn, call
from models.replies import Extension
from models.task import State
from tests.end_to_end.machine import Crew, Machine, family, living, supervisor_of, until
from tests.house import Story

KILLS = 3
TURNS = 30

WATCHED = (
    "echo began >> began.txt; seq 1 400; until [ -e go ]; do sleep 0.05; done; seq 401 800; exit 3"
)
"""Tells when it began, prints, waits for a file, prints more."""

STUBBORN = "trap '' TERM; setsid sleep 1000 & echo began >> began.txt; while :; do sleep 1; done"


@dataclass
class Act:
    """What an act leaves for the tests to look at."""

    stories: dict[str, Story]
    survived: list[psutil.Process] = field(default_factory=list)
    doomed: list[psutil.Process] = field(default_factory=list)
    seconds: float = 0.0


DONE = Turn(blocks=[finish("Done.", checks=["echo"])])


def run(line: str) -> ToolUse:
    return command(line, phase="testing")


def pondering(gate: str) -> Scenario:
    """A command, then a thought that lasts until the gate opens, then another command."""
    return [
        Turn(blocks=[run("echo first >> ran.txt")]),
        Turn(gate=gate, blocks=[Thinking(thinking="Hm."), run("echo second >> ran.txt")]),
        DONE,
    ]


def watched() -> Scenario:
    return [Turn(blocks=[run(WATCHED)]), DONE]


def stubborn() -> Scenario:
    return [Turn(blocks=[run(STUBBORN)]), DONE]


def counting(talk: Conversation) -> Turn:
    """Append the number of the turn to one file by a command, to another one by an edit."""
    if talk.turn >= TURNS:
        return DONE
    edit = call("edit_file", path="edited.txt", old_text="end", new_text=f"{talk.turn}\nend")
    if talk.turn == 0:
        edit = call("write_file", path="edited.txt", content="0\nend\n")
    return Turn(blocks=[edit, run(f"echo {talk.turn} >> ran.txt; echo turn-{talk.turn}")])


async def until_begun(*stories: Story) -> None:
    for story in stories:
        await until((story.workspace / "began.txt").exists, "a command")


def turns(story: Story) -> list[int]:
    """The turns Claude was asked for, call by call."""
    name = story.goal.split()[0].removeprefix("scenario=")
    return [seen.turn for seen in story.house.claude.requests if seen.scenario == name]


async def until_calls(story: Story, count: int) -> None:
    await until(lambda: len(turns(story)) >= count, f"model call {count}")


def go(story: Story) -> None:
    """Let a watched command go on."""
    (story.workspace / "go").touch()


async def worker_killed(machine: Machine, crew: Crew) -> Act:
    """The only worker is killed with a task in every state."""
    house = crew.house
    worker = await crew.start_worker()
    machine.claude.hold("killed")
    machine.claude.hold("paused")
    machine.claude.release("parked")
    act = Act(
        {
            "thinking": await house.start(pondering("killed")),
            "commanding": await house.start(watched()),
            "paused": await house.start(pondering("paused")),
            "parked": await house.start(pondering("parked"), max_turns=1),
            "cancelled": await house.start(stubborn()),
            "crashed": await house.start(stubborn()),
        }
    )
    thinking, commanding, paused, parked, cancelled, crashed = act.stories.values()
    await until_calls(paused, 2)
    await house.tasks.pause(paused.task_id)
    machine.claude.release("paused")
    await paused.until(lambda progress: progress.state is State.PAUSED)
    await parked.until(lambda progress: progress.state is State.PARKED)
    await until_begun(commanding, cancelled, crashed)
    await until_calls(thinking, 2)
    supervised = family(supervisor_of(commanding))
    act.doomed = family(supervisor_of(cancelled)) + family(supervisor_of(crashed))

    worker.kill()
    supervisor_of(crashed).kill()
    await house.tasks.cancel(cancelled.task_id)
    act.survived = living(supervised)

    await crew.start_worker()
    go(commanding)
    await until_calls(thinking, 3)
    machine.claude.release("killed")
    await house.tasks.resume(paused.task_id)
    await house.tasks.extend(parked.task_id, Extension(turns=2))
    return act


async def killed_at_random(_machine: Machine, crew: Crew) -> Act:
    """Workers are killed in the middle of busy tasks, again and again."""
    await crew.start_worker()
    act = Act({f"{at}": await crew.house.start(counting) for at in range(3)})
    for _ in range(KILLS):
        first = act.stories["0"]
        await until_calls(first, len(turns(first)) + 1)
        await asyncio.sleep(random.uniform(0, 0.3))  # noqa: S311 - any moment will do
        crew.workers[-1].kill()
        await crew.start_worker()
    return act


async def one_of_two_killed(_machine: Machine, crew: Crew) -> Act:
    """Two workers share the tasks; one of them dies."""
    first, _ = await crew.start_worker(), await crew.start_worker()
    busy = {f"busy{at}": await crew.house.start(counting) for at in range(2)}
    doomed = {f"doomed{at}": await crew.house.start(stubborn()) for at in range(4)}
    await until_begun(*doomed.values())
    for story in busy.values():
        await until_calls(story, 3)
    act = Act(busy | doomed)
    act.doomed = [one for story in doomed.values() for one in family(supervisor_of(story))]
    first.kill()
    for story in doomed.values():
        await crew.house.tasks.cancel(story.task_id)
    return act


async def worker_frozen(_machine: Machine, crew: Crew) -> Act:
    """A worker stands still until it is given up, and comes back when another has taken over."""
    worker = await crew.start_worker()
    act = Act({"watched": await crew.house.start(watched())})
    story = act.stories["watched"]
    await until_begun(story)
    worker.freeze()
    await crew.start_worker()
    description = await story.handle.describe()
    while description.raw_description.pending_activities[0].attempt < 2:
        description = await story.handle.describe()
        await asyncio.sleep(0.1)
    worker.thaw()
    # Its late heartbeat is answered that the attempt is not known any more.
    await until(lambda: "Completing activity as failed" in worker.log.read_text(), "its insight")
    act.survived = living(family(supervisor_of(story)))
    go(story)
    return act


async def server_killed(machine: Machine, crew: Crew) -> Act:
    """Temporal is killed and started again on the same file and port."""
    await crew.start_worker()
    act = Act(
        {
            "busy": await crew.house.start(counting),
            "commanding": await crew.house.start(watched()),
        }
    )
    await until_calls(act.stories["busy"], TURNS // 3)
    await until_begun(act.stories["commanding"])
    machine.server.kill()
    await machine.server.start()
    go(act.stories["commanding"])
    return act


async def worker_terminated(machine: Machine, crew: Crew) -> Act:
    """A worker is asked to end, as on every deployment."""
    worker = await crew.start_worker()
    machine.claude.hold("terminated")
    act = Act(
        {
            "thinking": await crew.house.start(pondering("terminated")),
            "commanding": await crew.house.start(watched()),
        }
    )
    await until_begun(act.stories["commanding"])
    await until_calls(act.stories["thinking"], 2)
    supervised = family(supervisor_of(act.stories["commanding"]))
    act.seconds = await worker.terminate()
    act.survived = living(supervised)
    await crew.start_worker()
    go(act.stories["commanding"])
    await until_calls(act.stories["thinking"], 3)
    machine.claude.release("terminated")
    return act
