"""`python -m benchmarks`: measures the seed's design and ours, and prints both with ratios."""

import argparse
import asyncio
import sys

from rich.console import Console
from rich.table import Table

from benchmarks.alone import WAITING, alone
from benchmarks.baseline import RedisMissing, baseline
from benchmarks.claude import scripted_claude
from benchmarks.measurements import add_scenarios
from benchmarks.ours import ours
from benchmarks.plan import OpenSide, Plan, measure
from benchmarks.report import Results, table

WIDTH = 120
"""Columns that the table needs without breaking its lines."""

SIDES: dict[str, OpenSide] = {"rq + redis": baseline, "ours": ours}


def main() -> int:
    """Measure, print, and give the exit status."""
    options = _options()
    plan = Plan(**{name: getattr(options, name) for name in Plan._fields})
    try:
        results = asyncio.run(_measured(options.only, plan))
    except RedisMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    console = Console(width=max(Console().width, WIDTH))
    console.print(table(results))
    console.print(f"{plan.at_once} tasks at once, {plan.waiting} waiting, {plan.running} running.")
    if options.only in {None, "ours"} and options.crowd:
        for made in asyncio.run(_alone(options.crowd)):
            console.print(made)
    return 0


async def _alone(waiting: int) -> list[Table]:
    with scripted_claude() as claude:
        add_scenarios(claude)
        return await alone(claude, waiting)


async def _measured(only: str | None, plan: Plan) -> list[Results]:
    with scripted_claude() as claude:
        add_scenarios(claude)
        return [
            Results(name, await measure(open_side, claude, plan))
            for name, open_side in SIDES.items()
            if only in {None, name}
        ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=list(SIDES), help="measure one side alone")
    for name, number in Plan._field_defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=number)
    parser.add_argument(
        "--crowd", type=int, default=WAITING, help="tasks that wait in our one worker; 0: leave out"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
