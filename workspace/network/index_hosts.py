"""Works out which hosts belong to an index: itself, and those that serve its files."""

import logging
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from workspace.network.addresses import is_public, resolve
from workspace.network.indexes import Kind
from workspace.network.links import IndexAway, file_urls
from workspace.network.rules import NAME, AllowedHost, is_address

LINKS_SECONDS = 24 * 3600.0
"""After this an index is asked again where its files are."""

PORTS = {"http": 80, "https": 443}

log = logging.getLogger(__name__)


async def hosts_of(kind: Kind, index: str, known: dict[str, Any]) -> list[AllowedHost]:
    """Return an index and where its files are.

    An index that is on the internet now must stay there, whatever its name leads to later. The
    files may lie at a private address only where the index does. `known` holds the links of
    earlier times, by index, and takes up new ones.
    """
    if not _is_usable(index):
        return []
    addresses = await _addresses(index)
    is_private = not all(map(is_public, addresses))
    await _look_up_links(kind, index, known)
    urls = known.get(index, {}).get("urls", [])
    hosts = [_host(url, anywhere=is_private) for url in urls if _is_named(url)]
    return [_host(index, anywhere=is_private or not addresses), *hosts]


async def _look_up_links(kind: Kind, index: str, known: dict[str, Any]) -> None:
    """Ask an index for links unless they are known and young; old ones are better than none."""
    if time.time() - known.get(index, {}).get("at", 0) < LINKS_SECONDS:
        return
    try:
        known[index] = {"at": time.time(), "urls": await file_urls(kind, index)}
    except IndexAway as away:
        log.warning("An index is away, so hosts of its files may be missing: %s", away)


def _host(url: str, *, anywhere: bool) -> AllowedHost:
    parts = urlsplit(url)
    port = parts.port or PORTS[parts.scheme]
    return AllowedHost((parts.hostname or "").lower(), port, parts.scheme == "http", anywhere)


def _is_named(url: str) -> bool:
    """Whether a link leads to a host by its name; others are not followed."""
    try:
        name = _host(url, anywhere=False).name
    except (ValueError, KeyError):
        return False
    return bool(NAME.fullmatch(name)) and not is_address(name)


def _is_usable(url: str) -> bool:
    with suppress(ValueError, KeyError):
        return bool(_host(url, anywhere=True).name)
    return False


async def _addresses(url: str) -> list[str]:
    host = _host(url, anywhere=True)
    with suppress(OSError, ValueError):
        return await resolve(host.name, host.port)
    return []
