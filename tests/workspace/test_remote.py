"""Checkpoints at a remote: pushed before they count, whole on another host, never lost to a gc."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.desk import git, pictured
from workspace.directory import Attempt, TaskDirectory
from workspace.hand_back import clone_project
from workspace.problems import RemoteUnreachable, WorkspaceLost
from workspace.remote import Remote

TASK = "task-abcd"


class Hosts:
    """Hosts with homes of their own, and one remote for all of them."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.remote_dir = place / "remote.git"
        git(place, "init", "--bare", str(self.remote_dir))
        self.remote = Remote(str(self.remote_dir), os.environ, retry_seconds=0)
        self.step = 0

    def host(self, name: str) -> TaskDirectory:
        return TaskDirectory(self.place / name, TASK, self.remote)

    def opened(self, name: str = "one") -> tuple[TaskDirectory, str]:
        """A task with some files and a repository of its own, at its first checkpoint."""
        directory = self.host(name)
        directory.create()
        (directory.workspace / "file").write_text("first\n")
        git(directory.workspace, "init")
        git(directory.workspace, "add", ".")
        git(directory.workspace, "commit", "--message", "by hand")
        git(directory.workspace, "tag", "--annotate", "v1", "--message", "one")
        return directory, self.commit(directory, None)

    def attempt(self) -> Attempt:
        self.step += 1
        return Attempt(1.0, self.step, 1)

    def commit(self, directory: TaskDirectory, parent: str | None, text: str = "") -> str:
        """One step: write a file, make a checkpoint."""
        with directory.hold(self.attempt(), parent, 1.0) as held:
            if text:
                (directory.workspace / "file").write_text(text)
            files = {f"transcript/{self.step:06}.user.json": text.encode()}
            return held.commit(parent, scan=True, files=files, message="step").checkpoint

    def lines(self) -> set[str]:
        """Where the lines of the task end at the remote."""
        form = ("for-each-ref", "--format=%(objectname)", f"refs/tars/{TASK}/")
        return set(git(self.remote_dir, *form).split())

    def move(self, *, away: bool) -> None:
        there = self.place / "moved.git"
        (self.remote_dir if away else there).rename(there if away else self.remote_dir)


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return Hosts(tmp_path)


def test_a_checkpoint_is_at_the_remote_before_it_counts(hosts: Hosts) -> None:
    directory, last = hosts.opened()
    for text in ("second", "third"):
        last = hosts.commit(directory, last, text)
        assert hosts.lines() == {last}
    assert git(hosts.remote_dir, "show", f"{last}:workspace/file") == "third"
    assert "error" not in git(hosts.remote_dir, "fsck", "--strict")


def test_another_host_has_the_files_the_repository_and_the_conversation(hosts: Hosts) -> None:
    one, first = hosts.opened()
    last = hosts.commit(one, first, "second\n")
    was, log = pictured(one.workspace), git(one.workspace, "log", "--decorate", "--all")
    shutil.rmtree(one.root)
    two = hosts.host("two")
    store = two.store_with(last)
    assert store.names(last, "transcript") == ["000001.user.json", "000002.user.json"]
    with two.hold(hosts.attempt(), last, 1.0):
        files = pictured(two.workspace)
        assert {path for path in files if not path.startswith(b".git/")} == {b"file"}
        assert files[b"file"] == was[b"file"]
        assert git(two.workspace, "log", "--decorate", "--all") == log
        assert git(two.workspace, "fsck", "--no-dangling").strip() == ""
    assert store.diff(first, last, 1_000).stat.files == 1
    newest = hosts.commit(two, last, "third\n")
    assert hosts.lines() == {newest}


def test_a_host_that_was_left_behind_catches_up(hosts: Hosts) -> None:
    one, first = hosts.opened()
    two = hosts.host("two")
    two.store_with(first)
    newest = hosts.commit(two, first, "by the other")
    store = one.store_with(newest)
    assert not store.knows(newest)
    last = hosts.commit(one, newest)
    assert (one.workspace / "file").read_text() == "by the other"
    assert store.knows(newest)
    assert hosts.lines() == {last}


def test_a_late_attempt_costs_nobody_anything(hosts: Hosts) -> None:
    one, first = hosts.opened()
    two = hosts.host("two")
    two.store_with(first)
    live = hosts.commit(two, first, "live")
    late = hosts.commit(one, first, "late")
    assert hosts.lines() == {live, late}
    live = hosts.commit(two, live, "live on")
    later = hosts.commit(one, late, "later")
    assert hosts.lines() == {live, later}
    git(hosts.remote_dir, "gc", "--prune=now")
    three = hosts.host("three")
    assert three.store_with(live).read(live, "workspace/file") == b"live on"
    assert three.store.read(later, "workspace/file") == b"later"


def test_an_undone_step_stays_and_its_line_too(hosts: Hosts) -> None:
    one, first = hosts.opened()
    undone = hosts.commit(one, first, "undone")
    again = hosts.commit(one, first, "again")
    assert hosts.lines() == {undone, again}
    again = hosts.commit(one, again, "and on")
    assert hosts.lines() == {undone, again}


def test_what_a_power_cut_has_taken_comes_back(hosts: Hosts) -> None:
    one, first = hosts.opened()
    last = hosts.commit(one, first, "second")
    shutil.rmtree(one.store_dir)
    one = hosts.host("one")
    assert one.store_with(last).read(last, "workspace/file") == b"second"
    assert hosts.commit(one, last, "third") in hosts.lines()


def test_a_remote_that_is_away_stops_the_step_and_nothing_else(hosts: Hosts) -> None:
    one, first = hosts.opened()
    hosts.move(away=True)
    with pytest.raises(RemoteUnreachable, match=r"remote\.git cannot be used \(.*repository"):
        hosts.commit(one, first, "never told")
    with pytest.raises(RemoteUnreachable):
        hosts.host("two").store_with(first)
    hosts.move(away=False)
    with one.hold(hosts.attempt(), first, 1.0):
        assert (one.workspace / "file").read_text() == "first\n"
    assert hosts.host("two").store_with(first)


def test_what_was_never_pushed_goes_along_later(hosts: Hosts) -> None:
    alone = TaskDirectory(hosts.place / "one", TASK)
    alone.create()
    (alone.workspace / "file").write_text("before there was a remote")
    first = hosts.commit(alone, None)
    assert hosts.lines() == set()
    assert not (alone.root / "remote.git").exists()
    last = hosts.commit(hosts.host("one"), first, "since")
    assert hosts.host("two").store_with(last).read(first, "workspace/file").startswith(b"before")


def test_the_last_checkpoint_counts_without_the_remote(hosts: Hosts) -> None:
    one, first = hosts.opened()
    hosts.move(away=True)
    with one.hold(hosts.attempt(), first, 1.0) as held:
        snapshot = held.commit(first, scan=True, message="completed", is_last=True)
    assert any("on this host only" in note for note in snapshot.notes)


def test_a_checkpoint_that_nobody_has(hosts: Hosts) -> None:
    hosts.opened()
    with pytest.raises(WorkspaceLost, match="neither on this host nor at"):
        hosts.host("two").store_with("0123" * 10)


def test_without_a_remote_another_host_says_so(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceLost, match="not at"):
        TaskDirectory(tmp_path, TASK).store_with("0123" * 10)
    assert list(tmp_path.iterdir()) == []


def test_a_project_with_a_part_of_its_history(hosts: Hosts) -> None:
    project = hosts.place / "project"
    project.mkdir()
    git(project, "init")
    for name in ("a", "b"):
        (project / name).write_text(name)
        git(project, "add", ".")
        git(project, "commit", "--message", name)
    shallow = hosts.place / "shallow"
    git(hosts.place, "clone", "--depth", "1", project.as_uri(), str(shallow))
    one = hosts.host("one")
    one.create()
    clone_project(shallow, one.workspace)
    with pytest.raises(RemoteUnreachable, match="shallow update not allowed"):
        hosts.commit(one, None)
    git(hosts.remote_dir, "config", "receive.shallowUpdate", "true")
    last = hosts.commit(one, None)
    two = hosts.host("two")
    two.store_with(last)
    with two.hold(hosts.attempt(), last, 1.0):
        assert git(two.workspace, "log", "--format=%s").split() == ["b"]
        assert git(two.workspace, "status", "--porcelain") == ""


def test_hooks_of_ours_do_not_run_and_those_of_the_remote_may_refuse(hosts: Hosts) -> None:
    one, first = hosts.opened()
    _hook(one.root / "remote.git", "pre-push", "touch ../ran; exit 1")
    last = hosts.commit(one, first, "second")
    assert not (one.root / "ran").exists()
    _hook(hosts.remote_dir, "pre-receive", "echo no room left; exit 1")
    with pytest.raises(RemoteUnreachable, match=r"no room left.*pre-receive hook declined"):
        hosts.commit(one, last, "third")


def _hook(repository: Path, name: str, script: str) -> None:
    file = repository / "hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    subprocess.run(["chmod", "+x", str(file)], check=True)
