"""Who may call the api: whoever has the token, and programs of this machine without one."""

import hmac
import ipaddress
from dataclasses import dataclass

from fastapi import HTTPException, Request
from pydantic import SecretStr

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""A proxy on this machine sets one of these; who called it may be anywhere."""


@dataclass(frozen=True)
class Guard:
    """Lets a request through or refuses it; a FastAPI dependency.

    Without the token a caller must be on this machine. A browser on this machine carries out
    what pages from anywhere want, so its words are checked as well: `hosts` are the names under
    which a browser may know the api (another one is a name that was rebound to this address), and
    `origins` the sites whose pages may call.
    """

    token: SecretStr | None
    hosts: frozenset[str]
    origins: frozenset[str]

    def __call__(self, request: Request) -> None:
        """Refuse with 401 or 403, or return."""
        if self._has_token(request):
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

    def _has_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if self.token is None or scheme.lower() != "bearer":
            return False
        expected = self.token.get_secret_value()
        return hmac.compare_digest(given.strip().encode(), expected.encode())


def _is_of_this_machine(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    caller = ipaddress.ip_address(request.client.host)
    return (getattr(caller, "ipv4_mapped", None) or caller).is_loopback
