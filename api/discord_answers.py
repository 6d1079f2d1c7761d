"""What Discord is answered: a form for the code, or words for the person who pressed, alone."""

from typing import Any
from urllib.parse import quote

import httpx2

from models.buttons import Button
from models.interactions import Interaction, ResponseType
from models.replies import MAX_CODE_CHARACTERS
from starter.naming import short_id

EPHEMERAL = 64
"""Flag of a message that only the person who pressed sees."""

MAX_CONTENT_CHARACTERS = 2_000
SEND_TIMEOUT_SECONDS = 10

Answer = dict[str, Any]

PONG: Answer = {"type": ResponseType.PONG}
LATER: Answer = {"type": ResponseType.MESSAGE_LATER, "data": {"flags": EPHEMERAL}}


def words(text: str) -> Answer:
    """Say something to the person who pressed."""
    return {"type": ResponseType.MESSAGE, "data": {"flags": EPHEMERAL, **_message(text)}}


def form(button: Button) -> Answer:
    """Ask for the code, where nobody else sees it."""
    text_input = {
        "type": 4,
        "custom_id": "code",
        "style": 1,
        "required": True,
        "max_length": MAX_CODE_CHARACTERS,
    }
    label = {"type": 18, "label": "Confirmation code", "component": text_input}
    title = f"Approve for task {short_id(button.task_id)}"[:45]
    data = {"custom_id": str(button), "title": title, "components": [label]}
    return {"type": ResponseType.FORM, "data": data}


async def send_later(api_url: str, interaction: Interaction, text: str) -> None:
    """Say what was announced with `LATER`; Discord takes it for 15 minutes.

    Raises:
        httpx2.HTTPError: Discord did not take it.
    """
    token = quote(interaction.token, safe="")
    url = f"{api_url}/webhooks/{interaction.application_id}/{token}/messages/@original"
    async with httpx2.AsyncClient(timeout=SEND_TIMEOUT_SECONDS) as http:
        (await http.patch(url, json=_message(text))).raise_for_status()


def _message(text: str) -> Answer:
    return {"content": text[:MAX_CONTENT_CHARACTERS], "allowed_mentions": {"parse": []}}
