"""A task whose Claude is scripted: real files, real commits, the real client over a real socket."""

import dataclasses
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import anthropic
import pytest
from temporalio.testing import ActivityEnvironment

from activities import prompt
from activities.claude import ClaudeActivities
from demo.app import create_app
from demo.claude import ScriptedClaude, Seen
from demo.control import Control
from demo.script import Scenario
from demo.server import serve
from models.steps import Decision, Fence, ThinkRequest
from policy.redaction import Redactor
from workspace.directory import Attempt, TaskDirectory
from workspace.transcript import Message, Result, Transcript, opening, result_file

WALLS = "Commands run behind walls."
PULSE_SECONDS = 0.05
_numbers = itertools.count(1)


class Stage:
    """The scripted Claude of all tests; each plays a scenario of its own."""

    def __init__(self, claude: ScriptedClaude, control: Control) -> None:
        self.claude = claude
        self.control = control

    def add(self, scenario: Scenario) -> str:
        name = f"scenario{next(_numbers)}"
        self.claude.scenarios[name] = scenario
        return name

    def requests(self, name: str) -> list[Seen]:
        return [seen for seen in self.claude.requests if seen.scenario == name]


class Rehearsal:
    """One task, from think to think."""

    def __init__(self, stage: Stage, home: Path, client: anthropic.AsyncAnthropic) -> None:
        self.stage = stage
        self.scenario = ""
        self.model = "claude-sonnet-5-5"
        self.client = client
        self.home = home
        self.environment = ActivityEnvironment()
        self.heartbeats = 0
        self.environment.on_heartbeat = self._beat
        self.directory = TaskDirectory(home, "task-abcd")
        self.directory.create()
        self.checkpoint = ""
        self.step = 0

    def begin(self, scenario: Scenario, goal: str = "Build a calculator") -> "Rehearsal":
        """Let Claude play `scenario` from the beginning of a new conversation."""
        self.scenario = self.stage.add(scenario)
        self.client.base_url = self.stage.control.url(self.scenario)
        frozen = prompt.frozen(self.model, WALLS)
        files = opening(frozen, prompt.first_message(goal))
        self.commit(None, files)
        return self

    async def think(self, *, attempt: int = 1, **request: Any) -> Decision:
        """Run the activity once and go on from its checkpoint."""
        info = ActivityEnvironment.default_info()
        self.environment.info = dataclasses.replace(info, attempt=attempt)
        decision = await self.run(self.request(**request))
        self.checkpoint = decision.checkpoint
        return decision

    async def run(self, request: ThinkRequest) -> Decision:
        """Run the activity."""
        decision: Decision = await self.environment.run(self.activities.think, request)
        return decision

    @property
    def activities(self) -> ClaudeActivities:
        return ClaudeActivities(self.client, self.home, Redactor(), pulse_seconds=PULSE_SECONDS)

    def request(self, **request: Any) -> ThinkRequest:
        """Return the request to think at the present checkpoint."""
        self.step += 1
        return ThinkRequest(
            task_id="task-abcd",
            fence=Fence(run_started_at=1.0, step=self.step),
            checkpoint=self.checkpoint,
            **request,
        )

    def hand(self, call_id: str, content: str, *, is_error: bool = False) -> None:
        """Give a call its result, as a hand does."""
        files = result_file(call_id, Result(content=content, is_error=is_error))
        self.commit(self.checkpoint, files)

    def commit(self, parent: str | None, files: dict[str, bytes]) -> None:
        """Add files to a checkpoint and go on from there."""
        self.step += 1
        with self.directory.hold(Attempt(1.0, self.step, 1), parent, wait_seconds=1) as held:
            snapshot = held.commit(parent, scan=parent is None, files=files, message="test")
        self.checkpoint = snapshot.checkpoint

    @property
    def transcript(self) -> Transcript:
        return Transcript(self.directory.store, self.checkpoint)

    @property
    def messages(self) -> list[Message]:
        return self.transcript.current()

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The bodies of all requests so far."""
        return [seen.body or {} for seen in self.stage.requests(self.scenario)]

    @property
    def last_sent(self) -> Sequence[dict[str, Any]]:
        """The blocks of the last message of the last request."""
        content: list[dict[str, Any]] = self.sent[-1]["messages"][-1]["content"]
        return content

    def _beat(self, *_details: Any) -> None:
        self.heartbeats += 1


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    claude = ScriptedClaude({}, keep_bodies=True)
    with serve(create_app(claude)) as control:
        yield Stage(claude, control)


@pytest.fixture
async def rehearsal(stage: Stage, tmp_path: Path) -> AsyncIterator[Rehearsal]:
    timeout = anthropic.Timeout(20, connect=5, read=5)
    async with anthropic.AsyncAnthropic(
        api_key="demo-key", base_url=stage.control.base_url, max_retries=0, timeout=timeout
    ) as client:
        yield Rehearsal(stage, tmp_path, client)


Begin = Callable[..., Rehearsal]


@pytest.fixture
def begin(rehearsal: Rehearsal) -> Begin:
    """Begin a rehearsal with the turns of a scenario."""
    return lambda *turns, **options: rehearsal.begin(list(turns), **options)
