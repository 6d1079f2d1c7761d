"""What people see: the story of a task, its standing, and nothing that could harm a terminal."""

import io
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from models.task import DiffStat, Phase, Progress, State, TaskResult, Waiting
from models.updates import Update, UpdateKind
from starter.story import Story
from starter.tables import patch_lines, standing, task_lines
from starter.task_rows import TaskRow
from starter.terminal import (
    THEME,
    age_text,
    dollars_text,
    harmless,
    make_console,
    one_line,
    seconds_text,
    visible,
)
from starter.watching import NowLine, show_story
from tests.starter.recorded import PAGE, recorded, update

HERE = Path(__file__).parent
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def terminal(columns: int = 80, *, colours: bool = False) -> Console:
    return Console(
        file=io.StringIO(),
        width=columns,
        theme=THEME,
        markup=False,
        highlight=False,
        emoji=False,
        force_terminal=colours,
        color_system="truecolor" if colours else None,
        legacy_windows=False,
    )


def shown(console: Console) -> str:
    file = console.file
    assert isinstance(file, io.StringIO)
    return "\n".join(line.rstrip() for line in file.getvalue().split("\n"))


def told(updates: list[Update], console: Console) -> str:
    story = Story(PAGE)
    for one in updates:
        console.print(*story.tell(one), sep="\n")
    return shown(console)


def test_a_story_reads_as_recorded() -> None:
    assert told(recorded(), terminal()) == (HERE / "story.golden.txt").read_text()


def test_a_narrow_terminal_loses_no_word() -> None:
    wide, narrow = (told(recorded(), terminal(columns)) for columns in (200, 40))
    letters = re.compile(r"[a-zA-Z]+")
    assert "".join(letters.findall(narrow)) == "".join(letters.findall(wide))
    assert max(map(len, narrow.split("\n"))) <= 40


def test_a_pipe_gets_one_line_for_one_line() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    console = make_console(stream)
    story = Story()
    for one in recorded():
        console.print(*story.tell(one), sep="\n")
    stream.seek(0)
    text = stream.read()
    assert "    E   assert 3 == 4" + ", it goes on" * 8 + "\n" in text
    assert "**tests**" in text
    assert "\x1b" not in text


def test_a_terminal_without_unicode_gets_signs_it_has() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = make_console(stream)
    console.print("── ✔ done · “fine” … 漢")
    stream.seek(0)
    assert stream.read() == '-- + done - "fine" . ?\n'


EVIL = "\x1b]0;owned\x07\x1b[2J\x9b2J\x1b]8;;http://evil\x1b\\[red]x[/red]\x08\u202etxt.exe\x00\r"


@pytest.mark.parametrize("kind", UpdateKind)
def test_no_update_can_write_to_the_terminal_itself(kind: UpdateKind) -> None:
    fields = ("goal", "workspace", "sandbox", "model", "phase", "text", "command", "reason", "path")
    ends = ("wakes", "summary", "files", "branch", "outcome", "cause", "until")
    evil = update(kind, EVIL)
    evil.data |= dict.fromkeys((*fields, *ends), EVIL) | {"checks_run": [EVIL], "call_id": EVIL}
    screen = told([evil], terminal(colours=True))
    without_colours = COLOURS.sub("", screen)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", without_colours)


@pytest.mark.parametrize("kind", UpdateKind)
def test_an_update_of_another_version_is_told_by_its_line(kind: UpdateKind) -> None:
    assert told([update(kind, "what happened")], terminal()).strip()


@given(st.text())
def test_harmless_text_has_no_control_characters_left(text: str) -> None:
    for clean in (harmless(text), visible(text)):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2066-\u2069]", clean)


def test_long_hostile_lines_are_cleaned_in_no_time() -> None:
    began = datetime.now(UTC)
    for piece in ("\x1b]", "\x1b[", "a\r", "\x9b", "\x1b "):
        harmless(piece * 100_000)
    assert datetime.now(UTC) - began < timedelta(seconds=5)


def test_a_command_shows_what_it_really_is() -> None:
    assert visible("ls\x1b[8m; rm -rf .\x1b[0m\u202e") == r"ls\x1b[8m; rm -rf .\x1b[0m\u202e"


def test_a_progress_bar_shows_its_last_state() -> None:
    assert harmless(" 10%\r 50%\r100%\r\ndone\r\n") == "100%\ndone\n"


def test_one_line_is_one_line() -> None:
    assert one_line("a\n b\tc" + "d" * 50, 10) == "a b cdddd…"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0.0 s"),
        (9.94, "9.9 s"),
        (42.4, "42 s"),
        (59.9, "1 min"),
        (185, "3 min 5 s"),
        (7_800, "2 h 10 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "5 s"), (200, "3 min"), (90_000, "25 h"), (200_000, "2 days")]
)
def test_ages(seconds: float, text: str) -> None:
    now = datetime.now(UTC)
    assert age_text(now - timedelta(seconds=seconds), now) == text


def test_prices_keep_the_digits_that_matter() -> None:
    assert [dollars_text(price) for price in (0, 0.00456, 1.239)] == ["$0.0000", "$0.0046", "$1.24"]


def progress(state: State, **more: object) -> Progress:
    now = datetime.now(UTC)
    return Progress.model_validate(
        {
            "task_id": "task-a7f3",
            "goal": "Build a calculator",
            "state": state,
            "phase": Phase.TESTING,
            "message": "Running: pytest",
            "turn": 7,
            "max_turns": 50,
            "active_seconds": 42.3,
            "cost_usd": 0.031,
            "started_at": now,
            "updated_at": now,
            **more,
        }
    )


def test_the_standing_of_a_running_task() -> None:
    console = terminal()
    console.print(*standing(progress(State.RUNNING)), sep="\n")
    assert shown(console) == (
        "#a7f3  Build a calculator\n"
        "  ● running · testing · turn 7 of 50 · 42 s of work · $0.0310 · updated 0 s ago\n"
        "  Running: pytest\n"
    )


def test_the_standing_of_a_task_that_waits() -> None:
    waiting = Waiting(kind="extend", request_id="1", command="rm -r x", reason="Give more turns.")
    console = terminal()
    console.print(*standing(progress(State.PARKED, waiting_for=waiting)), sep="\n")
    assert "● parked" in shown(console)
    assert "  $ rm -r x\n  Give more turns.\n" in shown(console)


def test_the_standing_of_a_task_that_is_done() -> None:
    result = TaskResult(
        state=State.COMPLETED,
        summary="Done.",
        spoken_summary="Done.",
        checks_run=["pytest"],
        diff=DiffStat(files=1, added=3, removed=1),
        files="/work",
    )
    console = terminal()
    console.print(*standing(progress(State.COMPLETED, result=result)), sep="\n")
    assert shown(console).endswith(
        "  Checked  pytest\n  Changed  1 file  +3 -1\n  Files    /work\n"
    )


def test_a_list_cuts_the_goal_and_nothing_else() -> None:
    row = TaskRow(
        task_id="task-a7f3",
        goal="Build a calculator " * 9,
        state=State.WAITING_CONFIRMATION,
        phase=Phase.TESTING,
        started_at=datetime.now(UTC),
    )
    console = terminal(70)
    console.print(*task_lines([row]), sep="\n")
    head, line, *_ = shown(console).split("\n")
    assert head.split() == ["Task", "State", "Phase", "Started", "Goal"]
    assert line.startswith("#a7f3   ● waiting confirmation testing   0 s ago     Build")
    assert line.endswith("…")


def test_a_patch_is_coloured_by_line_and_harmless() -> None:
    console = terminal(colours=True)
    console.print(*patch_lines("@@ -1 +1 @@\n-a\n+b\x1b[2J\n"), sep="\n")
    assert "\x1b[32m+b\\x1b[2J" in shown(console)


def test_the_line_at_the_bottom_fits_on_one_line() -> None:
    line = NowLine()
    for one in recorded()[:7]:
        line.see(one)
    console = terminal(60)
    console.print(line)
    text = shown(console)
    assert text.count("\n") == 1
    assert "testing · turn 3 of 50 · $0.0000 · running python -m py" in text


def test_silence_of_the_worker_is_told() -> None:
    console = terminal(60)
    console.print(NowLine(silence_seconds=0))
    assert "waiting for a worker" in shown(console)


async def test_watching_prints_the_story_and_says_how_it_ended() -> None:
    async def stream(heard: Callable[[], None]) -> AsyncIterator[Update]:
        for one in recorded():
            heard()
            yield one

    console = terminal()
    assert await show_story(stream, console, PAGE) is UpdateKind.TASK_COMPLETED
    assert shown(console) == (HERE / "story.golden.txt").read_text()
