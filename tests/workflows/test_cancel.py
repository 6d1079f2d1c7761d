"""A cancel that comes at a bad moment is still a cancel."""

import asyncio
import fcntl

from demo.script import Turn, call
from models.task import State
from tests.house import House, Story


async def pending(story: Story) -> list[str]:
    """Types of the activities that are under way."""
    description = await story.handle.describe()
    return [one.activity_type.name for one in description.raw_description.pending_activities]


async def test_a_cancel_is_not_lost_when_the_step_under_way_fails(house: House) -> None:
    """The step fails before it hears of the cancel; Temporal does not try it again then."""
    house.claude.hold("cancelled")
    write = call("write_file", path="a.txt", content="a\n")
    story = await house.start([Turn(gate="cancelled", blocks=[write])])
    await story.until(lambda _: bool(story.calls()))
    await house.tasks.pause(story.task_id)
    house.claude.release("cancelled")
    await story.until(lambda progress: progress.state is State.PAUSED)
    with (story.home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as another attempt that is at work there would
        await house.tasks.resume(story.task_id)
        while "write_file" not in await pending(story):
            await asyncio.sleep(0.01)
        await house.tasks.cancel(story.task_id)
        while "write_file" in await pending(story):
            await asyncio.sleep(0.1)
    assert (await story.end()).state is State.CANCELLED
