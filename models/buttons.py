"""The buttons under a request for the code: what Discord keeps with each and sends back."""

import re
from enum import StrEnum
from typing import NamedTuple

from models.contract import TASK_ID_PREFIX

_CUSTOM_ID = re.compile(
    rf"(confirm|deny):({TASK_ID_PREFIX}[a-z0-9]{{4,32}}):([0-9A-Za-z-]{{1,40}})"
)


class Press(StrEnum):
    """What a button is for."""

    CONFIRM = "confirm"
    DENY = "deny"


class Button(NamedTuple):
    """A button of one request; as text it fits the 100 characters that Discord allows."""

    press: Press
    task_id: str
    request_id: str

    def __str__(self) -> str:
        return f"{self.press}:{self.task_id}:{self.request_id}"


def parse_button(custom_id: str) -> Button | None:
    """Read what Discord sent back; None for what is no button of ours."""
    found = _CUSTOM_ID.fullmatch(custom_id)
    return Button(Press(found[1]), found[2], found[3]) if found else None
