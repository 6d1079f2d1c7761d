"""Runs the git program where its speed or its transport is needed.

Only ever inside repositories of ours and of the user. Never inside a workspace that commands have
run in: its configuration and hooks are theirs, and git would execute them.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from workspace.problems import HostUnusable

TIMEOUT_SECONDS = 600
"""For one git process: cloning and packing the history of a big project takes minutes."""

_QUIET = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.file.allow": "always",
}

_OURS = {"safe.directory": "*"}
"""For a repository that we made, though its files may belong to the user of the commands."""

_LARGEST_ALLOCATION = "1g"
"""Bound of one allocation of git: a small pack can claim to hold a huge object."""


class GitFailed(Exception):
    """Git ended with an error; the message is its complaint."""


def run_git(
    *arguments: str,
    cwd: Path,
    stdin: IO[bytes] | bytes = b"",
    configured: bool = False,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Run git in `cwd` and return what it wrote.

    `configured` lets it read the configuration of this user and machine (`safe.directory` decides
    whether a project of somebody else may be read). `environment` adds variables. Raises GitFailed,
    and HostUnusable when git is not installed or does not end.
    """
    program = shutil.which("git")
    if program is None:
        raise HostUnusable("The program git is not installed here: install it, then resume.")
    quiet = _QUIET if configured else {**_QUIET, **_OURS}
    settings = [word for key, value in quiet.items() for word in ("-c", f"{key}={value}")]
    try:
        done = subprocess.run(
            [program, *settings, *arguments],
            cwd=cwd,
            env={**_environment(program, configured=configured), **(environment or {})},
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
            input=stdin if isinstance(stdin, bytes) else None,
            stdin=None if isinstance(stdin, bytes) else stdin,
        )
    except subprocess.TimeoutExpired as error:
        text = f"git {arguments[0]} did not end within {TIMEOUT_SECONDS} seconds in {cwd}."
        raise HostUnusable(text) from error
    if done.returncode != 0:
        raise GitFailed(_complaint(done.stderr) or f"git {arguments[0]} failed")
    return done.stdout


def _environment(program: str, *, configured: bool) -> dict[str, str]:
    environment = {
        "PATH": f"{Path(program).parent}{os.pathsep}{os.defpath}",
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOC_LIMIT": _LARGEST_ALLOCATION,
    }
    if configured:
        return {**environment, "HOME": str(Path.home())}
    return {**environment, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def _complaint(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    fatal = [line.removeprefix("fatal: ") for line in lines if line.startswith("fatal: ")]
    return (fatal or lines[-1:] or [""])[0]
