"""What must go on working inside the walls."""

import os
import time
from collections.abc import Iterator

import pytest

from tests.commands import printed, until
from tests.walled import BUBBLEWRAP, KINDS, LIMITS, PATH, PYTHON, Walled, needs_bwrap, walled
from workspace.bwrap import BubblewrapWalls
from workspace.processes import Command, CommandSpec, Finished, Launcher
from workspace.visible import visible


@pytest.fixture(params=KINDS)
def inside(request: pytest.FixtureRequest) -> Iterator[Walled]:
    with walled(request.param) as place:
        yield place


@pytest.fixture(params=BUBBLEWRAP)
def in_bubblewrap(request: pytest.FixtureRequest) -> Iterator[Walled]:
    with walled(request.param) as place:
        yield place


async def test_files_go_in_and_out(inside: Walled) -> None:
    (inside.workspace / "given").write_text("from outside\n")
    (inside.workspace / "directory").mkdir()
    end, output = await inside.run(
        "cat given; echo changed > given; echo new > directory/new; rm -r directory"
    )
    assert (end.exit_code, output) == (0, "from outside\n")
    assert (inside.workspace / "given").read_text() == "changed\n"
    assert not (inside.workspace / "directory").exists()


async def test_permissions_can_be_changed(inside: Walled) -> None:
    end, _ = await inside.run("touch file && chmod 700 file && ./file")
    assert end.exit_code == 0


async def test_what_the_worker_adds_later_belongs_to_the_command_too(inside: Walled) -> None:
    await inside.run("mkdir made")
    (inside.workspace / "made" / "later").write_text("1\n")
    end, output = await inside.run("echo 2 >> made/later; cat made/later")
    assert (end.exit_code, output) == (0, "1\n2\n")


async def test_home_and_temporary_files_are_there_and_thrown_away(inside: Walled) -> None:
    end, output = await inside.run("touch $HOME/x $TMPDIR/y; mktemp >/dev/null; ls $HOME $TMPDIR")
    assert end.exit_code == 0, output
    assert {"x", "y"} <= set(output.split())
    _, output = await inside.run("ls -A $HOME $TMPDIR")
    assert not {"x", "y"} & set(output.split())


async def test_the_environment_is_clean(inside: Walled) -> None:
    _, output = await inside.run("env")
    names = {line.partition("=")[0] for line in output.splitlines()}
    assert {"PATH", "HOME", "TMPDIR", "CI", "LANG"} <= names
    assert not {"ANTHROPIC_API_KEY", "BASH_ENV"} & names
    assert "hidden" not in output


async def test_no_file_is_left_open_and_input_is_empty(inside: Walled) -> None:
    output = await inside.python(
        "import os, sys\n"
        "def is_open(number):\n"
        "    try: os.fstat(number)\n"
        "    except OSError: return False\n"
        "    return True\n"
        "print(sys.stdin.read() == '', [n for n in range(3, 200) if is_open(n)])\n"
    )
    # Python itself has its program open.
    assert output in {"True []\n", "True [3]\n"}


async def test_signals_are_those_of_a_fresh_shell(inside: Walled) -> None:
    _, output = await inside.run("yes | head -1; trap; echo ${PIPESTATUS[0]}")
    end, _ = await inside.run(f"{PYTHON} -c 'print(1)'; yes | true; exit ${{PIPESTATUS[0]}}")
    assert output.splitlines()[0] == "y"
    assert end.exit_code == 141  # SIGPIPE ended `yes`: it is not ignored


async def test_git_can_commit(inside: Walled) -> None:
    end, output = await inside.run(
        "git init -q . && git add -A && git commit -q --allow-empty -m x && git log --format=%an"
    )
    assert (end.exit_code, output) == (0, "TARS\n")


async def test_standard_streams_can_be_opened_by_name(inside: Walled) -> None:
    end, output = await inside.run("echo a > /dev/stdout; echo b | tee /dev/stderr; cat <(echo c)")
    assert end.exit_code == 0
    assert sorted(output.split()) == ["a", "b", "b", "c"]


async def test_a_command_that_is_stopped_has_time_for_last_words(inside: Walled) -> None:
    running = await inside.start(
        "trap 'echo bye; exit 4' TERM; echo ready; while :; do sleep 0.05; done"
    )
    await until(lambda: printed(running) == "ready\n")
    started = time.monotonic()
    end = await running.stop()
    assert time.monotonic() - started < 2
    assert isinstance(end, Finished)
    assert (end.exit_code, end.stopped) == (4, True)
    assert printed(running).endswith("bye\n")


async def test_the_time_limit_holds(inside: Walled) -> None:
    running = await inside.start("trap '' TERM; sleep 600 & wait; sleep 600", timeout_seconds=0.3)
    end = await running.wait(20)
    assert isinstance(end, Finished)
    assert end.timed_out
    assert end.duration_seconds < 2.5


async def test_exit_codes_come_out(inside: Walled) -> None:
    end, _ = await inside.run("exit 42")
    assert end.exit_code == 42
    end, _ = await inside.run("no-such-program")
    assert end.exit_code == 127


async def test_the_workspace_lies_at_a_fixed_place(in_bubblewrap: Walled) -> None:
    _, output = await in_bubblewrap.run("pwd; echo $HOME; whoami; hostname; cat /etc/hosts")
    assert output.split()[:4] == ["/workspace", "/home/tars", "tars", "tars"]
    assert "localhost" in output


async def test_earlier_outputs_can_be_read_but_not_changed(in_bubblewrap: Walled) -> None:
    await in_bubblewrap.run("echo words of the first")
    end, output = await in_bubblewrap.run("cat /outputs/c1.txt; echo x >> /outputs/c1.txt")
    assert output.startswith("words of the first\n")
    assert end.exit_code != 0
    assert (in_bubblewrap.place / "commands/c1/output").read_text() == "words of the first\n"


async def test_processes_of_a_command_can_talk_to_each_other(in_bubblewrap: Walled) -> None:
    serve = f"{PYTHON} -m http.server 8000 >/dev/null 2>&1 &"
    connect = "until exec 3<>/dev/tcp/localhost/8000; do sleep 0.1; done 2>/dev/null"
    ask = "printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; head -1 <&3"
    lock = f"{PYTHON} -c 'import multiprocessing; multiprocessing.Lock()'"
    _, output = await in_bubblewrap.run(f"{lock} && {{ {serve} }}; {connect}; {ask}")
    assert "200 OK" in output, output


async def test_only_a_few_processes_are_seen(in_bubblewrap: Walled) -> None:
    _, output = await in_bubblewrap.run("ls -d /proc/[0-9]*")
    assert len(output.split()) <= 3


@needs_bwrap
async def test_programs_on_the_path_come_along() -> None:
    with walled("bubblewrap") as place:
        tools = place.place / "tools" / "bin"
        tools.mkdir(parents=True)
        (tools / "greet").write_text("#!/bin/sh\necho hello $PATH\n")
        (tools / "greet").chmod(0o755)
        seen = visible({"PATH": f"{tools}:/nowhere/bin:{PATH}"})
        walls = BubblewrapWalls(place.place / "walls2", seen, LIMITS)
        end, output = await _run(walls, place, "greet; ls $(dirname $(command -v greet))/../..")
    assert end.exit_code == 0, output
    assert output.splitlines()[0] == f"hello {tools}:{PATH}"
    assert output.splitlines()[1:] == ["tools"]


async def test_a_file_with_a_second_name_keeps_its_owner(inside: Walled) -> None:
    original = inside.place / "original"
    original.write_text("of somebody else\n")
    before = original.stat().st_uid
    os.link(original, inside.workspace / "linked")
    await inside.run("true")
    assert original.stat().st_uid == before


@needs_bwrap
async def test_a_worker_that_keeps_its_files_private_still_has_walls() -> None:
    usual = os.umask(0o077)
    try:
        with walled("bubblewrap") as place:
            await place.run("echo first")
            end, output = await place.run("cat /outputs/c1.txt; whoami; ulimit -Hu; touch $HOME/x")
    finally:
        os.umask(usual)
    assert (end.exit_code, output) == (0, "first\ntars\n60\n")


async def _run(walls: BubblewrapWalls, place: Walled, command: str) -> tuple[Finished, str]:
    launcher = Launcher()
    running = Command(place.place / "commands" / "x")
    launch = walls.wrap(command, place.workspace, running.scratch)
    await launcher.start(running.directory, CommandSpec.of(launch, 20, 100_000))
    end = await running.wait(20)
    launcher.close()
    assert isinstance(end, Finished)
    return end, printed(running)
