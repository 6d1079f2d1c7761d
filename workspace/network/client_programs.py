"""Runs the package clients of this machine, to ask them something."""

import asyncio
import re
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

PATIENCE_SECONDS = 15.0

NEEDED = re.compile(
    r"PATH|HOME|LANG|TMPDIR|XDG_\w+|SSL_CERT_\w+|PYENV_\w+|NVM_DIR|RUSTUP_\w+"
    r"|(PIP_|UV_|GO|CARGO_)\w*|(npm_config_|NPM_CONFIG_)\S+"
)
"""Names of the variables that clients are found and set up by; no other reaches them."""


class ClientPrograms:
    """Asks programs, with what of the worker's environment they need."""

    def __init__(self, worker_environment: Mapping[str, str]) -> None:
        self.env = {
            name: value for name, value in worker_environment.items() if NEEDED.fullmatch(name)
        }

    @property
    def home(self) -> Path:
        """Where the configuration of a person lies."""
        return Path(self.env.get("HOME") or "/")

    async def ask(self, *words: str) -> str:
        """Return what a program prints; "" when it is missing or takes too long."""
        with tempfile.TemporaryDirectory(prefix="tars-asks-") as empty:
            return (await self._run(words, Path(empty), {}))[0]

    async def complaint(self, place: Path, *words: str, **extra: str) -> str:
        """Return what a program complains of in a directory, with `extra` variables."""
        return (await self._run(words, place, extra))[1]

    async def _run(
        self, words: tuple[str, ...], place: Path, extra: dict[str, str]
    ) -> tuple[str, str]:
        program = shutil.which(words[0], path=self.env.get("PATH"))
        if program is None:
            return "", ""
        try:
            return await _said(program, words[1:], place, self.env | extra)
        except (OSError, TimeoutError):
            return "", ""


async def _said(
    program: str, words: tuple[str, ...], place: Path, env: dict[str, str]
) -> tuple[str, str]:
    process = await asyncio.create_subprocess_exec(
        program, *words, cwd=place, env=env, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            printed, complained = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return printed.decode(errors="replace"), complained.decode(errors="replace")
