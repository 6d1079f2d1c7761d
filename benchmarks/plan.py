"""How much is measured of a side, and in which order."""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple, TypeAlias

from benchmarks.bare import BareLoop
from benchmarks.measure import Samples
from benchmarks.measurements import (
    code_to_running_ms,
    play_to_the_end,
    running_memory,
    start_to_answer_ms,
    start_to_first_call_ms,
    turn_ms,
    waiting_memory,
)
from benchmarks.report import Row
from benchmarks.side import Side
from demo.control import Control

OpenSide: TypeAlias = Callable[[str, int], AbstractAsyncContextManager[Side]]
"""Starts a side: base URL of Claude, tasks at once."""


class Plan(NamedTuple):
    """Numbers of samples and of tasks.

    The seed names 5 tasks at once. `workers` is how many rq workers take part in the times, 0 for
    as many as tasks at once; one that waits for a code needs a worker of its own in any case.
    """

    samples: int = 20
    turns: int = 40
    at_once: int = 5
    waiting: int = 20
    running: int = 20
    workers: int = 0


async def measure(open_side: OpenSide, claude: Control, plan: Plan) -> Mapping[Row, Samples]:
    """Measure one side, times first, then memory with as many tasks as are asked for."""
    async with open_side(claude.base_url, plan.workers or plan.at_once) as side:
        rows = await _times(side, claude, plan)
    async with open_side(claude.base_url, max(plan.waiting, plan.running)) as side:
        return {**rows, **await _memories(side, claude, plan)}


async def _times(side: Side, claude: Control, plan: Plan) -> dict[Row, Samples]:
    turns = await turn_ms(lambda goal: play_to_the_end(side, goal), claude, plan.turns)
    bare_ms = (await _bare_turns(claude, plan.turns)).median
    codes = {Row.CODE: await code_to_running_ms(side, plan.samples)} if side.takes_codes else {}
    return {
        **codes,
        Row.START: await start_to_answer_ms(side, plan.samples),
        Row.FIRST_CALL: await start_to_first_call_ms(side, claude, plan.samples, plan.at_once),
        Row.TURN: Samples(tuple(taken - bare_ms for taken in turns.values)),
    }


async def _bare_turns(claude: Control, turns: int) -> Samples:
    with tempfile.TemporaryDirectory(prefix="bare-") as workspace:
        return await turn_ms(BareLoop(claude.base_url, Path(workspace)).play, claude, turns)


async def _memories(side: Side, claude: Control, plan: Plan) -> dict[Row, Samples]:
    running = await running_memory(side, claude, plan.running)
    rows = {Row.RUNNING: Samples((running.pss,)), Row.RUNNING_RSS: Samples((running.rss,))}
    if side.takes_codes:
        idle, waiting = await waiting_memory(side, plan.waiting)
        rows[Row.WAITING] = Samples(((waiting.pss - idle.pss) / plan.waiting,))
        rows[Row.WAITING_RSS] = Samples(((waiting.rss - idle.rss) / plan.waiting,))
    return rows
