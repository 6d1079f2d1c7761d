"""`./tars test`: everything a change must pass. With arguments for pytest, pytest alone.

`./tars test --live` is the whole of it, and talks to the real Claude as well.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
LIVE = "--live"
SIDE_BY_SIDE = ("--numprocesses", "auto", "--dist", "loadfile")
"""The whole then takes half as long; each process has files and servers of its own."""

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("lint-imports",),
    ("mypy",),
)


def main(arguments: Sequence[str]) -> int:
    """Run the checks and the tests one after the other and return the first bad exit status."""
    chosen = [argument for argument in arguments if argument != LIVE]
    checks = () if chosen else CHECKS
    manner = () if chosen else SIDE_BY_SIDE
    for name, *options in (*checks, ("pytest", *manner, *arguments)):
        sys.stderr.write(f"$ {' '.join([name, *options])}\n")
        status = subprocess.run([BIN / name, *options], cwd=ROOT, check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
