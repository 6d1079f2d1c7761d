"""What this worker's commands may reach, found out once and kept up to date on disk."""

import asyncio
import json
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from workspace.network.clients import ask_clients
from workspace.network.door import PORT
from workspace.network.index_hosts import hosts_of
from workspace.network.indexes import Indexes
from workspace.network.rules import AllowedHost, Rules
from workspace.walls import settle

PATIENCE_SECONDS = 30.0
"""After this a command goes on with what is known so far."""

PROXY = f"http://127.0.0.1:{PORT}"
PROXY_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
LOCAL = "localhost,127.0.0.1,::1"

log = logging.getLogger(__name__)


class Network:
    """The network of commands: `registries` and the hosts `own` to this worker, or `all`.

    What is found is kept in `place`; `rules_file` is always there, and may grow while commands
    run.
    """

    def __init__(
        self,
        place: Path,
        reach: Literal["registries", "all"],
        own: Iterable[AllowedHost],
        worker_environment: Mapping[str, str],
    ) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self.rules_file = place / f"network-{reach}.json"
        self._cargo_file = place / "cargo.toml"
        self._links_file = place / "links.json"
        self._reach = reach
        self._own = tuple(own)
        self._worker_environment = worker_environment
        self._indexes: list[Indexes] = []
        self._hosts: tuple[AllowedHost, ...] = ()
        self._finding: asyncio.Task[None] | None = None
        self.notes: list[str] = []
        if not self.rules_file.exists():  # else commands of an earlier worker may rely on it
            self._settle()

    @property
    def env(self) -> dict[str, str]:
        """Variables for commands: the way out, and the indexes that people have chosen."""
        proxies = {name: PROXY for upper in PROXY_NAMES for name in (upper, upper.lower())}
        chosen = {name: value for found in self._indexes for name, value in found.env.items()}
        own = {"NO_PROXY": LOCAL, "no_proxy": LOCAL, "NODE_USE_ENV_PROXY": "1"}
        return {**proxies, **own, **chosen}

    @property
    def cargo_config(self) -> Path | None:
        """A file for cargo, which takes such settings from nowhere else; None: it needs none."""
        return self._cargo_file if any(one.cargo_config for one in self._indexes) else None

    @property
    def hosts(self) -> list[str]:
        """What may be reached, for people; a part of it when `describe` says any host."""
        return sorted({f"{host.name}:{host.port}" for host in (*self._hosts, *self._own)})

    def describe(self) -> str:
        """Tell in a few words what commands can reach."""
        if self._reach == "all":
            return "the public internet through a proxy, and nothing on this machine or beside it"
        own = ", ".join(host.name for host in self._own)
        return "only the package registries" + (f" and {own}" if own else "")

    def begin(self) -> None:
        """Start to find the registries, beside all else."""
        self._finding = asyncio.create_task(self._find_or_tell())

    async def ready(self) -> None:
        """Wait until the registries are known, as far as they can be."""
        if self._finding:
            await asyncio.wait([self._finding], timeout=PATIENCE_SECONDS)

    async def close(self) -> None:
        """Stop looking."""
        if self._finding:
            self._finding.cancel()
            with suppress(asyncio.CancelledError):
                await self._finding

    async def find(self) -> None:
        """Ask the package clients for their indexes, and these for the hosts of their files."""
        asked = await ask_clients(self._worker_environment)
        self.notes = [_password_note(host) for found in asked for host in found.with_password()]
        self._indexes = [found.without_passwords() for found in asked]
        known = _read(self._links_file)
        pairs = [(found.kind, url) for found in self._indexes for url in found.urls]
        hosts = await asyncio.gather(*(hosts_of(kind, url, known) for kind, url in pairs))
        self._hosts = tuple(dict.fromkeys(host for some in hosts for host in some))
        settle(self._links_file, json.dumps(known).encode())
        self._settle()
        log.info("Commands can reach %s", ", ".join(self.hosts) or "no registry")

    async def _find_or_tell(self) -> None:
        try:
            await self.find()
        except Exception:  # commands go on with what is known
            log.exception("The package registries were not found")
            self._settle()

    def _settle(self) -> None:
        Rules((*self._hosts, *self._own), self._reach == "all").write(self.rules_file)
        settle(self._cargo_file, "".join(one.cargo_config for one in self._indexes).encode())
        self._cargo_file.chmod(0o644)


def _password_note(host: str) -> str:
    return f"The package index at {host} needs a password, which commands do not get."


def _read(file: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        found = json.loads(file.read_text())
        return found if isinstance(found, dict) else {}
    return {}
