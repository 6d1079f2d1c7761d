"""Tasks outlive the code that began them: kept histories must replay with the code of today."""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from connection import plugin
from tests.workflows.record_histories import HISTORIES, NAMES
from workflows.coding_task import CodingTask
from workflows.misshapen import DropMisshapenSignals

LESSON = """
The story in workflows/ now takes other steps than it took when `{name}` was played. A task that
was begun before your change and is still under way would stand still, on every machine.

Keep the old way for old tasks, beside the new one:

    if workflow.patched("ask-before-closing"):
        ...  # the new way, for tasks that come here from now on
    else:
        ...  # the old way, for tasks that were here before

Steps are: activities, timers, waiting with a timeout, search attributes, events groups' ids, and
their order. Notices, texts and what an activity does inside are none: those change freely.
Only when no task can be under way that was begun before (before the first release), record anew:

    python -m tests.workflows.record_histories

What the replay said: {failure}
"""


async def replayed(name: str, recorded: str) -> Exception | None:
    """Replay a history as the worker would; answers what was wrong with it."""
    replayer = Replayer(
        workflows=[CodingTask], plugins=[plugin()], interceptors=[DropMisshapenSignals()]
    )
    history = WorkflowHistory.from_json(f"task-{name.replace('_', '')}", recorded)
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return result.replay_failure


@pytest.mark.parametrize("file", sorted(HISTORIES.glob("*.json")), ids=lambda file: file.stem)
async def test_tasks_begun_before_go_on_with_the_code_of_today(file: Path) -> None:
    failure = await replayed(file.stem, file.read_text())
    assert failure is None, LESSON.format(name=file.stem, failure=failure)


async def test_another_story_is_noticed() -> None:
    """The test above can fail: a history in which another step was taken does not replay."""
    recorded = (HISTORIES / "steered.json").read_text()
    other = recorded.replace(
        '"activityType":{"name":"write_file"}', '"activityType":{"name":"search"}'
    )
    assert other != recorded
    failure = await replayed("steered", other)
    assert "search" in str(failure)


def test_every_recording_is_kept() -> None:
    assert {file.stem for file in HISTORIES.glob("*.json")} == NAMES


def test_what_is_kept_ended_as_it_should() -> None:
    """A recording of a task that failed by mistake would test little."""
    endings = {
        file.stem: json.loads(file.read_text())["events"][-1]["eventType"].removeprefix(
            "EVENT_TYPE_WORKFLOW_EXECUTION_"
        )
        for file in HISTORIES.glob("*.json")
    }
    expected = dict.fromkeys(NAMES, "COMPLETED")
    expected |= {"cancelled": "CANCELED", "continued_first": "CONTINUED_AS_NEW"}
    assert endings == expected
