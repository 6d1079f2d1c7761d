"""A whole house in one process: real worker, real files; only Claude is scripted."""

import asyncio
import contextlib
import itertools
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from temporalio.client import Client, WorkflowHandle

from composition import Composition, claude_client, walls_of
from connection import until_worker_listens
from demo.claude import ScriptedClaude, Seen
from demo.script import Scenario
from models.task import Progress, TaskInput, TaskResult
from models.updates import Update
from settings import Settings
from starter.problems import NoWorker
from starter.tasks import Tasks
from workspace.processes import Launcher

DEADLINE_SECONDS = 20.0
_numbers = itertools.count(1)


class House:
    """One worker on a task queue of its own."""

    def __init__(self, client: Client, settings: Settings, claude: ScriptedClaude) -> None:
        self.client = client
        self.settings = settings
        self.claude = claude
        self.tasks = Tasks(client, settings.task_queue)

    def add(self, scenario: Scenario) -> str:
        """Teach the scripted Claude a scenario; answers the goal that plays it."""
        name = f"test{next(_numbers)}"
        self.claude.scenarios[name] = scenario
        return f"scenario={name} {uuid.uuid4()}"

    async def start(self, scenario: Scenario | str, **options: object) -> "Story":
        """Start a task that plays `scenario`; limits and `project` are options."""
        goal = f"{scenario} {uuid.uuid4()}" if isinstance(scenario, str) else self.add(scenario)
        project = options.pop("project", None)
        limits = self.settings.limits.model_copy(update=options)
        task = TaskInput(goal=goal, project=project and str(project), limits=limits)
        return Story(self, await self.tasks.start(task), goal)


class Story:
    """One task, watched."""

    def __init__(self, house: House, task_id: str, goal: str) -> None:
        self.house = house
        self.task_id = task_id
        self.goal = goal

    @property
    def handle(self) -> "WorkflowHandle[object, TaskResult]":
        return self.house.client.get_workflow_handle(self.task_id, result_type=TaskResult)

    @property
    def tasks(self) -> Tasks:
        return self.house.tasks

    @property
    def home(self) -> Path:
        return self.house.settings.tars_home / "tasks" / self.task_id

    @property
    def workspace(self) -> Path:
        return self.home / "workspace"

    async def progress(self) -> Progress:
        return await self.tasks.progress(self.task_id)

    async def until(self, fits: Callable[[Progress], bool]) -> Progress:
        """Wait until the progress fits; a worker that is just starting may be silent at first."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                with contextlib.suppress(NoWorker):
                    progress = await self.progress()
                    if fits(progress):
                        return progress
                await asyncio.sleep(0.02)

    async def end(self) -> Progress:
        """Wait for the end, whatever it is."""
        return await self.until(lambda progress: progress.result is not None)

    async def updates(self, deadline_seconds: float = DEADLINE_SECONDS) -> list[Update]:
        """All updates; returns once the task has ended."""
        async with asyncio.timeout(deadline_seconds):
            return [update async for update in self.tasks.follow(self.task_id)]

    def calls(self) -> list[Seen]:
        """The model calls of this task."""
        return [seen for seen in self.house.claude.requests if self.goal in str(seen.body)]


@asynccontextmanager
async def a_house(
    client: Client, claude: tuple[ScriptedClaude, str], home: Path, **more: Any
) -> AsyncIterator[House]:
    """Run a worker on a task queue of its own; `more` are settings."""
    scripted, base_url = claude
    # nobody has to ask the package clients, and nobody listens
    quick: dict[str, Any] = {"sandbox_network": "none", "voice_events": False}
    key = {"anthropic_api_key": SecretStr("demo-key")}
    given = {"task_queue": f"test-{uuid.uuid4()}", "max_cost_usd": None} | key | quick | more
    settings = Settings(
        _env_file=None,
        anthropic_base_url=base_url,
        tars_home=home,
        **given,
    )
    async with claude_client(settings) as model:
        with contextlib.closing(Launcher()) as launcher:
            async with (
                walls_of(settings, launcher) as walls,
                Composition(settings, model, launcher, walls).worker(client),
            ):
                await until_worker_listens(client, settings.task_queue)
                yield House(client, settings, scripted)
