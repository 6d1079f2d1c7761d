import asyncio
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import finished, run, spec_of, start, until
from workspace.processes import (
    Command,
    CommandNotStarted,
    CommandSpec,
    Finished,
    Launcher,
    NeverStarted,
    Running,
)


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    launcher = Launcher()
    yield launcher
    launcher.close()


async def test_output_of_both_streams_stays_in_order(launcher: Launcher, tmp_path: Path) -> None:
    spec = spec_of("echo one; echo two >&2; echo three; exit 3", tmp_path)
    end, output = await run(launcher, tmp_path, spec)
    assert output == "one\ntwo\nthree\n"
    assert (end.exit_code, end.signal, end.stopped, end.timed_out) == (3, None, False, False)
    assert (end.output_bytes, end.dropped_bytes) == (14, 0)
    assert 0 < end.duration_seconds < 20


async def test_a_signal_is_told_as_a_signal(launcher: Launcher, tmp_path: Path) -> None:
    end, _ = await run(launcher, tmp_path, spec_of("kill -SEGV $$", tmp_path))
    assert (end.exit_code, end.signal) == (None, 11)


async def test_a_command_may_begin_with_a_dash(launcher: Launcher, tmp_path: Path) -> None:
    end, output = await run(launcher, tmp_path, spec_of("-x", tmp_path))
    assert end.exit_code == 127
    assert "-x" in output


async def test_standard_input_is_empty(launcher: Launcher, tmp_path: Path) -> None:
    end, output = await run(launcher, tmp_path, spec_of("cat; readlink /proc/self/fd/0", tmp_path))
    assert (end.exit_code, output) == (0, "/dev/null\n")


async def test_a_command_has_no_terminal_and_its_own_session(
    launcher: Launcher, tmp_path: Path
) -> None:
    spec = spec_of('cut -d" " -f1,6,7 /proc/$$/stat; : > /dev/tty', tmp_path)
    end, output = await run(launcher, tmp_path, spec)
    pid, session, terminal = output.splitlines()[0].split()
    assert (pid, terminal) == (session, "0")
    assert end.exit_code != 0


async def test_nothing_of_the_worker_leaks_into_a_command(
    launcher: Launcher, tmp_path: Path
) -> None:
    with (tmp_path / "secret").open("w") as inheritable:
        os.set_inheritable(inheritable.fileno(), True)
        _, output = await run(launcher, tmp_path, spec_of("ls -l /proc/$$/fd; true", tmp_path))
    shown = [line.rsplit(" -> ")[1] for line in output.splitlines() if " -> " in line]
    assert len(shown) == 3
    assert shown[0] == "/dev/null"
    assert shown[1].startswith("pipe:")
    assert shown[1] == shown[2]


async def test_signals_and_limits_are_those_of_a_fresh_shell(
    launcher: Launcher, tmp_path: Path
) -> None:
    spec = spec_of("grep -E 'Sig(Blk|Ign)' /proc/self/status; ulimit -c; umask", tmp_path)
    _, output = await run(launcher, tmp_path, spec)
    blocked, ignored = output.split()[1:4:2]
    assert int(blocked, 16) == 0
    assert int(ignored, 16) & 0x7FFFFFFF == 0  # above are signals that glibc keeps for itself
    assert output.split()[4:] == ["0", "0022"]


async def test_home_and_temporary_files_are_thrown_away(launcher: Launcher, tmp_path: Path) -> None:
    spec = spec_of(
        "cd $HOME && mkdir -p go/pkg && touch go/pkg/x $TMPDIR/y && ln -s / root && chmod -w go/pkg"
        " && ls $HOME $TMPDIR",
        tmp_path,
    )
    end, output = await run(launcher, tmp_path, spec)
    assert end.exit_code == 0, output
    await until(lambda: not (tmp_path / "command" / "scratch").exists())


async def test_a_program_that_is_missing_is_told_in_the_output(
    launcher: Launcher, tmp_path: Path
) -> None:
    spec = CommandSpec(["/no/such/program"], tmp_path, {}, 5, 1_000)
    end, output = await run(launcher, tmp_path, spec)
    assert end.exit_code == 127
    assert "/no/such/program" in output


async def test_a_flood_is_capped_and_never_blocks_the_writer(
    launcher: Launcher, tmp_path: Path
) -> None:
    spec = spec_of("head -c 20000000 /dev/zero; echo done >&2", tmp_path, output_limit_bytes=70_000)
    end, output = await run(launcher, tmp_path, spec)
    assert end.exit_code == 0
    assert output == "\0" * 70_000
    assert (end.output_bytes, end.dropped_bytes) == (70_000, 20_000_005 - 70_000)


async def test_binary_output_is_kept_as_it_is(launcher: Launcher, tmp_path: Path) -> None:
    everything = bytes(range(256)) * 500
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "binary").write_bytes(everything)
    command = await start(launcher, tmp_path, spec_of("cat binary", tmp_path))
    await command.wait(10)
    assert command.read_output(0, 1_000_000) == everything
    assert command.read_output(255, 2) == b"\xff\x00"
    assert command.read_output(len(everything), 10) == b""


async def test_output_can_be_read_while_the_command_runs(
    launcher: Launcher, tmp_path: Path
) -> None:
    spec = spec_of("echo first; until [ -e go ]; do sleep 0.01; done; echo last", tmp_path)
    command = await start(launcher, tmp_path, spec)
    await until(lambda: command.read_output(0, 100) == b"first\n")
    assert command.state() == Running()
    assert await command.wait(0.05) is None
    (tmp_path / "files" / "go").touch()
    finished(await command.wait(10))
    assert command.read_output(6, 100) == b"last\n"


async def test_starting_again_does_not_run_again(launcher: Launcher, tmp_path: Path) -> None:
    spec = spec_of("echo ran >> ran; sleep 0.2", tmp_path)
    other = Launcher()
    starts = [who.start(tmp_path / "command", spec) for who in (launcher, other) for _ in range(10)]
    commands = await asyncio.gather(*starts)
    ends = await asyncio.gather(*(command.wait(10) for command in commands))
    await other.start(tmp_path / "command", spec)
    other.close()
    assert len(set(map(finished, ends))) == 1
    assert (tmp_path / "files" / "ran").read_text() == "ran\n"


async def test_a_hundred_at_once(launcher: Launcher, tmp_path: Path) -> None:
    async def one(number: int) -> Finished:
        place = tmp_path / str(number)
        place.mkdir()
        end, output = await run(launcher, place, spec_of(f"sleep 0.5; echo {number}", place))
        assert output == f"{number}\n"
        return end

    before = len(list(Path("/proc/self/fd").iterdir()))
    started = time.monotonic()
    ends = await asyncio.gather(*map(one, range(100)))
    assert {end.exit_code for end in ends} == {0}
    assert time.monotonic() - started < 25
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2


async def test_what_never_started(tmp_path: Path) -> None:
    command = Command(tmp_path / "command")
    assert command.state() == NeverStarted()
    assert await command.wait(5) == NeverStarted()
    assert await command.stop() == NeverStarted()
    assert command.read_output(0, 10) == b""


async def test_an_interpreter_that_does_not_work_is_told(tmp_path: Path) -> None:
    launcher = Launcher(python="/bin/false")
    with pytest.raises(CommandNotStarted, match="could not be started"):
        await start(launcher, tmp_path, spec_of("echo never", tmp_path))
    launcher.close()
    assert Command(tmp_path / "command").state() == NeverStarted()


async def test_a_directory_that_cannot_take_files_leaves_the_command_unstarted(
    launcher: Launcher, tmp_path: Path
) -> None:
    (tmp_path / "command" / "output").mkdir(parents=True)
    with pytest.raises(CommandNotStarted, match="IsADirectoryError"):
        await start(launcher, tmp_path, spec_of("echo ran > ran", tmp_path))
    assert await Command(tmp_path / "command").wait(5) == NeverStarted()
    (tmp_path / "command" / "output").rmdir()
    end, _ = await run(launcher, tmp_path, spec_of("echo ran > ran", tmp_path))
    assert end.exit_code == 0


async def test_the_record_is_written_whole(launcher: Launcher, tmp_path: Path) -> None:
    await run(launcher, tmp_path, spec_of("true", tmp_path))
    record = json.loads((tmp_path / "command" / "exit.json").read_text())
    assert record["exit_code"] == 0
    assert not (tmp_path / "command" / "exit.json.part").exists()
