"""Which names and sites the settings let the api be called by."""

import ipaddress
from urllib.parse import urlsplit

from api.security import Guard
from settings import Settings, SettingsProblem
from starter.api_token import api_token
from starter.supervision import StackProblem
from starter.temporal_server import UI_PORT_OFFSET, server_address

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def guard(settings: Settings) -> Guard:
    """Make the guard of the api.

    Raises:
        SettingsProblem: other machines could reach the api, and there is no token for them; or
            the token of this machine cannot be kept.
    """
    if not _is_loopback(settings.api_host) and settings.api_token is None:
        raise SettingsProblem(
            f"API_HOST={settings.api_host} lets other machines reach the api: set API_TOKEN too, "
            "or API_HOST=127.0.0.1."
        )
    return Guard(
        token=api_token(settings),
        hosts=frozenset(f"{name}:{settings.api_port}" for name in LOOPBACK),
        origins=frozenset(_origins(settings)),
    )


def _origins(settings: Settings) -> list[str]:
    """Of the Web UI's pages: the one in the settings, and the dev server's."""
    origins = []
    if settings.web_ui_url:
        parts = urlsplit(settings.web_ui_url.lower())
        origins.append(f"{parts.scheme}://{parts.netloc}")
    try:
        _, port = server_address(settings)
    except StackProblem:
        return origins
    return origins + [f"http://{name}:{port + UI_PORT_OFFSET}" for name in LOOPBACK]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
