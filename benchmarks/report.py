"""The table that the benchmarks print: both sides, how they compare, and what was to be reached."""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from rich.table import Table

from benchmarks.measure import Samples


class Row(Enum):
    """What is measured, its unit, and what is to be reached (design, numbers to reach)."""

    START = "start answers", "ms", "p95 < 50"
    FIRST_CALL = "start to first Claude call", "ms", "p95 < 250"
    CODE = "code given to command running", "ms", "p95 < 150"
    TURN = "own time per turn", "ms", "median < 45"
    WAITING = "memory per waiting task (PSS)", "MB", "< 0.2"
    WAITING_RSS = "memory per waiting task (RSS)", "MB", ""
    RUNNING = "workers with all tasks running (PSS)", "MB", "100 tasks < 600"
    RUNNING_RSS = "workers with all tasks running (RSS)", "MB", ""


class Results(NamedTuple):
    """What was measured of one side."""

    side: str
    rows: Mapping[Row, Samples]


def table(results: list[Results]) -> Table:
    """One line a row; each later side also as a multiple of the first one's median."""
    made = Table(title="Medians and 95th percentiles")
    made.add_column("what")
    for number, side in enumerate(results):
        made.add_column(side.side, justify="right")
        if number:
            made.add_column(f"to {results[0].side}", justify="right")
    made.add_column("to be reached")
    for row in Row:
        what, unit, reach = row.value
        made.add_row(f"{what}, {unit}", *_cells(row, results), reach)
    return made


def _cells(row: Row, results: list[Results]) -> list[str]:
    first = results[0].rows.get(row)
    cells = []
    for number, side in enumerate(results):
        samples = side.rows.get(row)
        cells.append(_numbers(samples))
        if number:
            cells.append(_ratio(samples, first))
    return cells


def _numbers(samples: Samples | None) -> str:
    if samples is None:
        return "not measured"
    if len(samples.values) == 1:
        return f"{samples.median:,.1f}"
    return f"{samples.median:,.1f} / {samples.p95:,.1f}"


def _ratio(samples: Samples | None, first: Samples | None) -> str:
    if samples is None or first is None or first.median <= 0:
        return ""
    return f"x {samples.median / first.median:.3g}"
