"""From Claude's answer to what the workflow is told: small, never content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from activities.conversation import CUT_OFF, ENDED_WITHOUT_FINISH, Exchange, exchanges, runner_note
from models.steps import DecisionKind, Finish, ToolCall
from models.tools import TOOL_INPUTS, AskUser, FinishTask, RunCommand, Tool, ToolInput
from policy.finish import UNCHECKED, Act, refusal
from workspace.transcript import Block, Message, Result, tool_uses

PREVIEW_CHARACTERS = 500
REASON_CHARACTERS = 300
QUESTION_CHARACTERS = 2_000
SUMMARY_CHARACTERS = 4_000
MAX_LIST_ITEMS = 20

_PREVIEWED = {
    Tool.RUN_COMMAND: "command",
    Tool.READ_FILE: "path",
    Tool.WRITE_FILE: "path",
    Tool.EDIT_FILE: "path",
    Tool.SEARCH: "pattern",
    Tool.LIST_FILES: "path",
    Tool.ASK_USER: "question",
    Tool.FINISH_TASK: "spoken_summary",
}


@dataclass
class Reading:
    """What an answer comes to: the part of a Decision it fixes, and results given at once."""

    kind: DecisionKind
    calls: list[ToolCall] = field(default_factory=list)
    finish: Finish | None = None
    results: dict[str, Result] = field(default_factory=dict)


def read(answer: Message, before: Sequence[Message]) -> Reading:
    """Return what `answer` asks for. `before` are the messages it answers.

    Calls with an unknown tool or input that breaks the tool's schema get their result here.
    """
    if answer.stop_reason == "refusal":
        return Reading(DecisionKind.REFUSED, finish=_finish("not_possible", _declined(answer)))
    if answer.stop_reason == "max_tokens":
        cut_off = Result(content=CUT_OFF, is_error=True)
        results = {use["id"]: cut_off for use in tool_uses(answer)}
        return Reading(DecisionKind.THINK_AGAIN, results=results)
    if tool_uses(answer):
        return _calls(answer, list(before))
    if answer.stop_reason != "pause_turn" and _was_nudged(before):
        return Reading(DecisionKind.FINISHED, finish=_finish("done", _text(answer)))
    return Reading(DecisionKind.THINK_AGAIN)


def shortened(text: str, characters: int) -> str:
    """Return `text`, cut to at most `characters` with an ellipsis."""
    return text if len(text) <= characters else text[: characters - 1] + "…"


def _calls(answer: Message, before: list[Message]) -> Reading:
    reading = Reading(DecisionKind.THINK_AGAIN)
    for use in tool_uses(answer):
        try:
            reading.calls.append(_call(use, _valid_input(use)))
        except ValueError as error:
            reading.results[use["id"]] = Result(content=str(error), is_error=True)
    # What is done in the same turn as finish_task is done before the task ends.
    reading.calls.sort(key=lambda call: call.tool == Tool.FINISH_TASK)
    for call in reading.calls:
        if call.finish and not _was_refused_before(before):
            call.finish.refused = refusal(call.finish, _acts(answer, before))
        if call.finish and call.finish.refused:
            reading.results[call.id] = Result(content=call.finish.refused, is_error=True)
    reading.kind = DecisionKind.ACT if reading.calls else DecisionKind.THINK_AGAIN
    return reading


def _valid_input(use: Block) -> ToolInput:
    if use["name"] not in set(Tool):
        raise ValueError(f"There is no tool with the name {shortened(use['name'], 60)}.")
    try:
        return TOOL_INPUTS[Tool(use["name"])].model_validate(use["input"])
    except ValidationError as error:
        faults = "; ".join(_fault(detail) for detail in error.errors()[:3])
        text = f"Not carried out, the input does not fit {use['name']}: {faults}."
        raise ValueError(text) from None


def _fault(detail: Mapping[str, Any]) -> str:
    return f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"


def _call(use: Block, given: ToolInput) -> ToolCall:
    tool = Tool(use["name"])
    preview = getattr(given, _PREVIEWED[tool]) or "."
    call = ToolCall(id=use["id"], tool=tool, preview=shortened(preview, PREVIEW_CHARACTERS))
    match given:
        case RunCommand():
            call.reason = shortened(given.reason, REASON_CHARACTERS)
            call.phase = given.phase
            call.timeout_seconds = max(given.timeout_s or 0, 0) or None
        case AskUser():
            call.question = shortened(given.question, QUESTION_CHARACTERS)
            call.options = _short_list(given.options)
        case FinishTask():
            call.finish = _finish(**given.model_dump())
        case _:
            pass
    return call


def _finish(
    status: Literal["done", "not_possible"],
    summary: str,
    spoken_summary: str = "",
    checks_run: Sequence[str] = (),
) -> Finish:
    return Finish(
        status=status,
        summary=shortened(summary, SUMMARY_CHARACTERS),
        spoken_summary=shortened(spoken_summary, REASON_CHARACTERS),
        checks_run=_short_list(checks_run),
    )


def _short_list(texts: Sequence[str]) -> list[str]:
    return [shortened(text, REASON_CHARACTERS) for text in texts[:MAX_LIST_ITEMS]]


def _text(answer: Message) -> str:
    return "\n\n".join(block["text"] for block in answer.content if block["type"] == "text").strip()


def _was_nudged(before: Sequence[Message]) -> bool:
    return runner_note(ENDED_WITHOUT_FINISH) in before[-1].content


def _was_refused_before(before: Sequence[Message]) -> bool:
    calls = (call for turn in exchanges(before) for call in turn)
    return any(call.tool == Tool.FINISH_TASK and call.result == UNCHECKED for call in calls)


def _acts(answer: Message, before: Sequence[Message]) -> list[Act]:
    calls = [call for turn in exchanges(before) for call in turn]
    done = [call for call in calls if not call.is_error or call.exit_code is not None]
    coming = [Exchange(use["name"], use["input"], "", is_error=False) for use in tool_uses(answer)]
    acts = [_act(call, seen=True) for call in done]
    return acts + [_act(call, seen=False) for call in coming]


def _act(call: Exchange, *, seen: bool) -> Act:
    return Act(
        tool=call.tool,
        command=str(call.input.get("command", "")),
        phase=call.input.get("phase", ""),
        seen=seen,
    )


def _declined(answer: Message) -> str:
    explanation = (answer.stop_details or {}).get("explanation")
    return explanation or _text(answer) or "Claude declined to work on this task."
