"""All that tasks give a voice to say: at most 20 words, no paths, no symbols, no hashes."""

import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    Replayer,
    UnsandboxedWorkflowRunner,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from demo.claude import ScriptedClaude
from demo.scenarios import all_scenarios
from demo.scenarios.steps import finish
from demo.script import Turn
from models.replies import Extension
from models.speech import MOST_WORDS
from models.task import State, Waiting
from models.updates import Update, UpdateKind
from tests.asking import CODE, asked, no, removal, run, the_code
from tests.house import House, Story, a_house
from tests.workflows.record_histories import HISTORIES
from workflows.coding_task import CodingTask
from workflows.misshapen import DropMisshapenSignals

NEVER_END = {"waiting", "stubborn", "long"}
SILENT = {
    UpdateKind.PHASE_CHANGED,
    UpdateKind.COMMAND_STARTED,
    UpdateKind.COMMAND_OUTPUT,
    UpdateKind.COMMAND_FINISHED,
    UpdateKind.FILE_EDITED,
    UpdateKind.NOTE,
}
"""Kinds of which a voice says nothing."""


def fit_for_a_voice(updates: list[Update]) -> None:
    for update in updates:
        assert bool(update.speak) == (update.kind not in SILENT), update
        assert len(update.speak.split()) <= MOST_WORDS, update.speak
        assert not re.search(r"[\d`*_/\\$|<>{}\[\]()#;=~^@&%+-]", update.speak), update.speak


@pytest.fixture
async def asking_house(
    server: WorkflowEnvironment, claude: tuple[ScriptedClaude, str], tmp_path: Path
) -> AsyncIterator[House]:
    async with a_house(server.client, claude, tmp_path, confirmation_code=CODE) as house:
        yield house


@pytest.mark.parametrize("name", sorted(set(all_scenarios(0.0)) - NEVER_END))
async def test_in_every_scenario(asking_house: House, name: str) -> None:
    story = await asking_house.start(f"scenario={name}", max_turns=40)
    await through(story)
    fit_for_a_voice(await story.updates())


async def through(story: Story) -> None:
    """Give the code whenever it is asked for, until the end; who stands still is cancelled."""
    while True:
        progress = await story.until(lambda now: bool(now.waiting_for or now.result))
        if progress.result:
            return
        if progress.state is State.WAITING_CONFIRMATION and progress.waiting_for:
            await story.tasks.confirm(the_code(), story.task_id)
            await answered(story, progress.waiting_for)
        else:
            await story.tasks.cancel(story.task_id)
            await story.end()


async def answered(story: Story, waiting: Waiting) -> None:
    await story.until(lambda now: now.waiting_for != waiting)


class Ear(Interceptor):
    """Hears what a replayed task has told when it ends, or goes on in a new history."""

    def __init__(self) -> None:
        self.updates: list[Update] = []

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        del input
        updates = self.updates

        class Inbound(WorkflowInboundInterceptor):
            async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
                try:
                    return await super().execute_workflow(input)
                finally:
                    updates.extend(told(workflow.instance()))

        return Inbound


def told(task: object) -> list[Update]:
    assert isinstance(task, CodingTask)
    written = [base64.b64decode(item.data) for item in task.stream.get_state().log]
    payloads = [Payload.FromString(one) for one in written]
    return pydantic_data_converter.payload_converter.from_payloads(
        payloads, [Update] * len(payloads)
    )


@pytest.mark.parametrize("file", sorted(HISTORIES.glob("*.json")), ids=lambda file: file.stem)
async def test_in_every_kept_history_as_told_today(file: Path) -> None:
    ear = Ear()
    replayer = Replayer(
        workflows=[CodingTask],
        data_converter=pydantic_data_converter,
        interceptors=[DropMisshapenSignals(), ear],
        workflow_runner=UnsandboxedWorkflowRunner(),  # the ear is out here
    )
    task_id = f"task-{file.stem.replace('_', '')}"
    await replayer.replay_workflow(WorkflowHistory.from_json(task_id, file.read_text()))
    assert any(update.speak for update in ear.updates)
    fit_for_a_voice(ear.updates)


async def test_whatever_claude_writes_and_people_do(asking_house: House) -> None:
    spoken = "Wrote `src/app.py` at 3fa9c21be (#a7f3): **2 files**, " + "very " * 30 + "good."
    commands = removal("rm a.txt", "rm b.txt")
    assert isinstance(commands, list)
    story = await asking_house.start(
        [*commands[:-1], Turn(blocks=[run("true"), finish("ok", spoken=spoken, checks=["true"])])],
        max_turns=3,
    )
    await story.tasks.pause(story.task_id)
    await story.until(lambda progress: progress.state is State.PAUSED)
    await story.tasks.resume(story.task_id)
    first = await asked(story)
    await story.tasks.confirm(the_code(code="wrong"), story.task_id)
    await story.tasks.confirm(no("because / of *it*"), story.task_id)
    await asked(story, again=first.request_id)
    await story.tasks.confirm(the_code(), story.task_id)
    await story.until(lambda progress: progress.state is State.PARKED)
    await story.tasks.extend(story.task_id, Extension(turns=9))
    await story.end()
    updates = await story.updates()
    fit_for_a_voice(updates)
    assert updates[-1].speak.startswith("Wrote app dot py at a seven f three two files, very very")
