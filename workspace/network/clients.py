"""Which indexes the package clients of this machine use, by their own account.

Each is asked for its configuration, and for what it takes without one: no host stands here.
"""

import ast
import asyncio
import json
import logging
import re
from collections.abc import Mapping

from workspace.network.cargo_client import ask_cargo
from workspace.network.client_programs import ClientPrograms
from workspace.network.indexes import Indexes, Kind, urls_in
from workspace.network.uv_client import ask_uv

log = logging.getLogger(__name__)

PIP_SETTING = re.compile(r"^\S*\.([a-z-]+)=('.*'|\".*\")$", re.MULTILINE)
PIP_DEFAULT = re.compile(r"\(default\s+(https?://[^\s)]+)\)")


async def ask_clients(worker_environment: Mapping[str, str]) -> list[Indexes]:
    """Ask all clients at once; one that is missing, or does not answer, names no index."""
    programs = ClientPrograms(worker_environment)
    clients = (ask_pip, ask_uv, ask_npm, ask_cargo, ask_go, ask_apt)
    answers = await asyncio.gather(*(ask(programs) for ask in clients), return_exceptions=True)
    for client, answer in zip(clients, answers, strict=True):
        if isinstance(answer, Exception):  # settings of others may have any shape
            log.warning("%s did not work: %r", client.__name__, answer)
    return [answer for answer in answers if isinstance(answer, Indexes)]


async def ask_pip(programs: ClientPrograms) -> Indexes:
    """Ask pip; indexes that are directories of this machine are left out."""
    listing, usage = await asyncio.gather(
        programs.ask("pip", "config", "list"), programs.ask("pip", "install", "--help")
    )
    found = {name: str(ast.literal_eval(value)) for name, value in PIP_SETTING.findall(listing)}
    own, extra = (urls_in(found.get(name, "")) for name in ("index-url", "extra-index-url"))
    env = {
        "PIP_INDEX_URL": " ".join(own),
        "PIP_EXTRA_INDEX_URL": " ".join(extra),
        "PIP_TRUSTED_HOST": " ".join(found.get("trusted-host", "").split()),
    }
    default = [] if "index-url" in found else PIP_DEFAULT.findall(usage)
    return Indexes(Kind.PYTHON, (*own, *extra, *default), env)


async def ask_npm(programs: ClientPrograms) -> Indexes:
    """Ask npm, for the registries of scopes too."""
    try:
        config = json.loads(await programs.ask("npm", "config", "list", "--json"))
    except ValueError:
        return Indexes(Kind.NPM)
    main = str(config.get("registry", ""))
    scoped = [str(config[name]) for name in config if name.endswith(":registry")]
    return Indexes(Kind.NPM, tuple(urls_in(main, *scoped)), {"npm_config_registry": main})


async def ask_go(programs: ClientPrograms) -> Indexes:
    """Ask go; of its proxies not "direct", which means any host."""
    said = (await programs.ask("go", "env", "GOPROXY", "GOSUMDB")).splitlines()
    if len(said) != 2:
        return Indexes(Kind.GO)
    proxies, checksums = said
    urls = [*urls_in(proxies), *urls_in(checksums)]
    if checksums != "off" and not urls_in(checksums):
        urls.append(f"https://{checksums.partition('+')[0]}")
    return Indexes(Kind.GO, tuple(urls), {"GOPROXY": proxies, "GOSUMDB": checksums})


async def ask_apt(programs: ClientPrograms) -> Indexes:
    """Ask apt for its sources."""
    said = await programs.ask("apt-get", "indextargets", "--format", "$(REPO_URI)")
    return Indexes(Kind.DEBIAN, tuple(urls_in(said)))
