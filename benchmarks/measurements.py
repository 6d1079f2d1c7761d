"""What is measured, by one code for every side; the scripted Claude keeps the time of its calls."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.measure import Memory, Samples, memory_of
from benchmarks.side import POLL_SECONDS, Side, TooLate, wait_for_state
from demo.control import Control

DEADLINE_SECONDS = 120.0
SETTLING_SECONDS = 20.0
CONFIRMED = "confirmed"
"""Scenario of one command that needs a code and leaves the time when it ran."""

_STAMP = "rm -f old.txt && date +%s%N > ran && echo done"


def add_scenarios(claude: Control) -> None:
    """Teach the scripted Claude what the benchmarks play beside its own scenarios."""
    claude.add(CONFIRMED, [_turn("run_command", _COMMAND), _turn("finish_task", _FINISH)])


async def start_to_answer_ms(side: Side, samples: int) -> Samples:
    """From the request to the task's id, one task after the other."""
    taken = []
    for number in range(samples):
        begun = time.perf_counter()
        task_id = await side.start(f"scenario=hello number {number}")
        taken.append(1000 * (time.perf_counter() - begun))
        await wait_for_state(side, task_id, "completed")
    return Samples(tuple(taken))


async def start_to_first_call_ms(
    side: Side, claude: Control, samples: int, at_once: int
) -> Samples:
    """From the request to the arrival of the first model call, `at_once` tasks at a time."""
    taken: list[float] = []
    while len(taken) < samples:
        begun = time.time()
        ids = await asyncio.gather(
            *(side.start(f"scenario=hello {begun} {n}") for n in range(at_once))
        )
        calls = await _calls(claude, begun, lambda call: call["turn"] == 0, at_once)
        taken += [1000 * (call["at"] - begun) for call in calls]
        await asyncio.gather(*(wait_for_state(side, task_id, "completed") for task_id in ids))
    return Samples(tuple(taken[:samples]))


async def turn_ms(play: Callable[[str], Awaitable[object]], claude: Control, turns: int) -> Samples:
    """From one model call to the next in a task of `turns` short commands that `play` runs."""
    begun = time.time()
    await play(f"scenario=long turns={turns} {begun}")
    calls = await _calls(claude, begun, lambda call: call["scenario"] == "long", turns + 1)
    times = [call["at"] for call in sorted(calls, key=lambda call: call["turn"])]
    return Samples(tuple(1000 * (b - a) for a, b in pairwise(times)))


async def play_to_the_end(side: Side, goal: str, poll_seconds: float = POLL_SECONDS) -> None:
    """Start a task and wait until it is done."""
    task_id = await side.start(goal)
    await wait_for_state(side, task_id, "completed", DEADLINE_SECONDS, poll_seconds)


async def code_to_running_ms(side: Side, samples: int) -> Samples:
    """From the code's arrival to the command, at moments unrelated to how it is looked for."""
    taken = []
    for number in range(samples):
        task_id = await side.start(f"scenario={CONFIRMED} number {number}")
        await wait_for_state(side, task_id, "waiting_confirmation")
        await asyncio.sleep(random.uniform(0, 2))  # noqa: S311 - no secret
        given = time.time()
        await side.confirm(task_id)
        taken.append(1000 * (await _stamp(side.workspace(task_id) / "ran") - given))
        await wait_for_state(side, task_id, "completed")
    return Samples(tuple(taken))


async def waiting_memory(side: Side, tasks: int) -> tuple[Memory, Memory]:
    """Memory of the workers with nothing to do and with `tasks` that wait for a code."""
    before = await _settled_memory(side)
    ids = await _started(side, f"scenario={CONFIRMED} waiting", tasks)
    await _all_in(side, ids, "waiting_confirmation")
    after = await _settled_memory(side)
    for task_id in ids:
        await side.confirm(task_id)
    await _all_in(side, ids, "completed")
    return before, after


async def _all_in(side: Side, ids: Sequence[str], state: str) -> None:
    """Wait for many, each asked so seldom that all together ask about a hundred times a second."""
    poll_seconds = max(POLL_SECONDS, len(ids) / 100)
    deadline_seconds = DEADLINE_SECONDS + len(ids)
    await asyncio.gather(
        *(wait_for_state(side, one, state, deadline_seconds, poll_seconds) for one in ids)
    )


async def running_memory(side: Side, claude: Control, tasks: int) -> Memory:
    """Memory of the workers with `tasks` that all wait for their second answer of Claude."""
    begun = time.time()
    claude.hold("hello/1")
    try:
        ids = await _started(side, f"scenario=hello running {begun}", tasks)
        await _calls(claude, begun, lambda call: call["turn"] == 1, tasks)
        memory = await _settled_memory(side)
    finally:
        claude.release("hello/1")
    await asyncio.gather(
        *(wait_for_state(side, task_id, "completed", DEADLINE_SECONDS) for task_id in ids)
    )
    return memory


async def _settled_memory(side: Side) -> Memory:
    """Memory once it no longer changes: processes that have just begun or ended still do."""
    give_up = time.monotonic() + SETTLING_SECONDS
    memory = memory_of(side.worker_pids())
    while time.monotonic() < give_up:
        await asyncio.sleep(1)
        before, memory = memory, memory_of(side.worker_pids())
        if abs(memory.pss - before.pss) < 0.005 * memory.pss:
            break
    return memory


async def _started(side: Side, goal: str, tasks: int) -> Sequence[str]:
    return await asyncio.gather(*(side.start(f"{goal} {number}") for number in range(tasks)))


async def _calls(
    claude: Control, since: float, fits: Callable[[dict[str, Any]], bool], number: int
) -> list[dict[str, Any]]:
    """The first `number` calls after `since` (Unix time) that fit. Raises TooLate."""
    give_up = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < give_up:
        seen = await asyncio.to_thread(claude.requests)
        found = [call for call in seen if call["at"] >= since and fits(call)]
        if len(found) >= number:
            return found[:number]
        await asyncio.sleep(5 * POLL_SECONDS)
    raise TooLate(f"Only {len(found)} of {number} model calls were seen.")


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


async def _stamp(path: Path) -> float:
    """The Unix time in a file that a command writes, once it is there. Raises TooLate."""
    give_up = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < give_up:
        text = await asyncio.to_thread(_text, path)
        if text.endswith("\n"):
            return int(text) / 1e9
        await asyncio.sleep(POLL_SECONDS)
    raise TooLate(f"The command that writes {path} did not run.")


_COMMAND = {
    "command": _STAMP,
    "reason": "To start clean",
    "phase": "testing",
    "timeout_s": None,
}
_FINISH = {"status": "done", "summary": "Done.", "spoken_summary": "Done.", "checks_run": ["date"]}


def _turn(tool: str, given: dict[str, Any]) -> dict[str, Any]:
    return {"blocks": [{"type": "tool_use", "name": tool, "input": given}]}
