"""Whatever is killed, wherever: nothing is lost, nothing happens twice, every task goes on.

Real processes get SIGKILL. A dead worker is noticed after 10 s (workflows/patience.py), so the acts
(tests/end_to_end/acts.py) all play at the same time, and each test looks at one of them.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import TypeAlias

import pytest

from demo.app import create_app
from demo.claude import ScriptedClaude
from demo.scenarios import all_scenarios
from demo.server import serve
from models.task import State
from models.updates import Update, UpdateKind
from tests.end_to_end import acts
from tests.end_to_end.acts import KILLS, TURNS, Act
from tests.end_to_end.machine import (
    DEADLINE_SECONDS,
    STOP_SECONDS,
    Crew,
    Machine,
    a_machine,
    living,
    until,
)
from tests.house import Story

Play: TypeAlias = Callable[[Machine, Crew], Awaitable[Act]]
Stage: TypeAlias = dict[Play, "asyncio.Task[Act]"]

PLAYS: list[Play] = [
    acts.killed_at_random,
    acts.worker_killed,
    acts.worker_frozen,
    acts.one_of_two_killed,
    acts.server_killed,
    acts.worker_terminated,
]
AT_ONCE = 3
"""More would wait for the processor: starting a worker takes seconds of it."""


@pytest.fixture(scope="module")
def claude() -> Iterator[tuple[ScriptedClaude, str]]:
    scripted = ScriptedClaude(all_scenarios(0.0), pace=0.0)
    with serve(create_app(scripted)) as control:
        yield scripted, control.base_url


@pytest.fixture(scope="module")
async def stage(
    claude: tuple[ScriptedClaude, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """Every act, begun as soon as there is room for it."""
    homes = [tmp_path_factory.mktemp(name) for name in ("machine", "restarted")]
    room = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(a_machine(home, claude)) for home in homes]

        async def played(play: Play) -> Act:
            async with room:
                machine = other if play is acts.server_killed else one
                return await play(machine, await stack.enter_async_context(machine.crew()))

        playing = {play: asyncio.create_task(played(play)) for play in PLAYS}
        yield playing
        for task in playing.values():
            task.cancel()
        await asyncio.wait(playing.values())


async def test_a_thought_is_had_again_once_and_nothing_else_repeats(stage: Stage) -> None:
    story = (await stage[acts.worker_killed]).stories["thinking"]
    updates = await ended(story, State.COMPLETED)
    assert gapless(updates)
    assert lines(story, "ran.txt") == ["first", "second"]
    assert acts.turns(story) == [0, 1, 1, 2]


async def test_a_command_outlives_its_worker_and_tells_everything(stage: Stage) -> None:
    act = await stage[acts.worker_killed]
    assert len(act.survived) >= 2, "the command died with the worker"
    await assert_watched(act.stories["commanding"])


async def test_paused_and_parked_tasks_do_not_notice(stage: Stage) -> None:
    act = await stage[acts.worker_killed]
    for story in (act.stories["paused"], act.stories["parked"]):
        assert gapless(await ended(story, State.COMPLETED))
        assert acts.turns(story) == [0, 1, 2]


async def test_a_cancel_without_a_worker_is_carried_out_by_the_next(stage: Stage) -> None:
    act = await stage[acts.worker_killed]
    await ended(act.stories["cancelled"], State.CANCELLED)
    await until(lambda: not living(act.doomed), "the end of all processes")


async def test_a_command_lost_with_the_machine_is_told_and_not_run_again(stage: Stage) -> None:
    story = (await stage[acts.worker_killed]).stories["crashed"]
    await ended(story, State.COMPLETED)
    assert lines(story, "began.txt") == ["began"]
    (result,) = await results(story)
    assert "unknown" in result
    assert "not run again" in result


async def test_kills_at_any_moment_repeat_nothing(stage: Stage) -> None:
    act = await stage[acts.killed_at_random]
    for story in act.stories.values():
        await assert_counted(story)
        assert len(acts.turns(story)) <= TURNS + 1 + KILLS


async def test_of_two_workers_one_is_enough(stage: Stage) -> None:
    act = await stage[acts.one_of_two_killed]
    for name, story in act.stories.items():
        if name.startswith("busy"):
            await assert_counted(story)
        else:
            await ended(story, State.CANCELLED)
    await until(lambda: not living(act.doomed), "the end of all processes")


async def test_a_worker_that_stood_still_harms_nothing_when_it_returns(stage: Stage) -> None:
    act = await stage[acts.worker_frozen]
    assert len(act.survived) >= 2, "the worker that returned ended the command"
    await assert_watched(act.stories["watched"])


async def test_a_killed_server_goes_on_from_its_file(stage: Stage) -> None:
    act = await stage[acts.server_killed]
    await assert_counted(act.stories["busy"])
    await assert_watched(act.stories["commanding"])


async def test_a_worker_ends_when_it_is_asked_to_and_its_work_goes_on(stage: Stage) -> None:
    act = await stage[acts.worker_terminated]
    assert act.seconds < STOP_SECONDS
    assert len(act.survived) >= 2, "the command died with the worker"
    await assert_watched(act.stories["commanding"])
    await ended(act.stories["thinking"], State.COMPLETED)
    assert acts.turns(act.stories["thinking"]) == [0, 1, 1, 2]


async def assert_watched(story: Story) -> None:
    """The watched command ran once and all of it arrived."""
    updates = await ended(story, State.COMPLETED)
    assert gapless(updates)
    assert lines(story, "began.txt") == ["began"]
    assert printed(updates) == [str(number) for number in range(1, 801)]
    (finished,) = [update for update in updates if update.kind is UpdateKind.COMMAND_FINISHED]
    assert finished.data["exit_code"] == 3
    (result,) = await results(story)
    assert result.split()[-800:] == [str(number) for number in range(1, 801)]


async def assert_counted(story: Story) -> None:
    """A task that counted is whole in every place where it left a trace."""
    updates = await ended(story, State.COMPLETED)
    assert gapless(updates)
    counted = [str(turn) for turn in range(TURNS)]
    assert lines(story, "ran.txt") == counted
    assert lines(story, "edited.txt") == [*counted, "end"]
    assert len(list(story.home.glob("commands/*/exit.json"))) == TURNS
    kinds = Counter(update.kind for update in updates)
    assert kinds[UpdateKind.COMMAND_STARTED] == kinds[UpdateKind.COMMAND_FINISHED] == TURNS
    assert printed(updates) == [f"turn-{turn}" for turn in counted]
    told = await results(story)
    assert len(told) == 2 * TURNS
    assert [text.split()[-1] for text in told[1::2]] == [f"turn-{turn}" for turn in counted]


async def ended(story: Story, state: State) -> list[Update]:
    """All updates of a task; it must have ended in this state."""
    updates = await story.updates(DEADLINE_SECONDS)
    progress = await story.progress()
    assert progress.state is state, progress.result
    return updates


async def results(story: Story) -> list[str]:
    """What Claude was answered, call by call."""
    log = await story.tasks.log(story.task_id)
    return [entry.text for entry in log.entries if entry.who == "tool"]


def lines(story: Story, name: str) -> list[str]:
    return (story.workspace / name).read_text().split()


def printed(updates: list[Update]) -> list[str]:
    told = [update for update in updates if update.kind is UpdateKind.COMMAND_OUTPUT]
    return "\n".join(str(update.data["text"]) for update in told).split()


def gapless(updates: list[Update]) -> bool:
    return [update.seq for update in updates] == list(range(1, len(updates) + 1))
