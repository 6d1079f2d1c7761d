"""Reads settings of others, whatever has become of them."""

import tomllib
from pathlib import Path
from typing import Any


def read_toml(file: Path) -> dict[str, Any]:
    """Return what stands in a TOML file; {} when it is missing or damaged."""
    try:
        return tomllib.loads(file.read_text())
    except (OSError, ValueError):
        return {}
