"""What the routes are handed, made from the settings."""

from dataclasses import dataclass

from pydantic import SecretStr
from temporalio.converter import PayloadCodec

from api.code_limit import CodeLimit
from api.door import Door
from api.hub import Hub
from api.origins import guard
from api.security import Guard
from encryption import encryption
from settings import Settings
from starter.api_token import api_token


@dataclass(frozen=True)
class Parts:
    """What the routes work with; one of each, for all of them."""

    settings: Settings
    token: SecretStr
    guard: Guard
    codec: PayloadCodec
    door: Door
    hub: Hub
    code_limit: CodeLimit


def make_parts(settings: Settings) -> Parts:
    """Make the parts; nothing is connected yet.

    Raises:
        SettingsProblem: other machines could reach the api without a token made for them, or the
            token cannot be kept.
        KeyProblem: the keys of the payloads cannot be used.
    """
    guarding = guard(settings)
    return Parts(
        settings=settings,
        token=api_token(settings),
        guard=guarding,
        codec=encryption(settings),
        door=Door(settings),
        hub=Hub(),
        code_limit=CodeLimit(settings.api_codes_per_minute),
    )
