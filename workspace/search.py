"""Searching the files of a workspace without ever hanging the worker."""

import json
import subprocess
import sys
from pathlib import Path

from models.tools import Search
from workspace.beneath import open_directory
from workspace.file_problems import FileProblem

SEARCH_SECONDS = 10.0
"""The walk ends itself before this; what takes longer is a runaway regular expression."""

_PROGRAM = "import sys; from workspace.grep import main; sys.exit(main())"
_HOUSE = Path(__file__).parents[1]


def search(root: Path, request: Search, *, timeout_seconds: float = SEARCH_SECONDS) -> str:
    """Lines matching a regular expression, as `path:line: text`, at most 200, with counts.

    `re` holds the interpreter's lock and cannot be interrupted, so the search is a child process
    that is killed after `timeout_seconds`; what it found until then is kept. Raises FileProblem
    for an invalid pattern or glob.
    """
    with open_directory(root, "."):
        asked = {"root": str(root), "pattern": request.pattern, "glob": request.glob}
    try:
        child = subprocess.run(
            [sys.executable, "-S", "-P", "-c", _PROGRAM],
            input=json.dumps(asked).encode(),
            env={"PYTHONPATH": str(_HOUSE)},
            capture_output=True,
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        found = (late.stdout or b"").decode("utf-8", "replace")
        return f"{found}(stopped after {timeout_seconds:g} s: use a simpler pattern or a glob)"
    text = child.stdout.decode("utf-8", "replace").rstrip("\n")
    if child.returncode:
        raise FileProblem(text.rpartition("\n")[2] or "The search ended before it was done.")
    return text
