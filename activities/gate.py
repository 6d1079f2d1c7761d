"""May this command run? Judged by what it would do, and bound to the state it would do it in."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from models.steps import Approval, CommandRequest, HandRequest, Outcome, Verdict, VerdictDecision
from workspace.capture import GIT_STATE, WORKSPACE
from workspace.checkpoints import CheckpointStore
from workspace.directory import TaskDirectory

NO_CODE = (
    "needs a confirmation code and none is set up here: the user has to set CONFIRMATION_CODE and "
    "start the worker again"
)
"""Reason of a refusal; goes on after a word such as "it"."""


@dataclass(frozen=True)
class Look:
    """What the gate sees in a command; `digest` is what an approval of it is bound to."""

    verdict: Verdict
    digest: str


@dataclass(frozen=True)
class TurnedAway:
    """A command that does not run, and what Claude reads about it."""

    outcome: Outcome
    told: str
    preview: str = "not run"


class Gate:
    """Judges commands, when a person is asked about them and again when they are about to run.

    `judge` is the policy, `mode` its name, `environment_names` what a command may see of the
    worker's environment. Without a code, `has_code` False, what would need one is refused.
    """

    def __init__(
        self,
        judge: Callable[[str], Verdict],
        *,
        mode: str,
        environment_names: Iterable[str],
        has_code: bool,
    ) -> None:
        self._judge = judge
        self._circumstances = [mode, sorted(environment_names)]
        self._has_code = has_code

    def look(self, store: CheckpointStore, request: HandRequest, command: str) -> Look:
        """Judge the command of the call `request` names, at the checkpoint it names."""
        verdict = self._judge(command)
        if verdict.decision is VerdictDecision.CONFIRM and not self._has_code:
            verdict = verdict.model_copy(
                update={
                    "decision": VerdictDecision.REFUSE,
                    "reason": f"{verdict.reason}, which {NO_CODE}",
                }
            )
        root = store.root(request.checkpoint)
        state = [root[name].oid.hex() for name in (WORKSPACE, GIT_STATE) if name in root]
        bound = [request.task_id, request.call_id, command, state, *self._circumstances]
        return Look(verdict, hashlib.sha256(json.dumps(bound).encode()).hexdigest())

    def turn_away(
        self, directory: TaskDirectory, request: CommandRequest, command: str, key: str
    ) -> TurnedAway | None:
        """Say why a command must not be started, or None; uses up its approval for `key`."""
        look = self.look(directory.store, request, command)
        match look.verdict.decision:
            case VerdictDecision.RUN:
                return None
            case VerdictDecision.REFUSE:
                told = f"Not run: it would {look.verdict.reason}. Do not work around it."
                return TurnedAway(Outcome.REFUSED, told)
        approval = request.approval
        if approval and approval.digest == look.digest and _use(directory, approval, key):
            return None
        told = f"Not run: it would {look.verdict.reason}, and nobody has approved that as it is now"
        return TurnedAway(Outcome.NEEDS_CODE, f"{told}. Do not work around it.")


def _use(directory: TaskDirectory, approval: Approval, key: str) -> bool:
    """Spend an approval on one run of a command, which may be tried again, and on no other.

    On disk, for a workflow that is reset forgets what it did with an approval.
    """
    spent = directory.root / "approvals" / approval.request_id
    spent.parent.mkdir(exist_ok=True)
    draft = spent.with_name(f".{approval.request_id}.{os.getpid()}")
    draft.write_text(key)
    try:
        os.link(draft, spent)
    except FileExistsError:
        return spent.read_text() == key
    finally:
        draft.unlink()
    return True
