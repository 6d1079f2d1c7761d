"""Finds the hosts from which an index serves its files, by the links that it gives out."""

import asyncio
import re
from contextlib import suppress
from http.client import HTTPException
from typing import NamedTuple
from urllib.parse import urljoin
from urllib.request import ProxyHandler, Request, build_opener
from urllib.response import addinfourl

from workspace.network.indexes import Kind

PATIENCE_SECONDS = 8.0
PAGE_BYTES = 2_000_000
MOST_HOSTS = 8


class Page(NamedTuple):
    """A page of an index whose links are typical; `files`: they lead to files, not to patterns."""

    path: str
    link: re.Pattern[str]
    files: bool = True


PAGES = {
    Kind.PYTHON: Page("pip/", re.compile(r'<a\s[^>]*href="([^"#]+)', re.IGNORECASE)),
    Kind.NPM: Page("npm/latest", re.compile(r'"tarball":\s*"([^"]+)"')),
    Kind.CARGO: Page("config.json", re.compile(r'"dl":\s*"([^"]+)"'), files=False),
}
"""The page of the client itself: whoever serves packages serves this one (PEP 503 and the
registries' own APIs)."""


class IndexAway(Exception):
    """An index does not answer; nothing can be said of its links."""


async def file_urls(kind: Kind, index: str) -> list[str]:
    """Return links to files of an index, one for each host. Raises IndexAway."""
    if kind not in PAGES:
        return []
    return await asyncio.to_thread(_file_urls, PAGES[kind], index)


def _file_urls(page: Page, index: str) -> list[str]:
    address = index.rstrip("/") + "/" + page.path
    try:
        with _open(address) as answer:
            text = answer.read(PAGE_BYTES).decode(errors="replace")
            here = answer.geturl()
    except (OSError, HTTPException, ValueError) as error:
        raise IndexAway(f"{address}: {error}") from error
    links = [urljoin(here, link) for link in page.link.findall(text)]
    one_of_each = list({link.split("/")[2]: link for link in links if link.count("/") > 2}.values())
    del one_of_each[MOST_HOSTS:]
    landings = [_landing(link) for link in one_of_each] if page.files else []
    return list(dict.fromkeys([here, *one_of_each, *landings]))


def _landing(link: str) -> str:
    """Where a link leads in the end: some indexes send on to a host of files."""
    with suppress(OSError, HTTPException, ValueError), _open(link, "HEAD") as answer:
        return str(answer.geturl())
    return link


def _open(address: str, method: str = "GET") -> addinfourl:
    """Ask for a page without the worker's proxies, which commands cannot use either."""
    if not address.startswith(("http://", "https://")):
        raise ValueError("not a web address")
    request = Request(address, method=method)  # noqa: S310  # it is one
    found: addinfourl = build_opener(ProxyHandler({})).open(request, timeout=PATIENCE_SECONDS)
    return found
