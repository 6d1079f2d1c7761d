"""Runs the git program where its speed or its transport is needed.

Only ever inside repositories of ours and of the user. Never inside a workspace that commands have
run in: its configuration and hooks are theirs, and git would execute them.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
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
    """Git ended with an error; the message is its complaint, `told` all that it said."""

    def __init__(self, complaint: str, told: str = "") -> None:
        super().__init__(complaint)
        self.told = told


class GitTimedOut(HostUnusable):
    """Git did not end in time."""


def run_git(
    *arguments: str,
    cwd: Path,
    stdin: IO[bytes] | bytes = b"",
    configured: bool = False,
    environment: Mapping[str, str] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> bytes:
    """Run git in `cwd` and return what it wrote.

    `configured` lets it read the configuration of this user and machine (`safe.directory` decides
    whether a project of somebody else may be read). `environment` adds variables. Raises GitFailed,
    GitTimedOut, and HostUnusable when git is not installed.
    """
    program = shutil.which("git")
    if program is None:
        raise HostUnusable("The program git is not installed here: install it, then resume.")
    quiet = _QUIET if configured else {**_QUIET, **_OURS}
    settings = [word for key, value in quiet.items() for word in ("-c", f"{key}={value}")]
    with subprocess.Popen(
        [program, *settings, *arguments],
        cwd=cwd,
        env={**_environment(program, configured=configured), **(environment or {})},
        stdin=subprocess.PIPE if isinstance(stdin, bytes) else stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            given = stdin if isinstance(stdin, bytes) else None
            output, told = process.communicate(given, timeout_seconds)
        except BaseException as error:
            # With what it started: ssh would hold the pipes open, and us, for as long as it likes.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                limit = f"within {timeout_seconds:g} seconds"
                raise GitTimedOut(f"git {arguments[0]} did not end {limit} in {cwd}.") from error
            raise
    if process.returncode != 0:
        complaint = _complaint(told) or f"git {arguments[0]} failed"
        raise GitFailed(complaint, told.decode("utf-8", "replace"))
    return output


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
