"""The confirmation codes: one that stays, and one-time codes from an authenticator app."""

import fcntl
import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pyotp

from workspace.whole_file import write_whole

FORGIVEN_STEPS = 1
"""Of 30 seconds (RFC 6238), before and after: people are slow and clocks differ."""


class _Taken(NamedTuple):
    """The one-time code that was taken last, by its time step, and for which request."""

    step: int
    request_id: str


class Codes:
    """Tells whether a code is right. Both kinds are good where both are set up.

    `totp_secret` is in base 32, as authenticator apps take it. `used` is the file that keeps which
    one-time code was taken last, for none is good twice. Several workers may share it.

    Raises:
        ValueError: `totp_secret` is no base 32, or shorter than 112 bits.
    """

    def __init__(
        self,
        code: str | None,
        totp_secret: str | None,
        used: Path,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._code = code
        self._totp = pyotp.TOTP(_plain(totp_secret)) if totp_secret else None
        self._used = used
        self._clock = clock

    @property
    def is_set_up(self) -> bool:
        """Whether any code could be right."""
        return bool(self._code or self._totp)

    def fits(self, given: str, request_id: str) -> bool:
        """Whether `given` is right. A one-time code is taken for the request, and for no other."""
        fits = self._code is not None and _same(given, self._code)
        return self._take(given, request_id) or fits

    def _take(self, given: str, request_id: str) -> bool:
        if self._totp is None:
            return False
        try:
            step = self._totp.verify_and_get_timecode(
                _plain(given), for_time=self._clock(), valid_window=FORGIVEN_STEPS
            )
        except pyotp.OTPVerificationError:
            return False
        return self._use(step, request_id)

    def _use(self, step: int, request_id: str) -> bool:
        with self._locked():
            last = _Taken(*json.loads(self._used.read_bytes())) if self._used.exists() else None
            if last and step <= last.step:
                return last == _Taken(step, request_id)
            write_whole(self._used, json.dumps(_Taken(step, request_id)).encode())
            return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._used.with_suffix(".lock")
        fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)


def _plain(text: str) -> str:
    """People say and type codes in groups."""
    return "".join(text.split())


def _same(given: str, right: str) -> bool:
    """Compare in a time that tells nothing, not even how long the right one is."""
    digests = (hashlib.sha256(_plain(text).encode()).digest() for text in (given, right))
    return hmac.compare_digest(*digests)
