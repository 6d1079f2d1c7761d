"""The first lines that a client says to the proxy (RFC 9110, 9112). Standard library only."""

import re
from dataclasses import dataclass

from workspace.network.rules import Target

CONNECT = re.compile(r"CONNECT ([^\s:/@\\?#]+):(\d{1,5}) HTTP/1\.[01]")
PLAIN = re.compile(r"(GET|HEAD) http://([^\s:/@\\?#]+)(?::(\d{1,5}))?(/[!-~]*)? HTTP/1\.[01]", re.I)
HEADER = re.compile(r"[!#$%&'*+.^`|~0-9A-Za-z-]+:[\t -~]*")
PRINTABLE = re.compile(rb"[\t\r\n -~]*")
NOT_PASSED_ON = ("host", "connection", "keep-alive", "content-length", "transfer-encoding", "te")
HTTP_PORT, HIGHEST_PORT = 80, 65_535


class BadRequest(Exception):
    """What a client says is no request that the proxy answers."""


@dataclass(frozen=True)
class Request:
    """Where a client wants to go; `message` is what to say there first (nothing for a tunnel)."""

    target: Target
    message: bytes = b""


def read_request(head: bytes) -> Request:
    """Read a request's head, up to its empty line. Raises BadRequest.

    Only tunnels and plain GET and HEAD: nothing can be uploaded without TLS.
    """
    if not PRINTABLE.fullmatch(head):
        raise BadRequest("control or other characters that are not ASCII")
    first, *headers = head.decode().removesuffix("\r\n\r\n").split("\r\n")
    if tunnel := CONNECT.fullmatch(first):
        return Request(_target(tunnel[1], tunnel[2], plain=False))
    if plain := PLAIN.fullmatch(first):
        target = _target(plain[2], plain[3] or str(HTTP_PORT), plain=True)
        return Request(target, _message(plain, target, headers))
    raise BadRequest("neither CONNECT host:port nor GET http://host/")


def _target(name: str, port: str, *, plain: bool) -> Target:
    if not 0 < int(port) <= HIGHEST_PORT:
        raise BadRequest("no such port")
    return Target(name.lower(), int(port), plain)


def _message(plain: re.Match[str], target: Target, headers: list[str]) -> bytes:
    """Say it anew: one request, of which the connection then ends."""
    if not all(HEADER.fullmatch(header) for header in headers):
        raise BadRequest("a misshapen header")
    kept = [header for header in headers if _is_passed_on(header.partition(":")[0].lower())]
    first = f"{plain[1].upper()} {plain[4] or '/'} HTTP/1.1"
    name = target.name if target.port == HTTP_PORT else str(target)
    lines = [first, f"Host: {name}", *kept, "Connection: close", "", ""]
    return "\r\n".join(lines).encode()


def _is_passed_on(header: str) -> bool:
    return header not in NOT_PASSED_ON and not header.startswith("proxy-")
