"""What is known of the package indexes that this machine uses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

URL = re.compile(r"https?://[^\s'\"<>,|`)]+")


class Kind(StrEnum):
    """Kinds of index, by the protocol that it speaks."""

    PYTHON = "python"
    NPM = "npm"
    CARGO = "cargo"
    GO = "go"
    DEBIAN = "debian"


@dataclass(frozen=True)
class Indexes:
    """Indexes of one kind, and what tells a client in another HOME of them.

    `env` are variables; `cargo_config` is the text of a file, for cargo takes no variables.
    """

    kind: Kind
    urls: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cargo_config: str = ""

    def without_passwords(self) -> "Indexes":
        """The same, safe to be seen by commands."""
        urls = dict.fromkeys(map(without_password, self.urls))
        env = {name: _cleaned(value) for name, value in self.env.items() if value}
        return Indexes(self.kind, tuple(urls), env, _cleaned(self.cargo_config))

    def with_password(self) -> list[str]:
        """Hosts of which commands would need a password that they do not get."""
        return [host_of(url) for url in self.urls if without_password(url) != url]


def urls_in(*texts: str) -> list[str]:
    """All URLs of a text, each once."""
    return list(dict.fromkeys(url for text in texts for url in URL.findall(text)))


def without_password(url: str) -> str:
    """A URL without user name and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def host_of(url: str) -> str:
    """The host that a URL names, with the port if it names one."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _cleaned(text: str) -> str:
    return URL.sub(lambda found: without_password(found[0]), text)
