"""Which machine a web address means: this one, another, or one that hands out credentials."""

import re
from enum import Enum, auto

from policy.shell.marks import HOLE


class Host(Enum):
    """Kinds of machines."""

    LOCAL = auto()
    OTHER = auto()
    METADATA = auto()
    CONFIRMATION = auto()


_URL = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://|//)?(?:[^/@\s]*@)?(\[[0-9a-fA-F:.]+\]|[^/:?#\s]*)", re.I
)
_LOCAL = re.compile(
    r"(?:localhost|127(?:\.\d+){1,3}|0\.0\.0\.0|0|\[?::1\]?|\[?::\]?|[\w-]+\.localhost)", re.I
)
_METADATA = re.compile(
    r"169\.254\.169\.254|169\.254\.170\.2|metadata\.google\.internal|metadata\.goog|metadata"
    r"|100\.100\.100\.200|\[?fd00:ec2::254\]?|2852039166|0xa9fea9fe|0251\.0376\.0251\.0376"
    r"|\[?::ffff:(?:169\.254\.169\.254|a9fe:a9fe)\]?|169\.254\.43518|0xa9\.0xfe\.0xa9\.0xfe"
    r"|instance-data|169\.254\.169\.254\.(?:nip|xip|sslip)\.io|169\.254\.169\.123",
    re.I,
)
_CONFIRMATION = re.compile(
    r"/(?:confirmation|background-confirmation|submit_background_confirmation)s?\b"
)


def host_of(url: str) -> Host:
    """Kind of machine that an address names."""
    if _CONFIRMATION.search(url):
        return Host.CONFIRMATION
    found = _URL.match(url.strip())
    name = found[1] if found else ""
    if _METADATA.fullmatch(name):
        return Host.METADATA
    return Host.LOCAL if _LOCAL.fullmatch(name) and HOLE not in name else Host.OTHER
