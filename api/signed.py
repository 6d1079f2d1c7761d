"""Signatures of callers that have no token: bridges (Standard Webhooks) and Discord (Ed25519).

Both are verified over the body as it came, before anybody parses it, and both sign the time.
"""

import time
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import SecretStr
from standardwebhooks import Webhook

TOLERANCE_SECONDS = 300
"""How old a signed request may be; that of Standard Webhooks. What is older may be a replay."""


class BadSignature(Exception):
    """A request was not signed by whom it should be, or too long ago."""


class BridgeKey:
    """Verifies what a bridge has signed. The secret is text, as N8N takes it, or `whsec_...`."""

    def __init__(self, secret: SecretStr) -> None:
        text = secret.get_secret_value()
        self._webhook = Webhook(text if text.startswith("whsec_") else text.encode())

    def verify(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Return if the request is signed.

        Raises:
            BadSignature: it is not.
        """
        try:
            self._webhook.verify(body, dict(headers), json_parse=False)
        except Exception:
            raise BadSignature from None


class DiscordKey:
    """Verifies what Discord has signed; `public_key` is hexadecimal."""

    def __init__(self, public_key: str) -> None:
        self._key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))

    def verify(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Return if the request is signed, and not long ago.

        Raises:
            BadSignature: it is not.
        """
        timestamp = headers.get("x-signature-timestamp", "")
        try:
            signature = bytes.fromhex(headers.get("x-signature-ed25519", ""))
            self._key.verify(signature, timestamp.encode() + body)
            is_fresh = abs(time.time() - int(timestamp)) <= TOLERANCE_SECONDS
        except (InvalidSignature, ValueError):
            raise BadSignature from None
        if not is_fresh:
            raise BadSignature
