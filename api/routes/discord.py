"""Discord's buttons: what Discord calls when one is pressed, and when the form is filled in."""

import asyncio
import logging

import httpx2
from fastapi import APIRouter, HTTPException, Request
from pydantic import ValidationError

from api.discord_answers import LATER, PONG, Answer, form, send_later, words
from api.openapi import problems
from api.parts import Parts
from api.problems import EXPECTED, sentence
from api.signed import BadSignature, DiscordKey
from models.buttons import Button, Press, parse_button
from models.interactions import DiscordUser, Interaction, InteractionType
from models.replies import MAX_NAME_CHARACTERS, ConfirmationAnswer
from settings import Settings

ANSWER_SECONDS = 2.0
"""Discord waits for 3 s; what takes longer is announced, and said afterwards."""

log = logging.getLogger("api.discord")


def discord_router(parts: Parts) -> APIRouter:
    """Make the route `POST /discord/interactions`."""
    router = APIRouter(prefix="/discord", tags=["bridges"])
    public_key = parts.settings.discord_public_key
    key = DiscordKey(public_key) if public_key else None
    buttons = Buttons(parts)

    @router.post(
        "/interactions",
        summary="What Discord calls when a button is pressed",
        responses=problems(400, 401, 404, 413),
        openapi_extra=_BODY,
    )
    async def interactions(request: Request) -> Answer:
        """Take what Discord has signed; answers in Discord's own words."""
        if key is None:
            raise HTTPException(404, "No Discord app is set up here: set DISCORD_PUBLIC_KEY.")
        body = await request.body()
        try:
            key.verify(body, request.headers)
            interaction = Interaction.model_validate_json(body)
        except BadSignature:
            raise HTTPException(401, "This was not signed by Discord, or too long ago.") from None
        except ValidationError:
            raise HTTPException(400, "This is no interaction that is known here.") from None
        return await buttons.answer(interaction)

    return router


class Buttons:
    """Answers interactions; those on the allow-list decide, and are named to all who listen."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._settings: Settings = parts.settings
        self._later: set[asyncio.Task[None]] = set()

    async def answer(self, interaction: Interaction) -> Answer:
        """Answer within the time that Discord gives."""
        if interaction.type == InteractionType.PING:
            return PONG
        who, button = interaction.who, parse_button(interaction.data.custom_id)
        if who is None or who.id not in self._settings.discord_users:
            return words("You may not decide this: your id is not in DISCORD_ALLOWED_USERS.")
        if button is None:
            return words("This button is not known here.")
        if interaction.type == InteractionType.BUTTON and button.press is Press.CONFIRM:
            return form(button)
        deciding = asyncio.create_task(self._decide(interaction, button, who))
        done, _ = await asyncio.wait([deciding], timeout=ANSWER_SECONDS)
        if done:
            return words(deciding.result())
        saying = asyncio.create_task(self._say_later(interaction, deciding))
        self._later.add(saying)
        saying.add_done_callback(self._later.discard)
        return LATER

    async def _decide(self, interaction: Interaction, button: Button, who: DiscordUser) -> str:
        """Give the code, or the no; the interaction's id makes a replay harmless."""
        answer = ConfirmationAnswer(
            code=interaction.code,
            approve=button.press is Press.CONFIRM,
            request_id=button.request_id,
            channel="discord",
            actor=f"{who.username} ({who.id})"[:MAX_NAME_CHARACTERS],
        )
        try:
            self._parts.code_limit.count(f"discord {who.id}")
            tasks = await self._parts.door.tasks()
            message_id = f"discord-{interaction.id}"
            reply = await tasks.confirm(answer, button.task_id, message_id)
        except EXPECTED as error:
            return sentence(error)
        return f"{reply.word.capitalize()}: {reply.message}" if reply.word else reply.message

    async def _say_later(self, interaction: Interaction, deciding: "asyncio.Task[str]") -> None:
        try:
            text = await deciding
            await send_later(self._settings.discord_api_url, interaction, text)
        except httpx2.HTTPError as error:
            # the address has a token in it, and the task tells on every channel what was decided
            log.warning("Discord did not take an answer: %s", type(error).__name__)


_BODY = {
    "requestBody": {
        "required": True,
        "description": "An interaction of Discord, signed with Ed25519",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}
