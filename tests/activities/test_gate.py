"""The hand that runs commands asks for consent itself, whoever calls it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from activities.safety import MAX_SHOWN_CHARACTERS
from models.steps import Approval, Fence, Outcome, VerdictDecision
from models.tools import Tool
from policy.words import WORDS
from tests.activities.hands import Hands

CODE = "zx81-6283"
REMOVAL = "rm a.txt"


def command(line: str) -> tuple[Tool, dict[str, Any]]:
    given = {"command": line, "reason": "test", "phase": "testing", "timeout_s": None}
    return Tool.RUN_COMMAND, given


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    with closing(Hands(tmp_path, confirmation_code=CODE)) as hands:
        yield hands


def begin(hands: Hands, *lines: str) -> None:
    """Lay out a conversation whose calls are `call0`, `call1` and so on."""
    hands.begin({f"call{at}": command(line) for at, line in enumerate(lines)}, **{"a.txt": "one\n"})


def approval(hands: Hands, call_id: str = "call0", request_id: str = "1f") -> Approval:
    return Approval(request_id=request_id, digest=hands.judge(call_id).digest)


async def test_without_an_approval_nothing_runs_and_claude_reads_why(hands: Hands) -> None:
    begin(hands, REMOVAL)
    for attempt in (1, 2):
        seen = await hands.carry_out("call0", attempt=attempt)
        assert seen.outcome is Outcome.NEEDS_CODE
        result = hands.result(seen, "call0")
        assert result.is_error
        assert "it would delete files, and nobody has approved that" in result.content
    assert (hands.workspace / "a.txt").exists()


async def test_an_approval_lets_it_run_and_a_retry_is_the_same_run(hands: Hands) -> None:
    begin(hands, f"echo again >> log.txt; {REMOVAL}")
    given = approval(hands)
    for attempt in (1, 2):
        seen = await hands.carry_out("call0", attempt=attempt, approval=given)
        assert (seen.outcome, seen.exit_code) == (Outcome.DONE, 0)
    assert (hands.workspace / "log.txt").read_text() == "again\n"


async def test_an_approval_is_for_one_run_also_when_the_workflow_was_reset(hands: Hands) -> None:
    begin(hands, f"echo again >> log.txt; {REMOVAL}")
    given = approval(hands)
    assert (await hands.carry_out("call0", approval=given)).outcome is Outcome.DONE
    later = Fence(run_started_at=99.0, step=1)
    seen = await hands.carry_out("call0", approval=given, fence=later)
    assert seen.outcome is Outcome.NEEDS_CODE
    fresh = approval(hands, request_id="2e")
    seen = await hands.carry_out("call0", approval=fresh, fence=Fence(run_started_at=99.0, step=2))
    assert seen.outcome is Outcome.DONE


async def test_an_approval_is_for_its_own_command_only(hands: Hands) -> None:
    begin(hands, REMOVAL, REMOVAL, "rm *")
    given = approval(hands, "call0")
    for other in ("call1", "call2"):
        assert (await hands.carry_out(other, approval=given)).outcome is Outcome.NEEDS_CODE
    assert (hands.workspace / "a.txt").exists()


async def test_an_approval_is_for_the_files_as_they_were(hands: Hands) -> None:
    begin(hands, REMOVAL, "echo two >> a.txt", "true")
    given = approval(hands)
    unchanged = await hands.carry_out("call2")
    changed = await hands.carry_out("call1")
    seen = await hands.carry_out("call0", approval=given, checkpoint=changed.checkpoint)
    assert seen.outcome is Outcome.NEEDS_CODE
    seen = await hands.carry_out("call0", approval=given, checkpoint=unchanged.checkpoint)
    assert seen.outcome is Outcome.DONE


async def test_what_no_code_allows_does_not_run_with_an_approval_either(hands: Hands) -> None:
    begin(hands, "rm -rf ~")
    judged = hands.judge("call0")
    assert (judged.verdict.decision, judged.digest) == (VerdictDecision.REFUSE, "")
    seen = await hands.carry_out("call0", approval=Approval(request_id="1f", digest=""))
    assert seen.outcome is Outcome.REFUSED
    assert "Do not work around it" in hands.result(seen, "call0").content


async def test_without_a_code_set_up_what_needs_one_is_refused(tmp_path: Path) -> None:
    with closing(Hands(tmp_path)) as hands:
        begin(hands, REMOVAL, "ls")
        judged = hands.judge("call0")
        assert judged.verdict.decision is VerdictDecision.REFUSE
        assert "set CONFIRMATION_CODE" in judged.verdict.reason
        assert (await hands.carry_out("call0")).outcome is Outcome.REFUSED
        assert (await hands.carry_out("call1")).outcome is Outcome.DONE


def test_a_question_has_all_that_a_person_needs(hands: Hands) -> None:
    begin(hands, REMOVAL, "ls", "rm " + "a" * MAX_SHOWN_CHARACTERS)
    judged = hands.judge("call0")
    assert judged.command == REMOVAL
    assert judged.verdict.reason == "delete files"
    assert judged.asking
    assert (judged.asking.timeout_seconds, judged.asking.attempts) == (300, 3)
    all_but_one = [word for word in WORDS if word != "tango"]
    assert hands.judge("call0", used_words=all_but_one).word == "tango"
    assert hands.judge("call0", used_words=list(WORDS)).word in WORDS
    assert hands.judge("call1").word == ""
    too_long = hands.judge("call2").verdict
    assert too_long.decision is VerdictDecision.REFUSE
    assert "too long for a person to read" in too_long.reason
