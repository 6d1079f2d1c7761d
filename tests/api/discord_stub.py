"""As much of Discord as the api meets: a key that signs, and an address for late answers."""

import json
import time
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Request

ALLOWED, STRANGER = "80351110224678912", "53908232506183680"
PATH = "/discord/interactions"


class Discord:
    """`later` are the answers that came late, by the interaction's token."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public_key = self._key.public_key().public_bytes_raw().hex()
        self.later: dict[str, dict[str, Any]] = {}
        self.app = FastAPI()
        self.app.patch("/webhooks/{app}/{token}/messages/@original")(self._take)

    async def _take(self, app: str, token: str, request: Request) -> None:
        assert app.isdecimal()
        self.later[token] = await request.json()

    def signed(self, body: bytes, at: float | None = None) -> dict[str, str]:
        """Headers as Discord makes them."""
        timestamp = str(int(time.time() if at is None else at))
        return {
            "Content-Type": "application/json",
            "X-Signature-Timestamp": timestamp,
            "X-Signature-Ed25519": self._key.sign(timestamp.encode() + body).hex(),
        }

    async def send(self, api_url: str, interaction: dict[str, Any]) -> dict[str, Any]:
        """Send an interaction and return the api's answer, which must come in time."""
        body = json.dumps(interaction).encode()
        async with httpx2.AsyncClient(base_url=api_url, timeout=3) as http:
            answer = await http.post(PATH, content=body, headers=self.signed(body))
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said
