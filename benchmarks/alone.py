"""What the seed has no counterpart of: api, voices, histories, a crowd, many waiting, the gate."""

import asyncio
import os
import shlex
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.table import Table

from benchmarks.http import listened, status_ms, waiting_task
from benchmarks.listening import question_to_voice_ms
from benchmarks.measure import Samples, memory_of
from benchmarks.measurements import play_to_the_end, waiting_memory
from benchmarks.ours import Ours, ours
from benchmarks.side import wait_for_state
from demo.control import Control
from policy.commands import judge
from workspace.jail import RUNGS, NoWalls, Walls
from workspace.limits import ResourceLimits
from workspace.processes import CommandSpec, Finished, Launcher
from workspace.visible import visible
from workspace.walls import WallsUnavailable

CLIENTS = (1, 20)
LISTENERS = (1, 50)
QUESTIONS = 20
TURNS = (10, 50, 500)
RESULT_BYTES = (200, 20_000)
CROWD = 100
CROWD_TURNS = 5
WAITING = 1_000
COMMANDS = 30
JUDGED = (
    "ls -la",
    "git add -A && git commit -m 'drop the old table'",
    "find . -name '*.pyc' -exec rm {} +",
    "python3 - <<'EOF'\nimport shutil\nshutil.rmtree('build')\nEOF",
    "for f in $(git ls-files); do " + "; ".join(f"echo step {n} $f" for n in range(200)) + "; done",
)
"""Short and long, plain and disguised; the last has about 4 KB."""


async def alone(claude: Control, waiting: int) -> list[Table]:
    """Measure our side where there is nothing to compare it with."""
    async with ours(claude.base_url, 1) as side:
        tables = [await _status(side), await _listeners(side), await _voices(side)]
        tables += [await _histories(side), await _crowd(side)]
    async with ours(claude.base_url, 1) as side:
        tables.append(await _waiting(side, waiting))
    return [*tables, _judging(), await _rungs()]


async def _voices(side: Ours) -> Table:
    columns = ("listeners", "median, ms", "p95, ms", "worst, ms")
    table = _table("A question until all who listen hear it", *columns)
    for listeners in LISTENERS:
        samples = await question_to_voice_ms(side, QUESTIONS, listeners)
        numbers = (samples.median, samples.p95, max(samples.values))
        table.add_row(f"{listeners}", *(f"{number:,.0f}" for number in numbers))
    return table


async def _status(side: Ours) -> Table:
    columns = ("clients", "requests per second", "median, ms", "p95, ms")
    table = _table("How a task stands, asked by HTTP", *columns)
    async with waiting_task(side) as task_id:
        for clients in CLIENTS:
            rate, samples = await status_ms(side, task_id, clients)
            numbers = f"{samples.median:.1f}", f"{samples.p95:.1f}"
            table.add_row(f"{clients}", f"{rate:,.0f}", *numbers)
    return table


async def _listeners(side: Ours) -> Table:
    columns = ("listeners", "worker, % of a core", "api, % of a core", "heard by all: median, ms")
    table = _table("Listeners to one task, while nothing happens and when something does", *columns)
    async with waiting_task(side) as task_id:
        for listeners in (0, *LISTENERS):
            cost = await listened(side, task_id, listeners)
            heard = cost.heard_ms
            told = f"{heard.median:.0f} (p95 {heard.p95:.0f})" if listeners else ""
            numbers = f"{cost.worker_percent:.1f}", f"{cost.api_percent:.1f}"
            table.add_row(f"{listeners}", *numbers, told)
    return table


async def _histories(side: Ours) -> Table:
    table = _table("History of one task", "turns", "tool result, bytes", "events", "bytes")
    for turns in TURNS:
        for size in RESULT_BYTES:
            goal = f"scenario=long turns={turns} bytes={size} {time.time()}"
            task_id = await side.start(goal)
            await wait_for_state(side, task_id, "completed", 600)
            events, size_bytes = await side.history(task_id)
            table.add_row(f"{turns}", f"{size:,}", f"{events:,}", f"{size_bytes:,}")
    return table


async def _crowd(side: Ours) -> Table:
    begun = time.perf_counter()
    tasks = [
        asyncio.create_task(
            play_to_the_end(side, f"scenario=long turns={CROWD_TURNS} crowd {n} {begun}", 1)
        )
        for n in range(CROWD)
    ]
    peak = 0.0
    while not all(task.done() for task in tasks):
        peak = max(peak, memory_of(side.worker_pids()).pss)
        await asyncio.sleep(0.5)
    await asyncio.gather(*tasks)
    seconds = time.perf_counter() - begun
    table = _table(f"{CROWD} tasks at once in one worker", "turns per second", "peak PSS, MB")
    table.add_row(f"{CROWD * (CROWD_TURNS + 1) / seconds:.1f}", f"{peak:,.0f}")
    return table


async def _waiting(side: Ours, tasks: int) -> Table:
    idle, waiting = await waiting_memory(side, tasks)
    table = _table(f"{tasks:,} tasks that wait for a code", "PSS each, MB", "RSS each, MB")
    table.add_row(
        f"{(waiting.pss - idle.pss) / tasks:.3f}", f"{(waiting.rss - idle.rss) / tasks:.3f}"
    )
    return table


def _judging() -> Table:
    taken = []
    for command in JUDGED * 40:
        begun = time.perf_counter()
        judge(command)
        taken.append(1000 * (time.perf_counter() - begun))
    samples = Samples(tuple(taken))
    table = _table("Judging a command", "median, ms", "p95, ms", "worst, ms")
    table.add_row(f"{samples.median:.2f}", f"{samples.p95:.2f}", f"{max(taken):.2f}")
    return table


async def _rungs() -> Table:
    table = _table("A command that does nothing", "walls", "median, ms", "p95, ms", "to none")
    first = None
    with tempfile.TemporaryDirectory(prefix="rungs-") as directory, closing(Launcher()) as launcher:
        os.chmod(directory, 0o755)  # noqa: PTH101, S103 - commands are another user's
        place = Path(directory)
        for name, walls in _walls(place):
            samples = await _empty_commands(walls, place / shlex.quote(name), launcher)
            first = first or samples
            ratio = f"x {samples.median / first.median:.2f}"
            table.add_row(name, f"{samples.median:.1f}", f"{samples.p95:.1f}", ratio)
    return table


def _walls(place: Path) -> Sequence[tuple[str, Walls]]:
    found: list[tuple[str, Walls]] = [("none", NoWalls())]
    for name, build in RUNGS.items():
        try:
            found.append((name, build(place / "walls", visible({}, ()), ResourceLimits(), None)))
        except WallsUnavailable:
            continue
    return found


async def _empty_commands(walls: Walls, place: Path, launcher: Launcher) -> Samples:
    workspace = place / "workspace"
    workspace.mkdir(parents=True)
    taken = []
    for number in range(COMMANDS):
        directory = place / "commands" / str(number)
        begun = time.perf_counter()
        launch = walls.wrap("true", workspace, directory / "scratch")
        command = await launcher.start(directory, CommandSpec.of(launch, 20, 10_000))
        end = await command.wait()
        taken.append(1000 * (time.perf_counter() - begun))
        if not isinstance(end, Finished) or end.exit_code != 0:
            raise WallsUnavailable(f"A command that does nothing failed: {end}.")
    return Samples(tuple(taken[3:]))


def _table(title: str, *columns: str) -> Table:
    made = Table(title=title)
    for column in columns:
        made.add_column(column, justify="right")
    return made
