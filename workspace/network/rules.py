"""Which hosts a command may reach. Standard library only, for the proxy is a process of its own."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from workspace.walls import settle

LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?"
NAME = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(?:\.{LABEL})*")
NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
"""A name whose last label is one is an IPv4 address (WHATWG URL, "ends in a number")."""

TLS_PORT = 443
NOT_ALLOWED = "not in the allow-list"


class Refused(Exception):
    """A host must not be reached; the message says why, in a few words."""


class MisshapenHost(Exception):
    """An entry of an allow-list names no host; the message is a sentence."""


@dataclass(frozen=True)
class Target:
    """What a client wants to reach; `plain` is HTTP without TLS, spoken to the proxy itself."""

    name: str
    port: int
    plain: bool = False

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


@dataclass(frozen=True)
class AllowedHost:
    """One host that may be reached: by its very name, or any name beneath `*.name`.

    `anywhere`: its address may be a private one, as those of a company's mirror are.
    """

    name: str
    port: int = TLS_PORT
    plain: bool = False
    anywhere: bool = False

    def fits(self, target: Target) -> bool:
        """Whether this entry speaks of the target."""
        if (self.port, self.plain) != (target.port, target.plain):
            return False
        if self.name.startswith("*."):
            return target.name.endswith(self.name[1:])
        return target.name == self.name


@dataclass(frozen=True)
class Rules:
    """All that may be reached; with `any_public` every host on the internet may."""

    hosts: tuple[AllowedHost, ...] = ()
    any_public: bool = False

    def judge(self, target: Target) -> AllowedHost:
        """Return the entry that allows the target. Raises Refused."""
        if not NAME.fullmatch(target.name):
            raise Refused("not a host name")
        fitting = [host for host in self.hosts if host.fits(target)]
        if fitting:
            return max(fitting, key=lambda host: host.anywhere)
        if is_address(target.name):
            raise Refused("an address instead of a name")
        if self.any_public:
            return AllowedHost(target.name, target.port, target.plain)
        raise Refused(NOT_ALLOWED)

    def write(self, file: Path) -> None:
        """Keep the rules where proxies find them."""
        settle(file, json.dumps(asdict(self)).encode())

    @classmethod
    def read(cls, file: Path) -> "Rules":
        """Read what `write` wrote."""
        content = json.loads(file.read_text())
        hosts = tuple(AllowedHost(**host) for host in content["hosts"])
        return cls(hosts, content["any_public"])


def is_address(name: str) -> bool:
    """Whether a name is understood as an IPv4 address, in whatever spelling."""
    return bool(NUMBER.fullmatch(name.rpartition(".")[2]))


def allowed_hosts(entries: Iterable[str]) -> tuple[AllowedHost, ...]:
    """Read entries of people: `host`, `*.host`, either with `:port`. Raises MisshapenHost."""
    return tuple(_allowed(entry.strip().lower()) for entry in entries if entry.strip())


def _allowed(entry: str) -> AllowedHost:
    name, _, port = entry.partition(":")
    is_name = NAME.fullmatch(name.removeprefix("*.")) and not is_address(name)
    if not is_name or (port and not port.isdecimal()):
        raise MisshapenHost(f"{entry!r} is no host: write example.org, *.example.org or host:port.")
    return AllowedHost(name, int(port or TLS_PORT))
