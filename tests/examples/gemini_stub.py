"""As much of Gemini Live as a call needs: a websocket with TLS that speaks its protocol."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets import ConnectionClosedError
from websockets.asyncio.server import ServerConnection, serve

Message = dict[str, Any]

DEADLINE_SECONDS = 20.0


class Gemini:
    """The model's side of one call: `heard` is all that it was sent."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self._line: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()
        self._news = asyncio.Event()

    async def take(self, line: ServerConnection) -> None:
        with suppress(ConnectionClosedError):
            await self._listen(line)

    async def _listen(self, line: ServerConnection) -> None:
        async for text in line:
            message = json.loads(text)
            if "setup" in message:
                await line.send(json.dumps({"setupComplete": {}}))
                self._line.set_result(line)
            self.heard.append(message)
            self._news.set()

    async def call(self, name: str, call_id: str, **args: Any) -> Message:
        """Call a function and return its first answer."""
        call = {"id": call_id, "name": name, "args": args}
        line = await self._line
        await line.send(json.dumps({"toolCall": {"functionCalls": [call]}}))
        return await self.response(lambda one: one["id"] == call_id and "speech" in one["response"])

    async def response(self, fits: Callable[[Message], bool]) -> Message:
        """Wait for an answer to a function that fits."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                self._news.clear()
                for one in self.responses:
                    if fits(one):
                        return one
                await self._news.wait()

    @property
    def responses(self) -> list[Message]:
        answers = [message["tool_response"] for message in self.heard if "tool_response" in message]
        return [one for answer in answers for one in answer["functionResponses"]]

    @property
    def setup(self) -> Message:
        found: Message = self.heard[0]["setup"]
        return found


@asynccontextmanager
async def a_gemini(place: Path) -> AsyncIterator[tuple[Gemini, str, ssl.SSLContext]]:
    """Serve it; answers its address and what a client must trust."""
    certificate = self_signed(place)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=certificate)
    gemini = Gemini()
    async with serve(gemini.take, "127.0.0.1", 0, ssl=serving) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield gemini, f"https://localhost:{port}", trusting


def self_signed(place: Path) -> Path:
    """A certificate of localhost and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = place / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file
