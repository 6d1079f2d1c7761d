"""The voice functions: what a voice model can call, and how it is answered.

Each class of arguments is one function; its docstring and descriptions are what the model reads.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from models.announcements import Listener, Urgency
from models.replies import MAX_CODE_CHARACTERS, MAX_NAME_CHARACTERS, Words
from models.task import MAX_CALL_ID_CHARACTERS, Goal


class VoiceFunction(StrEnum):
    """Names of the functions; a contract with every voice model."""

    START = "start_autonomous_coding"
    CHECK = "check_coding_progress"
    CANCEL = "cancel_coding_task"
    CONFIRM = "submit_background_confirmation"
    PAUSE = "pause_coding_task"
    RESUME = "resume_coding_task"
    ANSWER = "answer_coding_question"
    INSTRUCT = "add_coding_instruction"


def _as_text(value: JsonValue) -> JsonValue:
    """Models send codes as numbers, 6283.0 among them, and null for what they leave out."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _true_if_left_out(value: JsonValue) -> JsonValue:
    return True if value is None else value


Said = Annotated[str, Field(max_length=MAX_NAME_CHARACTERS), BeforeValidator(_as_text)]

WhichTask = Annotated[
    Said,
    Field(
        description="Which task: its id, or words of its goal as the user said them, such as "
        "'the calculator one' or 'the other one'. Leave it out for the latest."
    ),
]


class VoiceArguments(BaseModel):
    """Base of the arguments; what a model adds of its own is let pass."""

    model_config = ConfigDict(hide_input_in_errors=True)


class StartAutonomousCoding(VoiceArguments):
    """Start a programming task in the background and answer at once.

    Claude plans, writes files, runs and repairs until the goal is reached. Use it for anything that
    takes more than one step, such as "build a calculator with tests". News of the task comes by
    itself, so do not wait for it and do not call this twice for one wish.
    """

    goal: Annotated[
        Goal, Field(description="What to build or change, in the user's words, with all details")
    ]
    project: Annotated[
        Said,
        BeforeValidator(_as_text),
        Field(description="Path of a git repository to work on a clone of; usually left out"),
    ] = ""


class CheckCodingProgress(VoiceArguments):
    """Tell how a background coding task is going, what it waits for and what it has cost."""

    task_id: WhichTask = ""


class CancelCodingTask(VoiceArguments):
    """Stop a background coding task for good; its work so far is kept."""

    task_id: WhichTask = ""


class SubmitBackgroundConfirmation(VoiceArguments):
    """Hand over the confirmation code that the user says, or their no.

    Call it whenever the user says a code of four digits or more, such as "6283" or "six two eight
    three", also when they say nothing else. Never make up, repeat or remember a code.
    """

    code: Annotated[
        str,
        Field(max_length=MAX_CODE_CHARACTERS, repr=False),
        BeforeValidator(_as_text),
        Field(description="The code exactly as it was said, as digits or as words"),
    ] = ""
    approve: Annotated[
        bool,
        BeforeValidator(_true_if_left_out),
        Field(description="false when the user does not want it done; needs no code"),
    ] = True
    word: Annotated[
        Said, Field(description="Word that names the request, if the user said it: 'falcon'")
    ] = ""
    reason: Annotated[Said, Field(description="With a no: why not, in the user's words")] = ""
    task_id: WhichTask = ""


class PauseCodingTask(VoiceArguments):
    """Let a background coding task stand still before its next step."""

    task_id: WhichTask = ""


class ResumeCodingTask(VoiceArguments):
    """Let a paused or parked background coding task go on."""

    task_id: WhichTask = ""


class AnswerCodingQuestion(VoiceArguments):
    """Give the user's answer to a question that a background coding task has asked."""

    answer: Annotated[Words, Field(description="The answer in the user's words")]
    task_id: WhichTask = ""


class AddCodingInstruction(VoiceArguments):
    """Tell a background coding task something more while it works, such as "use dark colours"."""

    instruction: Annotated[Words, Field(description="The wish in the user's words")]
    task_id: WhichTask = ""


ARGUMENTS: dict[VoiceFunction, type[VoiceArguments]] = {
    VoiceFunction.START: StartAutonomousCoding,
    VoiceFunction.CHECK: CheckCodingProgress,
    VoiceFunction.CANCEL: CancelCodingTask,
    VoiceFunction.CONFIRM: SubmitBackgroundConfirmation,
    VoiceFunction.PAUSE: PauseCodingTask,
    VoiceFunction.RESUME: ResumeCodingTask,
    VoiceFunction.ANSWER: AnswerCodingQuestion,
    VoiceFunction.INSTRUCT: AddCodingInstruction,
}


class VoiceCall(BaseModel):
    """A call of a function, as the voice process hands it on.

    `call_id` is the model's own id of the call: the same one again is answered as at first, if
    `session_id` names the conversation. `listener` is who is told "since you hung up".
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    args: dict[str, JsonValue] = Field(default={}, repr=False)
    call_id: str = Field(default="", max_length=MAX_CALL_ID_CHARACTERS)
    session_id: str = Field(default="", max_length=MAX_NAME_CHARACTERS)
    listener: Listener | None = None


class VoiceStatus(StrEnum):
    """How a call went."""

    OK = "ok"
    UNCLEAR = "unclear"  # nothing was done: ask the user what they mean
    REFUSED = "refused"  # nothing was done, and the same call again would not help
    UNAVAILABLE = "unavailable"  # nothing was done now; the same call may help later


class VoiceAnswer(BaseModel):
    """The answer to a call; hand it to the model as a whole. Never empty.

    `speech` is at most two short sentences without symbols. `scheduling` says when to say it, in
    the words of Gemini; `will_continue` that announcements with the same call id will follow.
    """

    status: VoiceStatus
    speech: str = Field(min_length=1)
    data: dict[str, Any] = {}
    retryable: bool = False
    scheduling: str = Urgency.WHEN_IDLE.upper()
    will_continue: bool = False
