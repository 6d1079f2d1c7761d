"""Hands without a workflow: a conversation of given calls, and attempts to carry them out.

`python -m tests.activities.hands` makes attempts that die: each in a process of its own, which
kills itself when it comes to a place in our code.
"""

import asyncio
import dataclasses
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from pydantic import BaseModel, SecretStr
from temporalio.testing import ActivityEnvironment

from activities import prompt
from composition import Composition, claude_client
from models.consent import Judged, JudgeRequest
from models.steps import CommandRequest, Fence, HandRequest, Observation
from models.tools import Tool
from settings import ROOT, Settings
from workspace.directory import Attempt, TaskDirectory
from workspace.jail import NoWalls
from workspace.processes import Launcher
from workspace.transcript import Message, Result, Transcript, opening

TASK_ID = "task-abcd"
RUN_STARTED_AT = 1.0
STEP = 5


class Hands:
    """A task whose Claude has made calls: `calls` gives tool and input by call id."""

    def __init__(self, home: Path, **more: Any) -> None:
        settings = Settings(
            _env_file=None, anthropic_api_key=SecretStr("demo-key"), tars_home=home, **more
        )
        self.home = home
        self.launcher = Launcher()
        walls = NoWalls(settings.process_environment)
        self._composition = Composition(settings, claude_client(settings), self.launcher, walls)
        self.directory = TaskDirectory(home, TASK_ID)

    def close(self) -> None:
        self.launcher.close()

    @property
    def workspace(self) -> Path:
        return self.directory.workspace

    def begin(self, calls: dict[str, tuple[Tool, dict[str, Any]]], **files: str) -> str:
        """Lay out the workspace and the conversation; answers the checkpoint."""
        self.directory.create()
        for name, content in files.items():
            (self.workspace / name).write_text(content)
        entries = opening(prompt.frozen("model", "walls"), prompt.first_message("Build it"))
        with self.directory.hold(Attempt(RUN_STARTED_AT, 0, 1), None, wait_seconds=1) as held:
            opened = held.commit(None, scan=True, files=entries, message="test").checkpoint
            uses = [
                {"type": "tool_use", "id": call_id, "name": tool.value, "input": given}
                for call_id, (tool, given) in calls.items()
            ]
            said = Message(role="assistant", content=uses, stop_reason="tool_use")
            appended = Transcript(self.directory.store, opened).appended([said])
            begun = held.commit(opened, scan=False, files=appended, message="test").checkpoint
        (self.home / "checkpoint").write_text(begun)
        return begun

    async def carry_out(
        self, call_id: str, *, attempt: int = 1, step: int = STEP, **more: Any
    ) -> Observation:
        """Make one attempt at a call, as a worker does; `more` goes into the request."""
        environment = ActivityEnvironment()
        info = ActivityEnvironment.default_info()
        environment.info = dataclasses.replace(info, attempt=attempt, workflow_id=None)
        request = self._request(call_id, step).model_copy(update=more)
        hand = self._hand(call_id)
        if isinstance(request, CommandRequest):
            observation: Observation = await environment.run(hand, request)
        else:
            observation = await asyncio.to_thread(environment.run, hand, request)
        return observation

    def judge(self, call_id: str, **more: Any) -> Judged:
        """Have a command judged, as before it is asked about."""
        request = JudgeRequest(**self._request(call_id, STEP).model_dump()).model_copy(update=more)
        judged: Judged = ActivityEnvironment().run(self._composition._safety.judge_step, request)
        return judged

    def _request(self, call_id: str, step: int) -> HandRequest:
        given = {
            "task_id": TASK_ID,
            "fence": Fence(run_started_at=RUN_STARTED_AT, step=step),
            "checkpoint": (self.home / "checkpoint").read_text(),
            "call_id": call_id,
        }
        if self._tool(call_id) is Tool.RUN_COMMAND:
            return CommandRequest(**given, seconds_left=60)
        return HandRequest(**given)

    def _hand(self, call_id: str) -> Any:
        tool = self._tool(call_id)
        room = self._composition._shell if tool is Tool.RUN_COMMAND else self._composition._files
        return getattr(room, tool)

    def _tool(self, call_id: str) -> Tool:
        checkpoint = (self.home / "checkpoint").read_text()
        return Transcript(self.directory.store, checkpoint).tool_input(call_id)[0]

    def result(self, observation: Observation, call_id: str) -> Result:
        """What Claude will read."""
        return Transcript(self.directory.store, observation.checkpoint).results()[call_id]

    def kept(self, observation: Observation, name: str) -> str:
        """A file of the workspace at the checkpoint of an observation."""
        path = f"workspace/{name}"
        return self.directory.store.read(observation.checkpoint, path).decode()


class Mortal(BaseModel):
    """An attempt that dies at a place: a function as `file.py:function`, its `call` or `return`."""

    home: Path
    call_id: str
    place: str
    event: str


class Nursery:
    """Where they are forked from, so that none has to load everything by itself."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.activities.hands"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    async def die(self, hands: Hands, call_id: str, place: str, event: str) -> None:
        """Make an attempt and have it die."""
        mortal = Mortal(home=hands.home, call_id=call_id, place=place, event=event)
        status = await asyncio.to_thread(self._ask, mortal.model_dump_json())
        assert status == signal.SIGKILL, f"it did not come to {place}"

    def _ask(self, line: str) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def live_and_die(mortal: Mortal) -> None:
    file, _, function = mortal.place.partition(":")

    def watch(frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == mortal.event and code.co_name == function and code.co_filename.endswith(file):
            os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(watch)
    sys.setprofile(watch)
    asyncio.run(Hands(mortal.home).carry_out(mortal.call_id))


def main() -> None:
    """Fork an attempt for each line, and tell by which signal it ended."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                live_and_die(Mortal.model_validate_json(line))
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.WTERMSIG(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
