import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from benchmarks.measure import Samples, memory_of, percentile
from benchmarks.report import Results, Row, table

numbers = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=200)


@given(values=numbers, share=st.floats(0, 1))
def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) <= share * len(values)


def test_known_percentiles() -> None:
    values = [float(n) for n in range(1, 101)]
    assert (percentile(values, 0.95), percentile(values, 0.5), percentile(values, 1)) == (
        95,
        50,
        100,
    )
    assert percentile([7.0], 0.95) == 7
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_median_and_p95_of_samples() -> None:
    samples = Samples(tuple(float(n) for n in range(20, 0, -1)))
    assert (samples.median, samples.p95) == (10.5, 19)


def test_kibibytes_of_several_processes_become_megabytes(tmp_path: Path) -> None:
    for pid, (rss, pss) in {1: (2000, 1000), 2: (500, 250)}.items():
        (tmp_path / str(pid)).mkdir()
        (tmp_path / f"{pid}/smaps_rollup").write_text(
            f"55d0-7ffc ---p 00000000 00:00 0    [rollup]\nRss:  {rss} kB\nPss:  {pss} kB\n"
        )
    memory = memory_of([1, 2, 3], tmp_path)
    assert memory.rss == pytest.approx(2.56)
    assert memory.pss == pytest.approx(1.28)


@contextmanager
def process(megabytes: int) -> Iterator[int]:
    """A process that has touched so much memory of its own."""
    program = f"b = bytearray({megabytes} * 10**6); print('ready', flush=True); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout
        child.stdout.readline()
        yield child.pid
        child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_of_a_real_process() -> None:
    with process(0) as small, process(50) as big:
        grown = memory_of([big]).pss - memory_of([small]).pss
    assert 45 < grown < 60


def test_the_table_says_ratios_and_what_is_missing() -> None:
    first = Results("seed", {Row.START: Samples((2.0, 4.0)), Row.TURN: Samples((0.0,))})
    ours = Results("ours", {Row.START: Samples((1.0, 2.0)), Row.TURN: Samples((5.0,))})
    console = Console(width=200, file=io.StringIO())
    with console.capture() as captured:
        console.print(table([first, ours]))
    lines = captured.get().splitlines()
    start = next(line for line in lines if "start answers" in line)
    assert [cell.strip() for cell in start.strip("│").split("│")] == [
        "start answers, ms",
        "3.0 / 4.0",
        "1.5 / 2.0",
        "x 0.5",
        "p95 < 50",
    ]
    assert "not measured" in next(line for line in lines if "waiting task (PSS)" in line)
    assert "x" not in next(line for line in lines if "own time" in line)
