"""The doors to a task's workspace: opening and closing it, and the hands on its files."""

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from temporalio import activity

from activities.attempts import attempt_of
from activities.heartbeats import heartbeats_of_thread
from activities.prompt import first_message, frozen
from activities.workspace_errors import told_as_problems
from models.contract import TASK_ID_PREFIX
from models.notices import Channel
from models.steps import (
    Closed,
    CloseRequest,
    FileChange,
    HandRequest,
    Observation,
    Opened,
    OpenRequest,
    Outcome,
)
from models.task import State
from models.tools import EditFile, ListFiles, ReadFile, Search, ToolInput, WriteFile
from policy.key_blocks import BLANKED
from policy.redaction import Redactor
from workspace import files
from workspace.beneath import open_file
from workspace.directory import TaskDirectory
from workspace.file_problems import FileProblem
from workspace.hand_back import clone_project, hand_back
from workspace.problems import ProjectUnusable
from workspace.processes import stop_all
from workspace.remote import Remote
from workspace.transcript import Result, Transcript, opening, result_file

PULSE_SECONDS = 1.0
LOCK_WAIT_SECONDS = 10.0
"""How long an attempt waits for another one on the same workspace before Temporal tries again."""

PREVIEW_CHARACTERS = 200
_NOT_SHOWN = (
    f"Not written: {BLANKED} stands for a secret that this file holds and you are not shown. "
    "Change only the lines around it, with edit_file."
)
MAX_CHANGES = 20
MAX_DIFF_BYTES = 1_000_000
"""Temporal refuses a payload of 2 MiB."""


Input = TypeVar("Input", bound=ToolInput)


@dataclass(frozen=True)
class _Done:
    """What a file tool answered Claude, and which files it changed."""

    text: str
    changes: tuple[FileChange, ...] = ()


class WorkspaceActivities:
    """Activities on files. Each is a function from a checkpoint to a checkpoint.

    `home` is the data directory that holds the tasks, `model` and `walls` go into the frozen
    beginning of each conversation, `remarks` are told to people as each task begins. `redactor`
    blanks secrets in what Claude is shown. Checkpoints go to a `remote` as well. `channels` are
    where each task tells what it does. Raises ApplicationError with a type of Problem.
    """

    def __init__(
        self,
        home: Path,
        model: str,
        walls: str,
        redactor: Redactor,
        *,
        remarks: Sequence[str] = (),
        remote: Remote | None = None,
        channels: Sequence[Channel] = (),
    ) -> None:
        self._home = home
        self._channels = channels
        self._remote = remote
        self._redactor = redactor
        self._remarks = remarks
        self._model = model
        self._walls = walls

    @activity.defn(no_thread_cancel_exception=True)
    def open_workspace(self, request: OpenRequest) -> Opened:
        """Make the task's directory, from nothing or from a project, and its first checkpoint."""
        directory = self._directory(request)
        with told_as_problems(*self._channels), heartbeats_of_thread(PULSE_SECONDS):
            directory.create()
            with directory.hold(attempt_of(request), None, LOCK_WAIT_SECONDS) as held:
                directory.empty_workspace()  # what an attempt before this one has left
                notes = []
                if request.project:
                    notes = clone_project(Path(request.project), directory.workspace)
                goal = first_message(self._redactor.known(request.goal))
                beginning = opening(frozen(self._model, self._walls), goal)
                snapshot = held.commit(None, scan=True, files=beginning, message="open")
        return Opened(
            checkpoint=snapshot.checkpoint,
            sandbox=self._walls,
            notes=[*self._remarks, *notes, *snapshot.notes],
            model=self._model,
            workspace=str(directory.workspace),
            channels=[*self._channels],
        )

    @activity.defn(no_thread_cancel_exception=True)
    def read_file(self, request: HandRequest) -> Observation:
        """Show Claude a file."""
        return self._use(request, ReadFile, self._read)

    @activity.defn(no_thread_cancel_exception=True)
    def write_file(self, request: HandRequest) -> Observation:
        """Create or replace a file."""
        return self._use(request, WriteFile, self._write)

    @activity.defn(no_thread_cancel_exception=True)
    def edit_file(self, request: HandRequest) -> Observation:
        """Replace one piece of a file."""
        return self._use(request, EditFile, self._edit)

    @activity.defn(no_thread_cancel_exception=True)
    def search(self, request: HandRequest) -> Observation:
        """Search the workspace."""
        return self._use(request, Search, _search)

    @activity.defn(no_thread_cancel_exception=True)
    def list_files(self, request: HandRequest) -> Observation:
        """List the workspace."""
        return self._use(request, ListFiles, _list)

    @activity.defn(no_thread_cancel_exception=True)
    def close_workspace(self, request: CloseRequest) -> Closed:
        """Stop what still runs and hand the work back; what is on disk is kept."""
        directory = self._directory(request)
        with told_as_problems(), heartbeats_of_thread(PULSE_SECONDS):
            store = directory.store_with(request.checkpoint)
            stop_all(directory.commands)
            # A completed task ends as Claude saw it; any other end keeps what lies there, unless
            # that is from before the task went on on another host.
            keeps = request.state is not State.COMPLETED and store.knows(request.checkpoint)
            at = None if keeps else request.checkpoint
            with directory.hold(attempt_of(request), at, LOCK_WAIT_SECONDS) as held:
                snapshot = held.commit(
                    request.checkpoint, scan=True, message=f"{request.state}", is_last=True
                )
            diff = store.diff(request.first, snapshot.checkpoint, MAX_DIFF_BYTES)
            branch, trouble = _handed_back(directory, snapshot.checkpoint, request)
        return Closed(
            checkpoint=snapshot.checkpoint,
            files=str(directory.workspace),
            branch=branch,
            diff=diff.stat,
            notes=[*snapshot.notes, *trouble],
        )

    def _directory(self, request: OpenRequest | HandRequest | CloseRequest) -> TaskDirectory:
        return TaskDirectory(self._home, request.task_id, self._remote)

    def _read(self, root: Path, given: ReadFile) -> _Done:
        commands = root.parent / "commands"
        return _Done(files.read_file(root, given, partial(_output, commands)))

    def _write(self, root: Path, given: WriteFile) -> _Done:
        self._keep_secrets(root, given.path, given.content)
        written = files.write_file(root, given)
        return _Done(written.message, (written.change,))

    def _edit(self, root: Path, given: EditFile) -> _Done:
        self._keep_secrets(root, given.path, given.old_text, given.new_text)
        written = files.edit_file(root, given)
        return _Done(written.message, (written.change,))

    def _keep_secrets(self, root: Path, path: str, *texts: str) -> None:
        """Refuse to write a blank where the file has the secret that Claude was not shown."""
        if any(BLANKED in text for text in texts) and self._hides_something(root, path):
            raise FileProblem(_NOT_SHOWN)

    def _hides_something(self, root: Path, path: str) -> bool:
        with suppress(FileProblem), open_file(root, path) as file:
            text = file.read(files.MAX_EDIT_BYTES).decode(errors="replace")
            return self._redactor.text(text).count(BLANKED) > text.count(BLANKED)
        return False

    def _use(
        self,
        request: HandRequest,
        kind: type[Input],
        act: Callable[[Path, Input], _Done],
    ) -> Observation:
        started = time.monotonic()
        directory = self._directory(request)
        with told_as_problems(), heartbeats_of_thread(PULSE_SECONDS):
            store = directory.store_with(request.checkpoint)
            tool, given = Transcript(store, request.checkpoint).tool_input(request.call_id)
            attempt = attempt_of(request)
            with directory.hold(attempt, request.checkpoint, LOCK_WAIT_SECONDS) as held:
                try:
                    done, failed = act(directory.workspace, kind.model_validate(given)), False
                except FileProblem as problem:
                    done, failed = _Done(str(problem)), True
                result = Result(content=self._redactor.text(done.text), is_error=failed)
                snapshot = held.commit(
                    request.checkpoint,
                    scan=bool(done.changes),
                    files=result_file(request.call_id, result),
                    message=f"{tool}",
                )
        return Observation(
            checkpoint=snapshot.checkpoint,
            outcome=Outcome.FAILED if failed else Outcome.DONE,
            preview=result.content[:PREVIEW_CHARACTERS],
            duration_seconds=time.monotonic() - started,
            changes=list(done.changes),
        )


def _handed_back(
    directory: TaskDirectory, checkpoint: str, request: CloseRequest
) -> tuple[str | None, list[str]]:
    """The branch in the user's repository, or why there is none; the files are there anyhow."""
    if not request.project:
        return None, []
    name = f"tars/{request.task_id.removeprefix(TASK_ID_PREFIX)}"
    project = Path(request.project)
    try:
        return hand_back(directory.store, checkpoint, project, name, request.title), []
    except ProjectUnusable as error:
        return None, [f"No branch was made: {error}"]


def _search(root: Path, given: Search) -> _Done:
    return _Done(files.search(root, given))


def _list(root: Path, given: ListFiles) -> _Done:
    return _Done(files.list_files(root, given))


def _output(commands: Path, key: str) -> Path | None:
    """The file with the whole output of a command, by the name its result gave."""
    path = commands / key / "output"
    return path if re.fullmatch(r"[A-Za-z0-9_-]+", key) and path.is_file() else None
