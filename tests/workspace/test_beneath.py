import ctypes
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspace.beneath import locate, open_file
from workspace.file_problems import FileProblem, explained
from workspace.problems import HostUnusable
from workspace.replacing import replace_file

SECRET = b"outside: nobody may read this"
LIBC = ctypes.CDLL(None, use_errno=True)
HERE, EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE of renameat2(2)."""
OPENAT2, RESOLVE = 437, 0x08 | 0x02
"""openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS, since Linux 5.6."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="held against the Linux kernel")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.txt").write_bytes(SECRET)
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    (root / "src/a.txt").write_text("inside")
    (root / ".git/hooks").mkdir(parents=True)
    return root


def outside(root: Path) -> list[str]:
    return [path.name for path in (root.parent / "outside").iterdir()]


def read(root: Path, path: str) -> bytes:
    with open_file(root, path) as file:
        return file.read()


def write(root: Path, path: str, content: bytes = b"new") -> None:
    with locate(root, path, writing=True, make_parents=True) as place:
        replace_file(place, content)


@pytest.mark.parametrize(
    "path",
    [
        "src/a.txt",
        "/workspace/src/a.txt",
        "./src//a.txt",
        "src/../src/a.txt",
        "//workspace/src/a.txt",
    ],
)
def test_ways_to_say_the_same_file(root: Path, path: str) -> None:
    assert read(root, path) == b"inside"


@pytest.mark.parametrize(
    "path",
    [
        "../outside/secret.txt",
        "src/../../outside/secret.txt",
        "/etc/passwd",
        "/workspace/../outside/secret.txt",
        "/workspaces/src/a.txt",
        "/proc/self/root/etc/passwd",
        "/proc/self/environ",
        "..",
        "src/a.txt\0.png",
        "\ud800",
        "x" * 300,
        "src/" * 2000 + "a.txt",
        "src/a.txt/b",
        "src",
        "",
        "missing",
    ],
)
def test_what_is_no_file_of_the_workspace_is_refused(root: Path, path: str) -> None:
    with pytest.raises(FileProblem):
        read(root, path)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("l", "../outside/secret.txt"),
        ("l", "/etc/passwd"),
        ("l", "/proc/self/environ"),
        ("l", "src/../../outside/secret.txt"),
        ("l", "l"),
        ("src/l", "../../outside/secret.txt"),
    ],
)
def test_links_that_lead_out_are_refused(root: Path, link: str, target: str) -> None:
    (root / link).symlink_to(target)
    with pytest.raises(FileProblem):
        read(root, link)
    with pytest.raises(FileProblem):
        write(root, link)


def test_directories_that_are_links_out_are_refused(root: Path) -> None:
    (root / "d").symlink_to("../outside")
    with pytest.raises(FileProblem):
        read(root, "d/secret.txt")
    with pytest.raises(FileProblem):
        write(root, "d/new.txt")
    assert outside(root) == ["secret.txt"]


@pytest.mark.parametrize("target", ["src/a.txt", "/workspace/src/a.txt", "src/../src/a.txt"])
def test_links_within_the_workspace_work_and_stay(root: Path, target: str) -> None:
    (root / "l").symlink_to(target)
    assert read(root, "l") == b"inside"
    write(root, "l", b"through the link")
    assert (root / "l").is_symlink()
    assert (root / "src/a.txt").read_text() == "through the link"


@pytest.mark.parametrize(
    "path",
    [".git/hooks/pre-commit", ".git", "src/../.git/config", "hooks/x", ".GIT/config", "sub/.git"],
)
def test_git_is_not_written(root: Path, path: str) -> None:
    (root / "hooks").symlink_to(".git/hooks")
    with pytest.raises(FileProblem, match="only git commands"):
        write(root, path)


def test_what_would_block_is_refused_at_once(root: Path) -> None:
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(root / "socket"))
        for name in ("fifo", "socket"):
            with pytest.raises(FileProblem):
                read(root, name)
            with pytest.raises(FileProblem):
                write(root, name)


def test_parents_are_made_only_when_asked_for(root: Path) -> None:
    write(root, "x/y/z.txt", b"deep")
    assert (root / "x/y/z.txt").read_bytes() == b"deep"
    with pytest.raises(FileProblem, match="does not exist"), locate(root, "p/q.txt", writing=True):
        pass
    assert not (root / "p").exists()


def test_a_missing_workspace_is_a_matter_of_the_host(tmp_path: Path) -> None:
    with pytest.raises(HostUnusable, match="gone"):
        read(tmp_path / "nowhere", "a.txt")


def test_a_full_disk_is_a_matter_of_the_host() -> None:
    with pytest.raises(HostUnusable, match="disk is full"), explained("a.txt"):
        Path("/dev/full").write_text("x")


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_descriptors_are_closed_whatever_happens(root: Path) -> None:
    (root / "loop").symlink_to("loop")
    before = open_descriptors()
    for path in ("src/a.txt", "src", "loop", "src/../..", "new/x", ".git/x", "src/a.txt/b"):
        attempt(partial(read, root, path))
        attempt(partial(write, root, path))
    assert open_descriptors() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_writes_belongs_to_the_owner_of_the_workspace(root: Path) -> None:
    os.chown(root, 12345, 12346)
    write(root, "new/file.txt")
    for made in (root / "new", root / "new/file.txt"):
        assert (made.stat().st_uid, made.stat().st_gid) == (12345, 12346)


@contextmanager
def exchanging(one: Path, other: Path) -> Iterator[None]:
    """Meanwhile the two swap their names as fast as can be."""
    done = threading.Event()

    def exchange() -> None:
        while not done.is_set():
            LIBC.renameat2(HERE, bytes(one), HERE, bytes(other), EXCHANGE)

    thread = threading.Thread(target=exchange)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def attempt(action: Callable[[], object]) -> object:
    try:
        return action()
    except FileProblem:
        return None


def test_a_link_swapped_in_for_a_directory_is_never_followed(root: Path) -> None:
    (root / "d").mkdir()
    (root / "d/secret.txt").write_bytes(b"inside")
    (root / "link").symlink_to("../outside")
    with exchanging(root / "d", root / "link"):
        seen = {attempt(lambda: read(root, "d/secret.txt")) for _ in range(1000)}
        for number in range(300):
            attempt(partial(write, root, f"d/{number}.txt"))
    assert b"inside" in seen
    assert SECRET not in seen
    assert outside(root) == ["secret.txt"]


def kernel_read(root: Path, path: str) -> bytes | None:
    """What the kernel reads at `path` beneath `root`, None when it refuses or finds a directory."""
    how = struct.pack("QQQ", os.O_RDONLY, 0, RESOLVE)
    directory = os.open(root, os.O_RDONLY)
    try:
        fd = LIBC.syscall(OPENAT2, directory, path.encode(), how, len(how))
    finally:
        os.close(directory)
    if fd < 0:
        return None
    try:
        return os.read(fd, 100)
    except IsADirectoryError:
        return None
    finally:
        os.close(fd)


def some_paths(longest: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(["a", "b", "c", ".."]), min_size=1, max_size=longest).map(
        "/".join
    )


@given(top=some_paths(3), middle=some_paths(3), path=some_paths(4))
@settings(max_examples=300, deadline=None)
def test_the_walk_agrees_with_the_kernel(
    tmp_path_factory: pytest.TempPathFactory, top: str, middle: str, path: str
) -> None:
    root = tmp_path_factory.mktemp("tree") / "root"
    (root / "a/a").mkdir(parents=True)
    for directory in (root.parent, root, root / "a", root / "a/a"):
        (directory / "b").write_text(directory.name)
    (root / "c").symlink_to(top)
    (root / "a/c").symlink_to(middle)
    assert attempt(partial(read, root, path)) == kernel_read(root, path)


def test_a_link_swapped_in_for_a_file_is_never_followed(root: Path) -> None:
    (root / "f").write_bytes(b"inside")
    (root / "link").symlink_to("../outside/secret.txt")
    with exchanging(root / "f", root / "link"):
        seen = {attempt(partial(read, root, "f")) for _ in range(1500)}
    assert b"inside" in seen
    assert SECRET not in seen
