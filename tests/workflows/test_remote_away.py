"""A remote that is away parks a task, and a resume goes on from the same step."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from demo.scenarios.steps import finish, run
from demo.script import Scenario, Turn
from models.task import ParkedCause, State
from tests.house import House, a_house

GATE = "remote away"
SCENARIO: Scenario = [
    Turn(gate=GATE, blocks=[run("echo once >> ran.txt", phase="testing")]),
    Turn(blocks=[finish("Done.", checks=["echo"])]),
]


@pytest.fixture
async def pushing(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> AsyncIterator[House]:
    """A house whose remote is `tmp_path/remote.git`."""
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
    home = tmp_path / "home"
    async with a_house(server.client, claude, home, checkpoint_remote=str(remote)) as house:
        yield house


async def test_a_task_parks_and_goes_on(pushing: House, tmp_path: Path) -> None:
    pushing.claude.hold(GATE)
    story = await pushing.start(SCENARIO)
    await story.until(lambda _: bool(story.calls()))
    remote, away = tmp_path / "remote.git", tmp_path / "away.git"
    remote.rename(away)
    pushing.claude.release(GATE)
    parked = await story.until(lambda progress: progress.state is State.PARKED)
    assert parked.parked_cause is ParkedCause.HOST
    assert f"The checkpoint remote {remote} cannot be used" in parked.message
    away.rename(remote)
    await story.tasks.resume(story.task_id)
    assert (await story.end()).state is State.COMPLETED
    assert (story.workspace / "ran.txt").read_text() == "once\n"
    assert len(story.calls()) == 3
    checkpoint = (await story.progress()).checkpoint
    lines = ["git", "for-each-ref", "--format=%(objectname)", f"refs/tars/{story.task_id}/"]
    told = subprocess.run(lines, cwd=remote, check=True, capture_output=True, text=True).stdout
    assert checkpoint in told.split()
