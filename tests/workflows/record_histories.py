"""Plays small tasks and keeps their histories: `python -m tests.workflows.record_histories`.

For test_replay.py. To be run only when no task may be under way that the code before began, as
before the first release; for any other change of the story there is `workflow.patched()`. Nothing
in a history names a person or a machine, so the tasks are played in /tmp.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment

from connection import plugin
from demo.app import create_app
from demo.claude import ScriptedClaude
from demo.faults import rate_limited
from demo.scenarios import all_scenarios
from demo.scenarios.steps import finish, run
from demo.script import Text, Turn, call
from demo.server import serve
from models.contract import SearchAttribute
from models.replies import ConfirmationAnswer, Extension
from models.task import State
from starter.temporal_server import DYNAMIC_CONFIG, find_binary
from tests.house import House, Story, a_house

HISTORIES = Path(__file__).with_name("histories")
CODE = "zx81-6283"
SHORT_HISTORIES = "limit.historyCount.suggestContinueAsNew=60"
"""After so many events a history begins anew."""

Recording: TypeAlias = Callable[[House], Awaitable[Story]]

FIRST = Turn(blocks=[Text(text="I write a file."), call("write_file", path="a.txt", content="a\n")])
OTHERS = [
    Turn(blocks=[run("cat a.txt", phase="testing")]),
    Turn(blocks=[finish("Wrote **a.txt**.", checks=["cat a.txt"])]),
]


async def calculator(house: House) -> Story:
    """Edits, commands, a question that is answered by the code."""
    story = await house.start("scenario=calculator_with_cleanup")
    await until(story, State.WAITING_CONFIRMATION)
    await house.tasks.confirm(ConfirmationAnswer(code=CODE))
    return await ended(story)


async def denied(house: House) -> Story:
    """A wrong code, then a no."""
    story = await house.start([FIRST, Turn(blocks=[run("rm a.txt", phase="testing")]), *OTHERS])
    await until(story, State.WAITING_CONFIRMATION)
    await house.tasks.confirm(ConfirmationAnswer(code="wrong code"))
    await house.tasks.confirm(ConfirmationAnswer(approve=False, reason="Keep it."))
    return await ended(story)


async def cancelled(house: House) -> Story:
    """A cancel while a command runs."""
    story = await house.start([Turn(blocks=[run("touch begun; sleep 60")])])
    while not (story.workspace / "begun").exists():
        await asyncio.sleep(0.05)
    await house.tasks.cancel(story.task_id)
    return await ended(story)


async def steered(house: House) -> Story:
    """Words of the user, a pause and a resume."""
    house.claude.hold("steered")
    story = await house.start([Turn(gate="steered", blocks=FIRST.blocks), *OTHERS])
    await story.until(lambda _: bool(story.calls()))
    await house.tasks.tell(story.task_id, "Use tabs.")
    await house.tasks.pause(story.task_id)
    house.claude.release("steered")
    await until(story, State.PAUSED)
    await house.tasks.resume(story.task_id)
    return await ended(story)


async def parked(house: House) -> Story:
    """The turn limit, and an extension."""
    story = await house.start([FIRST, *OTHERS], max_turns=2)
    await until(story, State.PARKED)
    await house.tasks.extend(story.task_id, Extension(turns=5))
    return await ended(story)


async def provider_away(house: House) -> Story:
    """A used-up quota, and a resume before it is over."""
    away = Turn(faults=[rate_limited(3600)], blocks=FIRST.blocks)
    story = await house.start([away, *OTHERS])
    await until(story, State.PARKED)
    await house.tasks.resume(story.task_id)
    return await ended(story)


async def continued(house: House) -> Story:
    """A history that begins anew, more than once."""
    return await ended(await house.start("scenario=long turns=8 bytes=20"))


RECORDINGS: list[Recording] = [calculator, denied, cancelled, steered, parked, provider_away]
CONTINUED = ("continued_first", "continued_last")
"""The first and the last history of the recording `continued`."""

NAMES = {*(recording.__name__ for recording in RECORDINGS), *CONTINUED}


async def until(story: Story, state: State) -> None:
    await story.until(lambda progress: progress.state is state)


async def ended(story: Story) -> Story:
    await story.end()
    await story.updates()
    return story


async def main() -> None:
    """Record everything anew."""
    HISTORIES.mkdir(exist_ok=True)
    for old in HISTORIES.glob("*.json"):
        old.unlink()
    async with a_stage() as house:
        for recording in RECORDINGS:
            keep(recording.__name__, await (await recording(house)).handle.fetch_history())
    async with a_stage(SHORT_HISTORIES) as house:
        handle = (await continued(house)).handle
        info = (await handle.describe()).raw_description.workflow_execution_info
        first = house.client.get_workflow_handle(handle.id, run_id=info.first_run_id)
        for name, run_of_it in zip(CONTINUED, (first, handle), strict=True):
            keep(name, await run_of_it.fetch_history())


def keep(name: str, history: WorkflowHistory) -> None:
    """Write a history into its file."""
    (HISTORIES / f"{name}.json").write_text(written(history))


def written(history: WorkflowHistory) -> str:
    """A history with an event to a line, so that a change of it can be read."""
    events = json.loads(history.to_json(), object_hook=_without_stack)["events"]
    lines = ",\n".join(json.dumps(event, separators=(",", ":")) for event in events)
    return f'{{"events":[\n{lines}\n]}}\n'


def _without_stack(value: dict[str, Any]) -> dict[str, Any]:
    """The stack of an error names directories of this machine; a replay does not look at it."""
    value.pop("stackTrace", None)
    return value


@asynccontextmanager
async def a_stage(*more_config: str) -> AsyncIterator[House]:
    """A house on a server of its own, in which nobody is named."""
    config = (*DYNAMIC_CONFIG, *more_config)
    flags = [word for value in config for word in ("--dynamic-config-value", value)]
    for name in SearchAttribute:
        flags += ["--search-attribute", f"{name.value}=Keyword"]
    server = await WorkflowEnvironment.start_local(
        plugins=[plugin()],
        identity="recording",
        dev_server_existing_path=str(find_binary()),
        dev_server_extra_args=flags,
        dev_server_log_level="error",
    )
    scripted = ScriptedClaude(all_scenarios(0.0), pace=0.0, keep_bodies=True)
    with (
        serve(create_app(scripted)) as control,
        tempfile.TemporaryDirectory(prefix="tars-", dir="/tmp") as home,
    ):
        async with (
            server,
            a_house(
                server.client, (scripted, control.base_url), Path(home), confirmation_code=CODE
            ) as house,
        ):
            yield house


if __name__ == "__main__":
    asyncio.run(main())
