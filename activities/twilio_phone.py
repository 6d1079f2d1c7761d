"""Twilio, behind `activities.calls.Phone`; the package is an extra, so only this file needs it."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.twiml.voice_response import VoiceResponse

from activities.calls import CallFailed

TIMEOUT_SECONDS = 10.0
RINGS_SECONDS = 30
"""How long it rings."""

LOOKED_AT = 20
"""Latest calls in which an earlier attempt is looked for."""


class TwilioPhone:
    """Calls one number from another."""

    def __init__(self, client: Client, caller: str, called: str) -> None:
        self._client = client
        self._caller = caller
        self._called = called

    def check(self) -> None:
        """Look whether the account can be used; costs nothing, and nobody is called."""
        try:
            account = self._client.api.accounts(self._client.account_sid).fetch()
        except (TwilioRestException, requests.RequestException) as error:
            raise _failed(error) from None
        if account.status != "active":
            raise CallFailed(f"The account at Twilio is {account.status}.", is_for_good=True)

    def called_since(self, moment: datetime) -> bool:
        """Whether Twilio has a call between the two numbers since then (it keeps full seconds)."""
        since = moment.replace(microsecond=0)
        try:
            calls = self._client.calls.list(to=self._called, from_=self._caller, limit=LOOKED_AT)
        except (TwilioRestException, requests.RequestException) as error:
            raise _failed(error) from None
        return any(call.date_created and call.date_created >= since for call in calls)

    def call(self, said: str) -> None:
        """Call, and say it twice: who takes the phone misses the first words."""
        words = VoiceResponse()
        words.say(said)
        words.pause(length=1)
        words.say(said)
        try:
            self._client.calls.create(
                to=self._called, from_=self._caller, twiml=str(words), timeout=RINGS_SECONDS
            )
        except (TwilioRestException, requests.RequestException) as error:
            raise _failed(error) from None


def twilio_client(account: str, token: str, base_url: str) -> Client:
    """Make a client that never hangs; `base_url` is Twilio's own address or a stub's."""
    return Client(account, token, http_client=_Http(base_url))


class _Http(TwilioHttpClient):  # type: ignore[misc] # an untyped package
    """Asks `base_url`, for the client itself knows no address but Twilio's."""

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=TIMEOUT_SECONDS)
        self._base = urlsplit(base_url)

    def request(self, method: str, url: str, *rest: Any, **more: Any) -> Response:
        base = self._base
        there = urlsplit(url)._replace(scheme=base.scheme, netloc=base.netloc).geturl()
        return super().request(method, there, *rest, **more)


def _failed(error: TwilioRestException | requests.RequestException) -> CallFailed:
    """No word of the error itself: it may name the account and the numbers."""
    if not isinstance(error, TwilioRestException):
        return CallFailed(f"Twilio cannot be reached ({type(error).__name__}).", is_for_good=False)
    status = error.status
    passes = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    sentence = f"Twilio answered {status} (error {error.code})."
    return CallFailed(sentence, is_for_good=not passes)
