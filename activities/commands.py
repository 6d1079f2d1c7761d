"""The door to the shell: a command runs detached, is watched, told live and concluded."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from temporalio import activity
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from activities.attempts import attempt_of
from activities.elsewhere import UNKNOWN, is_first_attempt, is_ours_to_start
from activities.gate import Gate, TurnedAway
from activities.heartbeats import heartbeats
from activities.live import LiveUpdates
from activities.live_output import LiveOutput
from activities.reached import refusals, tell_refusals
from activities.workspace_errors import told_as_problems
from models.steps import CommandRequest, Observation, Outcome
from models.tools import RunCommand
from policy.redaction import Redactor
from workspace.directory import TaskDirectory
from workspace.jail import Walls
from workspace.output import blank_file, head_and_tail
from workspace.processes import Command, CommandSpec, End, Finished, Launcher, NeverStarted
from workspace.remote import Remote
from workspace.transcript import Result, Transcript, result_file

LOCK_WAIT_SECONDS = 10.0
PULSE_SECONDS = 1.0
TICK_SECONDS = 0.4
"""How often a running command is looked at, so that its first line is told within a second."""

MAX_CHANGES = 20


@dataclass(frozen=True)
class _Run:
    """One command: who asked, where it runs, for how long at most."""

    request: CommandRequest
    directory: TaskDirectory
    given: RunCommand
    key: str
    timeout_seconds: float

    @property
    def command(self) -> Command:
        return Command(self.directory.commands / self.key)


@dataclass(frozen=True)
class Allowance:
    """What a command gets: time if it names none, and how much of its output is kept."""

    timeout_seconds: float
    output_bytes: int


class CommandActivities:
    """Runs commands. They outlive the worker: the next attempt takes up what the last one began.

    `gate` turns away what needs a person's consent and has none, whoever asks. `redactor` blanks
    secrets in what commands print. Checkpoints go to a `remote` as well. Raises ApplicationError
    with a type of Problem.
    """

    def __init__(
        self,
        home: Path,
        launcher: Launcher,
        walls: Walls,
        gate: Gate,
        redactor: Redactor,
        allowance: Allowance,
        remote: Remote | None = None,
    ) -> None:
        self._home = home
        self._remote = remote
        self._redactor = redactor
        self._gate = gate
        self._launcher = launcher
        self._walls = walls
        self._allowance = allowance

    @activity.defn
    async def run_command(self, request: CommandRequest) -> Observation:
        """Run a command of Claude's in the workspace, once, and return how it went."""
        with told_as_problems():
            async with heartbeats(PULSE_SECONDS):
                return await self._run(request)

    async def _run(self, request: CommandRequest) -> Observation:
        run = await asyncio.to_thread(self._read, request)
        if isinstance(run.command.state(), NeverStarted):
            turned_away = await self._elsewhere(run) or await asyncio.to_thread(
                self._turn_away, run
            )
            if turned_away:
                return await asyncio.to_thread(_not_run, run, turned_away)
            await self._start(run)
        live = LiveUpdates.of_this_activity(request.task_id, request.phase, self._redactor)
        output = LiveOutput(run.command, live, request.call_id, self._redactor)
        try:
            end = await self._watch(run.command, output)
        except asyncio.CancelledError:
            if await _is_wanted_dead():
                await run.command.stop()
                await asyncio.to_thread(blank_file, run.command.output, self._redactor)
            raise
        await tell_refusals(run.command, live)
        return await asyncio.to_thread(_conclude, run, end, output.rest(), self._redactor)

    def _read(self, request: CommandRequest) -> _Run:
        directory = TaskDirectory(self._home, request.task_id, self._remote)
        store = directory.store_with(request.checkpoint)
        _, given = Transcript(store, request.checkpoint).tool_input(request.call_id)
        command = RunCommand.model_validate(given)
        wanted = command.timeout_s or self._allowance.timeout_seconds
        key = f"{request.call_id}-{int(request.fence.run_started_at * 1000):x}"
        return _Run(request, directory, command, key, min(wanted, request.seconds_left))

    async def _elsewhere(self, run: _Run) -> TurnedAway | None:
        if self._remote is None:
            return None
        is_first = await is_first_attempt(run.request.call_id)
        ours = await asyncio.to_thread(is_ours_to_start, run.command, is_first=is_first)
        return None if ours else UNKNOWN

    def _turn_away(self, run: _Run) -> TurnedAway | None:
        return self._gate.turn_away(run.directory, run.request, run.given.command, run.key)

    async def _start(self, run: _Run) -> None:
        await asyncio.to_thread(_bring_to_checkpoint, run)
        await self._walls.ready()
        launch = self._walls.wrap(run.given.command, run.directory.workspace, run.command.scratch)
        spec = CommandSpec.of(launch, run.timeout_seconds, self._allowance.output_bytes)
        await self._launcher.start(run.command.directory, spec)

    async def _watch(self, command: Command, output: LiveOutput) -> End:
        await output.take_up()
        while (end := await command.wait(TICK_SECONDS)) is None:
            await output.tell()
        return end


async def _is_wanted_dead() -> bool:
    """Whether the task wants the command gone, rather than this attempt or worker only.

    An attempt that was given up for dead and comes back is told `not_found`, as that of an ended
    task is; but there a later attempt has taken the command over.
    """
    details = activity.cancellation_details()
    if details is None:
        return False
    return details.cancel_requested or (details.not_found and not await _task_goes_on())


async def _task_goes_on() -> bool:
    """Whether the run of the workflow is open; when nobody can tell, it may be."""
    info = activity.info()
    if info.workflow_id is None:
        return False
    run = activity.client().get_workflow_handle(info.workflow_id, run_id=info.workflow_run_id)
    try:
        return (await run.describe()).status is WorkflowExecutionStatus.RUNNING
    except RPCError:
        return True


def _bring_to_checkpoint(run: _Run) -> None:
    attempt = attempt_of(run.request)
    with run.directory.hold(attempt, run.request.checkpoint, LOCK_WAIT_SECONDS) as held:
        held.will_change()


def _not_run(run: _Run, turned_away: TurnedAway) -> Observation:
    request = run.request
    result = Result(content=turned_away.told, is_error=True)
    with run.directory.hold(attempt_of(request), request.checkpoint, LOCK_WAIT_SECONDS) as held:
        snapshot = held.commit(
            request.checkpoint,
            scan=False,
            files=result_file(request.call_id, result),
            message="run_command: not run",
        )
    return Observation(
        checkpoint=snapshot.checkpoint, outcome=turned_away.outcome, preview=turned_away.preview
    )


def _conclude(run: _Run, end: End, rest: str, redactor: Redactor) -> Observation:
    request = run.request
    outcome = _outcome(run, end)
    blank_file(run.command.output, redactor)
    told = redactor.text(_told(run, end, outcome))
    result = Result(content=told, is_error=outcome is not Outcome.DONE)
    with run.directory.hold(attempt_of(request), None, LOCK_WAIT_SECONDS) as held:
        snapshot = held.commit(
            request.checkpoint,
            scan=True,
            files=result_file(request.call_id, result),
            message=f"run_command {redactor.text(run.given.command)[:200]}",
        )
    finished = end if isinstance(end, Finished) else None
    return Observation(
        checkpoint=snapshot.checkpoint,
        outcome=outcome,
        preview=_how_it_ended(end, outcome),
        exit_code=_exit_code(finished),
        duration_seconds=finished.duration_seconds if finished else 0.0,
        output_rest=rest,
        changes=snapshot.changes[:MAX_CHANGES],
    )


def _outcome(run: _Run, end: End) -> Outcome:
    if not isinstance(end, Finished):
        return Outcome.UNKNOWN
    if end.timed_out:
        out_of_time = run.timeout_seconds >= run.request.seconds_left
        return Outcome.TIME_LIMIT if out_of_time else Outcome.TIMED_OUT
    return Outcome.CANCELLED if end.stopped else Outcome.DONE


def _exit_code(end: Finished | None) -> int | None:
    """As a shell tells it: 128 and the signal for what a signal ended."""
    if end is None or (end.exit_code is None and end.signal is None):
        return None
    return 128 + end.signal if end.exit_code is None and end.signal else end.exit_code


def _how_it_ended(end: End, outcome: Outcome) -> str:
    if not isinstance(end, Finished):
        return "outcome unknown"
    seconds = f"{end.duration_seconds:.1f} s"
    if end.disk_full:
        return f"ended after {seconds}, for the disk is almost full"
    match outcome:
        case Outcome.TIMED_OUT:
            return f"ended at its time limit after {seconds}"
        case Outcome.TIME_LIMIT:
            return f"ended at the task's time limit after {seconds}"
        case Outcome.CANCELLED:
            return f"stopped after {seconds}"
        case _:
            return f"exit code {_exit_code(end)} after {seconds}"


def _told(run: _Run, end: End, outcome: Outcome) -> str:
    """What Claude reads."""
    how = _how_it_ended(end, outcome)
    if not isinstance(end, Finished):
        reason = end.reason if hasattr(end, "reason") else ""
        how = (
            f"The outcome of this command is unknown. {reason} It was not run again: find out what "
            "it did before you repeat it."
        )
    text, left_out = head_and_tail(run.command.output)
    whole = f"\n[the whole output: read_file /outputs/{run.key}.txt]" if left_out else ""
    refused = "".join(f"\n[{line}]" for line in refusals(run.command))
    return f"[{how}]\n{text}{whole}{refused}"
