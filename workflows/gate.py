"""Before a command runs: it passes, a person is asked, or it is turned away."""

from models.consent import Judged
from models.steps import Approval, Outcome, ToolCall, VerdictDecision
from workflows.confirmation import Standing
from workflows.human_reply import HumanReply
from workflows.memory import Memory
from workflows.notices import Notices, one_line
from workflows.resting import Resting
from workflows.steps import Steps

MOST_LOOKS = 3
"""At one command; it is looked at again when the state it was approved for has changed."""

KEPT_DENIALS = 100

_DO_NOT = "Do not work around it: not with another command, a script, another tool or a later try."


class Gate:
    """Runs commands with the consent they need."""

    def __init__(
        self,
        memory: Memory,
        notices: Notices,
        resting: Resting,
        steps: Steps,
        people: HumanReply,
    ) -> None:
        self._memory = memory
        self._notices = notices
        self._resting = resting
        self._steps = steps
        self._people = people

    async def run(self, call: ToolCall) -> None:
        """Run a command, unless the rules or a person are against it; Claude is told why."""
        for _ in range(MOST_LOOKS):
            judged = await self._steps.judge(call)
            why_not = self._why_not(judged)
            approval = None
            if why_not is None and judged.verdict.decision is VerdictDecision.CONFIRM:
                approval, why_not = await self._consent(call, judged)
            if why_not is not None:
                return self._turn_away(call, why_not)
            seen = await self._steps.run_command(call, approval)
            if seen.outcome is not Outcome.NEEDS_CODE:
                return None
        return None

    def _why_not(self, judged: Judged) -> str | None:
        if judged.verdict.decision is VerdictDecision.REFUSE:
            return f"it would {judged.verdict.reason}."
        return self._memory.denied.get(judged.text_digest)

    async def _consent(self, call: ToolCall, judged: Judged) -> tuple[Approval | None, str | None]:
        """Ask a person. A no stands for the rest of the task."""
        request = await self._people.ask(call, judged)
        if request.standing is Standing.APPROVED:
            await self._resting.until_allowed(before_turn=False)
            return request.approval, None
        why_not = "nobody consented to it in time."
        if request.standing is Standing.DENIED:
            why = f", saying: {request.why_denied}" if request.why_denied else "."
            why_not = f"the user denied it{why}"
        kept = list(self._memory.denied.items())[1 - KEPT_DENIALS :]
        self._memory.denied = dict(kept) | {judged.text_digest: why_not}
        return None, why_not

    def _turn_away(self, call: ToolCall, why_not: str) -> None:
        self._memory.answers[call.id] = f"Not run: {why_not} {_DO_NOT}"
        self._notices.note(f"Not run: `{one_line(call.preview)}`: {one_line(why_not)}")
