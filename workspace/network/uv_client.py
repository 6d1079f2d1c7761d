"""Asks uv which indexes it uses."""

import re
from itertools import chain
from pathlib import Path
from typing import Any

from workspace.network.client_programs import ClientPrograms
from workspace.network.indexes import Indexes, Kind, urls_in
from workspace.network.toml_file import read_toml

DEFAULT = re.compile(r"by\s+default:\s+<(https?://[^>]+)>")
DEFAULT_NAMES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL")
FURTHER_NAMES = ("UV_INDEX", "UV_EXTRA_INDEX_URL")


async def ask_uv(programs: ClientPrograms) -> Indexes:
    """Ask uv, and read its files, which it does not tell of."""
    usage = await programs.ask("uv", "pip", "install", "--help")
    if not usage:
        return Indexes(Kind.PYTHON)
    config = Path(programs.env.get("XDG_CONFIG_HOME") or programs.home / ".config")
    tables = [read_toml(config / "uv/uv.toml"), read_toml(Path("/etc/uv/uv.toml"))]
    entries = [*chain.from_iterable(map(_entries, tables))]
    main = urls_in(*(programs.env.get(name, "") for name in DEFAULT_NAMES))
    main += [url for url, is_default in entries if is_default]
    further = urls_in(*(programs.env.get(name, "") for name in FURTHER_NAMES))
    further += [url for url, is_default in entries if not is_default]
    env = {"UV_DEFAULT_INDEX": "".join(main[:1]), "UV_INDEX": " ".join(further)}
    return Indexes(Kind.PYTHON, (*(main[:1] or DEFAULT.findall(usage)[:1]), *further), env)


def _entries(table: dict[str, Any]) -> list[tuple[str, bool]]:
    """Indexes of one file, and whether each takes the place of the default one."""
    found = [
        (str(entry.get("url")), bool(entry.get("default"))) for entry in table.get("index", [])
    ]
    pip = table.get("pip", {})
    for place in (table, pip):
        found += [(url, True) for url in urls_in(str(place.get("index-url", "")))]
        found += [(url, False) for url in urls_in(str(place.get("extra-index-url", "")))]
    return [(url, is_default) for url, is_default in found if urls_in(url)]
