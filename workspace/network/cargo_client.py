"""Asks cargo which indexes it uses."""

import json
import tempfile
from pathlib import Path
from typing import Any

from workspace.network.client_programs import ClientPrograms
from workspace.network.indexes import Indexes, Kind, urls_in
from workspace.network.toml_file import read_toml

MANIFEST = '[package]\nname = "probe"\n[lib]\npath = "probe.rs"\n[dependencies]\nsome = "*"\n'
NOWHERE = "http://127.0.0.1:9"
"""A proxy that is not there (the discard port): cargo then names the URL it could not get."""

INDEX_FILE = "/config.json"
SETTINGS = {"source": ("registry", "replace-with"), "registries": ("index",)}


async def ask_cargo(programs: ClientPrograms) -> Indexes:
    """Have cargo look for a package: it does not list its default, but it complains of it.

    Only sparse indexes count: one in git would open a host of code, to which one can upload.
    """
    with tempfile.TemporaryDirectory(prefix="tars-asks-") as place:
        (Path(place) / "Cargo.toml").write_text(MANIFEST)
        (Path(place) / "probe.rs").touch()
        said = await programs.complaint(
            Path(place),
            "cargo",
            "generate-lockfile",
            CARGO_HTTP_PROXY=NOWHERE,
            CARGO_NET_RETRY="0",
            CARGO_HTTP_TIMEOUT="5",
        )
    main = [url.removesuffix(INDEX_FILE) + "/" for url in urls_in(said) if url.endswith(INDEX_FILE)]
    tables = _settings(_cargo_home(programs))
    further = [
        url.removeprefix("sparse+")
        for table in tables.values()
        for entry in table.values()
        for url in entry.values()
        if url.startswith("sparse+")
    ]
    return Indexes(Kind.CARGO, (*main, *further), cargo_config=_written(tables))


def _cargo_home(programs: ClientPrograms) -> Path:
    return Path(programs.env.get("CARGO_HOME") or programs.home / ".cargo")


def _settings(home: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Where cargo is told to look, and nothing else of its settings."""
    found = read_toml(home / "config.toml") or read_toml(home / "config")
    return {table: _entries(found.get(table, {}), keys) for table, keys in SETTINGS.items()}


def _entries(table: dict[str, Any], keys: tuple[str, ...]) -> dict[str, dict[str, str]]:
    chosen = {
        name: {key: str(entry[key]) for key in keys if key in entry}
        for name, entry in table.items()
    }
    return {name: entry for name, entry in chosen.items() if entry}


def _written(tables: dict[str, dict[str, dict[str, str]]]) -> str:
    lines = []
    for table, entries in tables.items():
        for name, entry in entries.items():
            lines.append(f"[{table}.{json.dumps(name)}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
    return "\n".join([*lines, ""]) if lines else ""
