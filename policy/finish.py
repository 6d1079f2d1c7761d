"""Whether `finish_task` may be believed yet."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.steps import Finish
from models.task import Phase
from models.tools import Tool

UNCHECKED = (
    "Not finished yet: no check has run since your last change. Run a real check now (the tests,"
    " or the program itself with real input) with run_command and phase testing, look at its"
    " result, mend what fails, then call finish_task again. If nothing can be run here, call"
    " finish_task again and say in the summary what was not checked."
)


@dataclass(frozen=True)
class Act:
    """One call that was made: an edit, or a command with its phase.

    `seen` is false for calls of the same turn, whose results Claude has not read.
    """

    tool: str
    command: str = ""
    phase: str = ""
    seen: bool = True


def refusal(finish: Finish, acts: Sequence[Act]) -> str:
    """Return why `finish` is not accepted yet, or "".

    Work counts as checked when, after the last edit, a command ran in phase testing, or one that
    the report itself names as a check. A task whose files were only ever made by commands needs
    one check after the first of these.
    """
    if finish.status != "done":
        return ""
    changed = [at for at, act in enumerate(acts) if act.tool in {Tool.WRITE_FILE, Tool.EDIT_FILE}]
    changed = changed[-1:] or [at for at, act in enumerate(acts) if act.phase == Phase.CODING][:1]
    if not changed or any(_is_check(act, finish) for act in acts[changed[0] :]):
        return ""
    return UNCHECKED


def _is_check(act: Act, finish: Finish) -> bool:
    if act.tool != Tool.RUN_COMMAND or not act.seen:
        return False
    return act.phase == Phase.TESTING or act.command.strip() in map(str.strip, finish.checks_run)
