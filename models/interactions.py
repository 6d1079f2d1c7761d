"""What Discord sends when a button is pressed or a form is filled in, as far as it is read.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

from enum import IntEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from models.replies import MAX_CODE_CHARACTERS

Snowflake = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]
"""An id of Discord."""


class InteractionType(IntEnum):
    """What a person, or Discord itself, did."""

    PING = 1
    BUTTON = 3
    FORM = 5


class ResponseType(IntEnum):
    """What Discord is to do."""

    PONG = 1
    MESSAGE = 4
    MESSAGE_LATER = 5
    FORM = 9


class DiscordUser(BaseModel):
    """Who did it."""

    id: Snowflake
    username: str = Field(default="", max_length=100)


class Member(BaseModel):
    """The same, where it happened on a server."""

    user: DiscordUser


class TextInput(BaseModel):
    """A field of a form."""

    model_config = ConfigDict(hide_input_in_errors=True)

    value: str = Field(default="", max_length=MAX_CODE_CHARACTERS, repr=False)


class Label(BaseModel):
    """What holds a field of a form."""

    component: TextInput = TextInput()


class InteractionData(BaseModel):
    """Which button or form it was, and what was filled in."""

    custom_id: str = Field(default="", max_length=100)
    components: list[Label] = []


class Interaction(BaseModel):
    """One press of a button, one form, or a ping."""

    model_config = ConfigDict(hide_input_in_errors=True)

    id: Snowflake
    application_id: Snowflake
    type: int
    token: str = Field(default="", max_length=2000, repr=False)
    data: InteractionData = InteractionData()
    member: Member | None = None
    user: DiscordUser | None = None

    @property
    def who(self) -> DiscordUser | None:
        """The person, wherever it happened."""
        return self.member.user if self.member else self.user

    @property
    def code(self) -> str:
        """What was filled into the form."""
        return self.data.components[0].component.value if self.data.components else ""
