"""The door to a person's consent: is it needed, and is the code right?"""

import hashlib
import secrets
from collections.abc import Collection
from pathlib import Path

from temporalio import activity

from activities.codes import Codes
from activities.gate import Gate
from activities.workspace_errors import told_as_problems
from models.consent import Asking, CheckRequest, Judged, JudgeRequest
from models.steps import VerdictDecision
from models.tools import RunCommand
from policy.words import WORDS
from workspace.directory import TaskDirectory
from workspace.remote import Remote
from workspace.transcript import Transcript

MAX_SHOWN_CHARACTERS = 8_000
"""A person reads a command before approving it, and it travels through the history."""

_TOO_LONG = (
    "{reason}, and is too long for a person to read before approving it: split it into commands of "
    f"at most {MAX_SHOWN_CHARACTERS} characters"
)


class SafetyActivities:
    """Short activities, made to run as local ones: in the worker that runs the workflow.

    `home` is the data directory that holds the tasks; `asking` goes to the workflow with each
    request. Raises ApplicationError with a type of Problem.
    """

    def __init__(
        self, home: Path, gate: Gate, codes: Codes, asking: Asking, remote: Remote | None = None
    ) -> None:
        self._home = home
        self._remote = remote
        self._gate = gate
        self._codes = codes
        self._asking = asking

    @activity.defn
    def judge_step(self, request: JudgeRequest) -> Judged:
        """Judge a command of Claude's, and say how to ask when a person must be asked."""
        with told_as_problems():
            directory = TaskDirectory(self._home, request.task_id, self._remote)
            store = directory.store_with(request.checkpoint)
            _, given = Transcript(store, request.checkpoint).tool_input(request.call_id)
            command = RunCommand.model_validate(given).command
            look = self._gate.look(store, request, command)
        verdict = look.verdict
        if verdict.decision is VerdictDecision.CONFIRM and len(command) > MAX_SHOWN_CHARACTERS:
            reason = _TOO_LONG.format(reason=verdict.reason)
            update = {"decision": VerdictDecision.REFUSE, "reason": reason}
            verdict = verdict.model_copy(update=update)
        text_digest = hashlib.sha256(command.encode("utf-8", "replace")).hexdigest()
        if verdict.decision is not VerdictDecision.CONFIRM:
            return Judged(verdict=verdict, text_digest=text_digest)
        return Judged(
            verdict=verdict,
            text_digest=text_digest,
            command=command,
            digest=look.digest,
            word=_new_word(request.used_words),
            asking=self._asking,
        )

    @activity.defn
    def check_code(self, request: CheckRequest) -> bool:
        """Tell whether a code is right, in a time that tells nothing else."""
        with told_as_problems():
            return self._codes.fits(request.code, request.request_id)


def _new_word(used: Collection[str]) -> str:
    return secrets.choice([word for word in WORDS if word not in used] or WORDS)
