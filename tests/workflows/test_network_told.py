"""What the network refuses to a command is told to Claude and to people."""

import shutil
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from demo.claude import ScriptedClaude
from demo.scenarios.steps import finish, run
from demo.script import Turn
from models.task import State
from models.updates import UpdateKind
from tests.house import a_house
from tests.walled import needs_bwrap

REFUSED = "The network refused: nowhere.invalid:443 (not in the allow-list)"


@needs_bwrap
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
async def test_a_refused_host_is_told(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> None:
    turns = [
        Turn(blocks=[run("curl -sS https://nowhere.invalid/; true", phase="testing")]),
        Turn(blocks=[finish("Done.", checks=["true"])], expect=f"[{REFUSED}]"),
    ]
    async with a_house(server.client, claude, tmp_path, sandbox_network="registries") as house:
        story = await house.start(turns)
        updates = await story.updates(60)
        assert (await story.progress()).state is State.COMPLETED
    notes = [update.data for update in updates if update.kind is UpdateKind.NOTE]
    assert {"text": REFUSED, "by": "network"} in notes
