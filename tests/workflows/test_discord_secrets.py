"""What goes to Discord holds no secret: not a message, not the log that is attached."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from demo.app import create_app
from demo.claude import ScriptedClaude
from demo.discord_channel import WEBHOOK_TOKEN
from demo.scenarios.steps import finish
from demo.script import Turn
from demo.server import serve
from policy.key_blocks import BLANKED
from tests.asking import CODE, asked, run, the_code
from tests.workflows.discord_house import Line, a_telling_house, closed
from tests.workflows.test_secrets_nowhere import API_KEY, FOREIGN_KEY, PRINTS, TOKEN, found_in


@pytest.fixture
def scripted() -> Iterator[tuple[ScriptedClaude, str]]:
    """One that takes only this key."""
    scripted = ScriptedClaude({}, pace=0.0, keep_bodies=True, api_key=API_KEY)
    with serve(create_app(scripted)) as control:
        yield scripted, control.base_url


async def test_no_secret_that_a_task_comes_across_goes_to_discord(
    server: WorkflowEnvironment,
    scripted: tuple[ScriptedClaude, str],
    tmp_path: Path,
    line: Line,
    caplog: pytest.LogCaptureFixture,
) -> None:
    secrets = {"api_token": TOKEN, "anthropic_api_key": API_KEY}
    said = f"The key is {API_KEY} and the code {CODE}."
    async with a_telling_house(server.client, scripted, tmp_path, line, **secrets) as house:
        story = await house.start(
            [
                Turn(blocks=[run(PRINTS), run(f"touch scratch; : {FOREIGN_KEY}")]),
                Turn(blocks=[run("rm scratch")]),
                Turn(blocks=[finish(said, checks=["env"])]),
            ]
        )
        await asked(story)
        await house.tasks.tell(story.task_id, f"Use {FOREIGN_KEY}, and the code is {CODE}.")
        await house.tasks.confirm(the_code())
        await closed(story)
        await line.until_told("✅ Task")
    sent = "\n".join(message.model_dump_json() for message in line.messages)
    log = "\n".join(content.decode() for content in line.discord.files.values())
    assert "the code is" in log
    assert sent.count(BLANKED) > 2
    assert not found_in(sent + log)
    assert WEBHOOK_TOKEN not in sent + log + caplog.text
