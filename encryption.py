"""What Temporal is given is encrypted: it keeps histories that only holders of a key can read.

Search attributes stay in clear, for Temporal searches them: `TaskState`, `TaskPhase` and the first
200 bytes of the goal, `TaskGoal`.
"""

import binascii
import os
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from secret_files import ReadableByOthers, read_or_make
from settings import Settings

ENCODING = b"binary/encrypted"
"""The name that Temporal's own samples use; `CIPHER` tells ours from those of others."""

CIPHER = b"tars/AES-256-GCM"
KEY_FILE = "payload.keys"
KEY_BYTES = 32
NONCE_BYTES = 12
"""At random for each payload: good for 2^32 payloads of one key (NIST SP 800-38D, 8.3), which is
about 300,000 tasks of 50 turns."""

_KEY = re.compile(r"([\w.-]{1,64}):(\S+)")

Keys = Mapping[bytes, AESGCM]


class KeyProblem(Exception):
    """The keys of the payloads cannot be used; the message says which and what to do."""


class UnknownKey(KeyProblem):
    """A payload was encrypted with a key that is not in the ring."""


class PayloadChanged(KeyProblem):
    """A payload is not what was encrypted, or the key under its id is another one."""


class KeyRing:
    """Keys by id. The first encrypts and all decrypt, so a key is replaced by one before it.

    `read` is asked again when an unknown id turns up: a key may have been put in front meanwhile.
    """

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._keys = _parsed(read())

    @property
    def current(self) -> tuple[bytes, AESGCM]:
        """Id and key that encrypt."""
        return next(iter(self._keys.items()))

    def find(self, key_id: bytes) -> AESGCM:
        """Return the key with this id.

        Raises:
            UnknownKey: there is none.
        """
        if key_id not in self._keys:
            self._keys = {**_parsed(self._read()), **self._keys}
        if key_id not in self._keys:
            raise UnknownKey(
                f"A payload needs the key {key_id.decode(errors='replace')!r}, which is not here: "
                f"add it to {KEY_FILE} in TARS_HOME, or to PAYLOAD_KEY."
            )
        return self._keys[key_id]


class EncryptionCodec(PayloadCodec):
    """Encrypts whole payloads, their metadata included. What others sent in clear passes through.

    The key's id stands in the metadata and is authenticated with the rest of it.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    @property
    def key_id(self) -> str:
        """Id of the key that encrypts."""
        return self._ring.current[0].decode()

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each payload with the current key."""
        key_id, key = self._ring.current
        return [_encrypted(payload, key_id, key) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what was encrypted here.

        Raises:
            UnknownKey: the key is not in the ring.
            PayloadChanged: somebody changed the payload.
        """
        return [self._decrypted(payload) for payload in payloads]

    def _decrypted(self, payload: Payload) -> Payload:
        metadata = payload.metadata
        if metadata.get("encoding") != ENCODING or metadata.get("encryption-cipher") != CIPHER:
            return payload
        key_id = metadata.get("encryption-key-id", b"")
        key = self._ring.find(key_id)
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        try:
            return Payload.FromString(key.decrypt(nonce, sealed, _bound(key_id)))
        except (InvalidTag, ValueError, DecodeError):
            raise PayloadChanged(
                f"A payload cannot be decrypted with the key {key_id.decode(errors='replace')!r}: "
                "it was changed, or the key under this id is another one here."
            ) from None


def encryption(settings: Settings) -> EncryptionCodec:
    """Make the codec with the keys of the settings; the first to come makes the key file.

    Raises:
        KeyProblem: the keys cannot be read, written or understood.
    """
    if settings.payload_key:
        words = settings.payload_key.get_secret_value()
        return EncryptionCodec(KeyRing(lambda: words))
    file = settings.tars_home / KEY_FILE
    return EncryptionCodec(KeyRing(lambda: _read_or_make(file)))


def _encrypted(payload: Payload, key_id: bytes, key: AESGCM) -> Payload:
    nonce = os.urandom(NONCE_BYTES)
    sealed = key.encrypt(nonce, payload.SerializeToString(), _bound(key_id))
    metadata = {"encoding": ENCODING, "encryption-cipher": CIPHER, "encryption-key-id": key_id}
    return Payload(metadata=metadata, data=nonce + sealed)


def _bound(key_id: bytes) -> bytes:
    """The metadata, as associated data."""
    return b"\n".join((ENCODING, CIPHER, key_id))


def _parsed(words: str) -> Keys:
    lines = (line for line in words.splitlines() if not line.lstrip().startswith("#"))
    entries = [entry for entry in re.split(r"[,\s]+", "\n".join(lines)) if entry]
    keys = dict(_key(number, entry) for number, entry in enumerate(entries, start=1))
    if not keys or len(keys) < len(entries):
        raise KeyProblem(f"{KEY_FILE} or PAYLOAD_KEY has no key, or two with the same id.")
    return keys


def _key(number: int, entry: str) -> tuple[bytes, AESGCM]:
    """The errors tell the entry's place, for its words are secret."""
    found = _KEY.fullmatch(entry)
    try:
        key = b64decode(found[2], validate=True) if found else b""
    except binascii.Error:
        key = b""
    if not found or len(key) != KEY_BYTES:
        raise KeyProblem(
            f"Key {number} of {KEY_FILE} or PAYLOAD_KEY is not id:key, where key is {KEY_BYTES} "
            "bytes in base64: make one with 'openssl rand -base64 32'."
        )
    return found[1].encode(), AESGCM(key)


def _read_or_make(file: Path) -> str:
    try:
        return read_or_make(file, lambda: f"{secrets.token_hex(4)}:{_new_key()}\n")
    except ReadableByOthers as problem:
        raise KeyProblem(str(problem)) from None
    except OSError as error:
        raise KeyProblem(
            f"The keys of the payloads cannot be kept: {error.strerror} ({error.filename})."
        ) from error


def _new_key() -> str:
    return b64encode(secrets.token_bytes(KEY_BYTES)).decode()
