"""Attacks on the walls, run for real; each must fail."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import nap, running_with, until
from tests.walled import KINDS, ORDINARY, Walled, walled
from workspace.processes import Finished

SECRET = "sk-ant-test-only-secret"


@pytest.fixture(params=KINDS)
def inside(request: pytest.FixtureRequest) -> Iterator[Walled]:
    with walled(request.param) as place:
        yield place


async def test_passwords_and_keys_cannot_be_read(inside: Walled) -> None:
    (inside.place / "secret").write_text(SECRET)
    paths = f"/etc/shadow /root/.ssh/id_rsa {inside.place}/secret ../secret {Path.home()}"
    _, output = await inside.run(f"cat {paths}; ls -R {inside.place.parent} {Path.home()}; :")
    assert not re.search(r"^root:\S*:", output, re.MULTILINE)
    assert SECRET not in output
    assert inside.place.name not in output.replace(f"{inside.place}", "")


async def test_the_workers_environment_cannot_be_read(inside: Walled) -> None:
    victim = _victim(inside)
    _, output = await inside.run(
        f"cat /proc/{victim.pid}/environ /proc/{os.getpid()}/environ /proc/*/environ;"
        f"cat /proc/{victim.pid}/cwd/secret; strings /proc/{victim.pid}/mem; :"
    )
    _end(victim)
    assert SECRET not in output


async def test_no_process_outside_can_be_killed(inside: Walled) -> None:
    victim = _victim(inside)
    await inside.run(f"kill -9 {victim.pid} {os.getppid()} {os.getpid()}; kill -9 -1; :")
    await inside.run(f"prlimit --pid {victim.pid} --nofile=1:1; renice -n 19 {victim.pid}; :")
    assert victim.poll() is None
    limits = Path(f"/proc/{victim.pid}/limits").read_text()
    assert not re.search(r"open files +1 ", limits)
    assert os.getpriority(os.PRIO_PROCESS, victim.pid) < 19
    _end(victim)


async def test_this_machine_cannot_be_reached(inside: Walled) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        udp.bind(("127.0.0.1", 0))
        tcp_port, udp_port = tcp.getsockname()[1], udp.getsockname()[1]
        host = socket.gethostbyname(socket.gethostname())
        _, output = await inside.run(
            f"for host in 127.0.0.1 {host}; do"
            f" echo hi > /dev/tcp/$host/{tcp_port} && echo REACHED;"
            f" echo hi > /dev/udp/$host/{udp_port}; done; :"
        )
        tcp.setblocking(False)
        udp.setblocking(False)
        for receive in (tcp.accept, lambda: udp.recv(10)):
            with pytest.raises(BlockingIOError):
                receive()
    assert "REACHED" not in output


async def test_no_unix_socket_of_this_machine_can_be_reached(inside: Walled) -> None:
    name = f"tars-{os.getpid()}-{time.monotonic_ns()}"
    path = inside.place / "host.sock"
    with (
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX) as named,
    ):
        abstract.bind(f"\0{name}")
        named.bind(str(path))
        path.chmod(0o777)
        for server in (abstract, named):
            server.listen()
            server.setblocking(False)
        output = await inside.python(
            "import socket\n"
            f"for address in ('\\0{name}', '{path}'):\n"
            "    try: socket.socket(socket.AF_UNIX).connect(address); print('REACHED')\n"
            "    except OSError as error: print(error)\n"
        )
        for server in (abstract, named):
            with pytest.raises(BlockingIOError):
                server.accept()
    assert "REACHED" not in output
    assert len(output.splitlines()) == 2


async def test_nothing_outside_can_be_written(inside: Walled) -> None:
    outside = inside.place / "outside"
    outside.mkdir(mode=0o777)
    outside.chmod(0o777)
    (outside / "file").write_text("mine")
    (outside / "file").chmod(0o666)
    if inside.ordinary:  # then it is the command's own user that is kept out
        for path in (outside, outside / "file"):
            os.chown(path, ORDINARY, ORDINARY)
    (inside.workspace / "link").symlink_to(outside)
    (inside.workspace / "file-link").symlink_to(outside / "file")
    attempts = [
        "echo x > link/new",
        "echo x > file-link",
        "echo x > ../outside/new",
        f"echo x > {outside}/new",
        f"ln {outside}/file hard && echo x > hard",
        "ln -s / all; echo x > all/etc/new",
        "mv link/file stolen",
        f"rm -rf ../outside {outside}",
        f"echo x > /proc/self/root{outside}/new; echo x > /proc/1/root{outside}/new",
        "mkdir -p a/b; cd a/b; mv ../b ../../c; echo x > ../outside/new",
        "echo x > /usr/new; echo x > /etc/new; echo x > /new; echo x > /dev/new; echo x > /sys/new",
        f"truncate -s 0 {outside}/file",
        f"setfattr -n user.x -v 1 {outside}/file; chgrp 0 {outside}/file",
        "echo core > /proc/sys/kernel/core_pattern",
    ]
    if not (inside.is_landlock and inside.is_same_user):
        attempts.append(f"chmod 0 {outside}/file; chmod 0 link/file link")
    before = (outside / "file").stat()
    for attempt in attempts:
        await inside.run(attempt)
    assert (outside / "file").stat().st_ctime_ns == before.st_ctime_ns
    assert outside.stat().st_mode & 0o777 == 0o777
    assert [path.name for path in outside.iterdir()] == ["file"]
    assert (outside / "file").read_text() == "mine"
    assert not any(Path(root, "new").exists() for root in ("/usr", "/etc", "/", "/dev"))


async def test_a_fork_bomb_is_stopped(inside: Walled) -> None:
    word = nap()
    bomb = f"bomb() {{ sleep {word} & bomb & bomb; }}; bomb"
    running = await inside.start(f"trap '' TERM; {bomb} 2>/dev/null; sleep {word}")
    await until(lambda: len(running_with(word)) > 20)
    counts = []
    for _ in range(20):
        counts.append(len(running_with(word)))
        time.sleep(0.01)
    started = time.monotonic()
    end = await running.stop()
    assert time.monotonic() - started < 2
    assert isinstance(end, Finished)
    assert max(counts) < 100
    await until(lambda: not running_with(word))


async def test_memory_cannot_be_filled(inside: Walled) -> None:
    output = await inside.python(
        "try: print(len(bytearray(1 << 30)))\nexcept MemoryError: print('REFUSED')\n"
    )
    assert output == "REFUSED\n"
    _, output = await inside.run("head -c 50000000 /dev/zero > /dev/shm/full; echo $?")
    assert output.split()[-1] != "0"


async def test_disks_cannot_be_filled_by_one_file(inside: Walled) -> None:
    for place in ("here", "$HOME/here", "$TMPDIR/here"):
        _, output = await inside.run(f"head -c 50000000 /dev/zero > {place}; stat -c %s {place}")
        assert int(output.split()[-1]) <= 8 * 2**20, output


async def test_disks_cannot_be_filled_by_many_files(inside: Walled) -> None:
    disk = os.statvfs(inside.place)
    left = disk.f_bavail * disk.f_frsize - 200 * 2**20
    end, output = await inside.run(
        "for i in {1..600}; do head -c 8000000 /dev/zero > file$i; done; echo DONE",
        free_disk_bytes=left,
    )
    assert end.disk_full
    assert "DONE" not in output


async def test_no_process_is_left_behind(inside: Walled) -> None:
    word = nap()
    _, output = await inside.run(
        f"setsid sleep {word} & nohup sleep {word} & (setsid bash -c 'sleep {word} & disown' &)"
        f" ; sleep 0.3; env -i setsid sleep {word} & sleep 0.2; echo ok"
    )
    assert output.endswith("ok\n")
    assert not running_with(word)


async def test_a_killed_supervisor_leaves_no_process_behind(inside: Walled) -> None:
    word = nap()
    running = await inside.start(f"setsid sleep {word} & sleep {word} & wait")
    await until(lambda: len(running_with(f"sleep\0{word}")) == 2)
    note = json.loads((running.directory / "status").read_text())
    os.kill(note["pid"], signal.SIGKILL)
    await running.wait(10)
    await until(lambda: not running_with(word))


async def test_there_are_no_privileges_to_be_had(inside: Walled) -> None:
    _, output = await inside.run(
        "id -u; id -G; sudo -n id; su -c id; mount -t tmpfs x /mnt; unshare -Ur id; chroot / id;"
        " nsenter -t 1 -a id; dmesg; hostname stolen; date -s 2000-01-01; :"
    )
    user, groups, *rest = output.splitlines()
    assert user != "0"
    assert groups == user
    assert not [line for line in rest if "uid=" in line]


@pytest.mark.parametrize(
    ("call", "numbers"),
    [
        ("ptrace", (101, 117)),
        ("mount", (165, 40)),
        ("open_tree", (428, 428)),
        ("bpf", (321, 280)),
        ("keyctl", (250, 219)),
        ("io_uring_setup", (425, 425)),
        ("userfaultfd", (323, 282)),
        ("perf_event_open", (298, 241)),
        ("process_vm_readv", (310, 270)),
        ("setns", (308, 268)),
    ],
)
async def test_dangerous_system_calls_are_refused(
    inside: Walled, call: str, numbers: tuple[int, int]
) -> None:
    output = await inside.python(
        "import ctypes, platform\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        f"number = dict(x86_64={numbers[0]}, aarch64={numbers[1]})[platform.machine()]\n"
        "print(libc.syscall(number, 0, 0, 0, 0, 0, 0), ctypes.get_errno())\n"
    )
    assert output == "-1 1\n"


async def test_namespaces_cannot_be_made(inside: Walled) -> None:
    output = await inside.python(
        "import ctypes, platform\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.unshare(0x10000000), ctypes.get_errno())\n"
        "number = dict(x86_64=56, aarch64=220)[platform.machine()]\n"
        "print(libc.syscall(number, 0x10000000 | 17, 0, 0, 0, 0), ctypes.get_errno())\n"
        "print(libc.syscall(435, 0, 0), ctypes.get_errno())\n"
    )
    assert output == "-1 1\n-1 1\n-1 38\n"


async def test_only_sockets_that_a_namespace_holds(inside: Walled) -> None:
    families = "(40, 38, 17, 31, 44)"  # VSOCK (the hypervisor), ALG, PACKET, BLUETOOTH, XDP
    output = await inside.python(
        "import socket\n"
        f"for family in {families}:\n"
        "    try: socket.socket(family, socket.SOCK_STREAM); print('MADE', family)\n"
        "    except PermissionError: print('refused')\n"
    )
    assert output == "refused\n" * 5


async def test_limits_cannot_be_raised(inside: Walled) -> None:
    _, output = await inside.run("ulimit -u 5000; ulimit -d unlimited; ulimit -Hu; ulimit -Hd")
    assert "cannot modify limit" in output
    assert int(output.splitlines()[-1]) == 256 * 1024


def _victim(inside: Walled) -> subprocess.Popen[bytes]:
    """A process outside with a secret in its environment, of the same user where possible."""
    user = ORDINARY if inside.ordinary else None
    (inside.place / "secret").write_text(SECRET)
    return subprocess.Popen(
        ["sleep", "600"],
        env={"ANTHROPIC_API_KEY": SECRET},
        cwd=inside.place,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )


def _end(victim: subprocess.Popen[bytes]) -> None:
    victim.kill()
    victim.wait()
