"""A house that tells Discord, and a stub of that which can be away and come back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus
from temporalio.worker import Replayer

from connection import plugin
from demo.claude import ScriptedClaude
from demo.discord import WEBHOOK_PATH, serve_discord
from demo.discord_channel import Discord, Message
from models.contract import DELIVERY_TYPE, Activity, Query
from models.task import Progress
from tests.house import House, Story, a_house
from tests.ports import free_port
from workflows.coding_task import CodingTask
from workflows.delivery import Delivery
from workflows.misshapen import DropMisshapenSignals

CODE = "zx81-6283"
DEADLINE_SECONDS = 30.0


class Line:
    """The stub, on a port that stays its own while it is away."""

    def __init__(self) -> None:
        self.discord = Discord()
        self._port = free_port()
        self._served = ExitStack()

    @property
    def address(self) -> SecretStr:
        return SecretStr(f"http://127.0.0.1:{self._port}{WEBHOOK_PATH}")

    def up(self) -> None:
        self._served.enter_context(serve_discord(self.discord, self._port))

    def down(self) -> None:
        self._served.close()

    @property
    def messages(self) -> list[Message]:
        return self.discord.messages

    @property
    def heads(self) -> list[str]:
        """What rings, by its first line; "" for what is silent."""
        return [message.content for message in self.messages]

    @property
    def lines(self) -> list[str]:
        """The silent lines of all messages but the card, oldest first."""
        embeds = [message.embeds[0] for message in self.messages[1:] if message.embeds]
        return [
            line
            for embed in embeds
            if "title" not in embed and "fields" not in embed
            for line in embed["description"].split("\n")
        ]

    @property
    def card(self) -> dict[str, str]:
        """The card's fields and, as `lines`, its text."""
        embed = self.messages[0].embeds[0]
        fields = {field["name"]: field["value"] for field in embed["fields"]}
        return fields | {"lines": embed["description"]}

    async def until(self, fits: Callable[["Line"], object]) -> None:
        """Wait until what stands in the channel fits."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not (self.messages and fits(self)):
                await asyncio.sleep(0.05)

    async def until_told(self, head: str) -> None:
        """Wait for a message that begins so."""
        await self.until(lambda line: any(one.startswith(head) for one in line.heads))


@asynccontextmanager
async def a_telling_house(
    client: Client, claude: tuple[ScriptedClaude, str], home: Path, line: Line, **more: Any
) -> AsyncIterator[House]:
    given = {"confirmation_code": CODE, "discord_webhook_url": line.address} | more
    async with a_house(client, claude, home, **given) as house:
        yield house


async def closed(story: Story) -> Progress:
    """Wait until the task's own workflow has closed; answers how it stands then."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while (await story.handle.describe()).status is WorkflowExecutionStatus.RUNNING:
            await asyncio.sleep(0.02)
    progress: Progress = await story.handle.query(Query.PROGRESS, result_type=Progress)
    return progress


async def deliveries(story: Story) -> int:
    """How many deliveries to Discord the task's history holds."""
    history = await story.handle.fetch_history()
    scheduled = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    names = [
        event.activity_task_scheduled_event_attributes.activity_type.name
        for event in history.events
        if event.event_type == scheduled
    ]
    return names.count(Activity.POST_UPDATE)


async def replays(story: Story) -> None:
    """All runs of a task, and the deliveries it left, come to the same steps when replayed."""
    client = story.house.client
    found: list[WorkflowExecution] = []
    query = f"WorkflowId STARTS_WITH '{story.task_id}' AND ExecutionStatus != 'Running'"
    async with asyncio.timeout(DEADLINE_SECONDS):
        while DELIVERY_TYPE not in {one.workflow_type for one in found}:
            found = [one async for one in client.list_workflows(query)]
            await asyncio.sleep(0.1)
    workflows = [CodingTask, Delivery]
    replayer = Replayer(
        workflows=workflows, plugins=[plugin()], interceptors=[DropMisshapenSignals()]
    )
    for one in found:
        run = client.get_workflow_handle(one.id, run_id=one.run_id)
        await replayer.replay_workflow(await run.fetch_history())
