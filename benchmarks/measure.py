"""Samples and what is said of them; the memory of processes. Linux only: it reads /proc."""

import math
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")


class Samples(NamedTuple):
    """What was measured of one side, in the unit of its row."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the values."""
        return statistics.median(self.values)

    @property
    def p95(self) -> float:
        """The value that 95 % do not exceed."""
        return percentile(self.values, 0.95)


class Memory(NamedTuple):
    """Memory of some processes, in megabytes (10^6 bytes).

    `rss` counts a page once for each process that maps it. `pss` divides a shared page among them,
    so that the sum over all processes is what the machine really spends.
    """

    rss: float
    pss: float


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` (0 to 1) of the values do not exceed (nearest rank).

    Raises ValueError without values.
    """
    if not values:
        raise ValueError("There are no values to rank.")
    rank = math.ceil(share * len(values))
    return sorted(values)[max(rank, 1) - 1]


def memory_of(pids: Iterable[int], proc: Path = _PROC) -> Memory:
    """Memory of the processes that still live, summed."""
    rss = pss = 0
    for pid in pids:
        fields = _rollup(proc / str(pid) / "smaps_rollup")
        rss += fields.get("Rss", 0)
        pss += fields.get("Pss", 0)
    return Memory(rss * 1024 / 1e6, pss * 1024 / 1e6)


def _rollup(path: Path) -> dict[str, int]:
    """Fields of smaps_rollup in KiB (proc(5)); none when the process is gone or a zombie."""
    try:
        lines = path.read_text().splitlines()[1:]
    except OSError:
        return {}
    return {name.rstrip(":"): int(size) for name, size, _ in map(str.split, lines)}
