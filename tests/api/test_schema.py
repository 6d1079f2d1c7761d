"""The api against its own OpenAPI document: no 5xx, and nothing that the document does not say."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.api.conftest import BEARER, Served
from tests.asking import asked, no, removal

SECONDS = 45
"""Given to the search, which goes through every operation within that."""

LISTENING = r"/events$"
"""Left out: they go on for as long as their tasks; tests of their own look at them."""

CONFIG = """
warnings = false

[dictionaries.tasks]
values = {tasks}

[parameters]
"path.task" = {{ dictionary = "tasks", probability = 0.7 }}
"""


async def config_with(api: Served, place: Path) -> Path:
    """Let the search know tasks that wait, and one that has ended."""
    stories = [await api.house.start(removal()) for _ in range(3)]
    for story in stories:
        await asked(story)
    await stories[0].tasks.confirm(no(), stories[0].task_id)
    await stories[0].end()
    file = place / "schemathesis.toml"
    ids = [story.task_id for story in stories]
    file.write_text(CONFIG.format(tasks=json.dumps(["latest", *ids])))
    return file


@pytest.mark.timeout(300)
async def test_the_api_is_what_its_document_says(api: Served, tmp_path: Path) -> None:
    options = {
        "--header": f"Authorization: {BEARER['Authorization']}",
        "--checks": "all",
        "--phases": "examples,coverage,fuzzing",
        "--max-examples": "20",
        "--max-time": str(SECONDS),
        "--request-timeout": "20",
        "--seed": "1",
        "--generation-database": "none",
        "--exclude-path-regex": LISTENING,
    }
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        *("--config-file", await config_with(api, tmp_path), "--no-color"),
        *("run", f"{api.url}/openapi.json", "--continue-on-failure"),
        *(word for option in options.items() for word in option),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
