"""Who may call the api: whoever has the token, and programs of this machine what needs none."""

import hmac
import ipaddress
from dataclasses import dataclass

from fastapi import HTTPException, Request
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problem_documents import plain

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""A proxy on this machine sets one of these; who called it may be anywhere."""

WITHOUT_TOKEN = frozenset(
    {
        "/health",  # tells little without it
        "/codec/encode",  # pages of the Web UI have none; see Guard
        "/codec/decode",
        "/discord/interactions",  # signed by Discord
        "/webhook/background-confirmation",  # or signed by a bridge
    }
)
"""Paths that look themselves at who calls; all others, known or not, need the token."""


def has_token(headers: Headers, token: SecretStr) -> bool:
    """Whether a request bears the token; takes the same time however wrong it is."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    expected = token.get_secret_value().encode()
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), expected)


class TokenGate:
    """ASGI middleware that turns away, unread, what needs the token and does not bear it."""

    def __init__(self, app: ASGIApp, token: SecretStr) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with 401."""
        if (
            scope["type"] != "http"
            or scope["path"] in WITHOUT_TOKEN
            or has_token(Headers(scope=scope), self._token)
        ):
            await self._app(scope, receive, send)
        else:
            await refusal()(scope, receive, send)


def refusal() -> ASGIApp:
    """The answer to whoever has no token."""
    return plain(
        401,
        "This needs the header Authorization: Bearer API_TOKEN; without API_TOKEN in the settings, "
        "the token is in the file api.token in TARS_HOME.",
        {"WWW-Authenticate": "Bearer"},
    )


@dataclass(frozen=True)
class Guard:
    """Lets a request through or refuses it; a FastAPI dependency.

    Without the token a caller must be on this machine. A browser on this machine carries out
    what pages from anywhere want, so its words are checked as well: `hosts` are the names under
    which a browser may know the api (another one is a name that was rebound to this address), and
    `origins` the sites whose pages may call.
    """

    token: SecretStr
    hosts: frozenset[str]
    origins: frozenset[str]

    def __call__(self, request: Request) -> None:
        """Refuse with 401 or 403, or return."""
        if has_token(request.headers, self.token):
            return
        if not _is_of_this_machine(request):
            raise HTTPException(
                401,
                "Callers from other machines need the header Authorization: Bearer API_TOKEN.",
                {"WWW-Authenticate": "Bearer"},
            )
        if request.headers.get("host", "").lower() not in self.hosts:
            raise HTTPException(403, "The api is not called by this host name.")
        if request.headers.get("origin", "").lower() not in self.origins | {""}:
            raise HTTPException(403, "Pages of this site may not call the api.")


def _is_of_this_machine(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    caller = ipaddress.ip_address(request.client.host)
    return (getattr(caller, "ipv4_mapped", None) or caller).is_loopback
