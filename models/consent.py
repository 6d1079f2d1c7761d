"""Consent: what the judge says of a command, how a person is asked, how a code is checked."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from models.replies import MAX_CODE_CHARACTERS
from models.steps import HandRequest, Verdict


class OnTimeout(StrEnum):
    """What becomes of a request that nobody answered in time. Never consent."""

    PARK = "park"
    DENY = "deny"
    FAIL = "fail"


class Asking(BaseModel):
    """How a person is asked for the code, as the worker's settings say."""

    timeout_seconds: float = Field(gt=0, le=7 * 24 * 3600)
    attempts: int = Field(ge=1, le=100)
    on_timeout: OnTimeout
    reminded_with_left: list[float] | None = Field(
        default=None, description="Shares of the time left at which people are reminded"
    )
    call_after_seconds: float | None = Field(
        default=None, gt=0, description="After which a person is called on the phone"
    )


class JudgeRequest(HandRequest):
    """Input of `judge_step`; `used_words` are not given to a request again."""

    used_words: list[str] = []


class Judged(BaseModel):
    """Result of `judge_step`.

    `text_digest` is of the command's text alone. The rest is there when a person must be asked:
    the exact `command`, the `digest` that an approval is bound to, the `word` that names the
    request, and how to ask.
    """

    verdict: Verdict
    text_digest: str
    command: str = ""
    digest: str = ""
    word: str = ""
    asking: Asking | None = None


class CheckRequest(BaseModel):
    """Input of `check_code`: is this the code? `request_id` binds a one-time code to a request."""

    model_config = ConfigDict(hide_input_in_errors=True)

    code: str = Field(max_length=MAX_CODE_CHARACTERS, repr=False)
    request_id: str


class WarmRequest(BaseModel):
    """Input of `keep_warm`: the conversation at `checkpoint` waits for a person."""

    task_id: str
    checkpoint: str
