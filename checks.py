"""What `worker.py --check` looks at: every part that the worker needs, without working."""

import asyncio
import shutil
from collections.abc import Awaitable

from temporalio.exceptions import ApplicationError

from activities.model_check import check_model
from cannot_work import CannotWork
from chat import check_discord
from composition import (
    NO_CODE_SET_UP,
    claude_client,
    make_codes,
    make_network,
    make_remote,
    walls_of,
)
from connection import TemporalUnreachable, connect
from encryption import KeyProblem
from models.checks import Check
from settings import Settings
from voices import check_voices
from workspace.problems import HostUnusable, RemoteUnreachable
from workspace.processes import Launcher
from workspace.remote import Remote

NO_NETWORK = {
    "off": "without walls commands can reach whatever this machine can",
    "none": "commands can reach nothing, as SANDBOX_NETWORK says",
}


async def check(settings: Settings) -> list[Check]:
    """Look at every part the worker needs, without working."""
    return [
        await _checked("Temporal", connect(settings), f"answers at {settings.temporal_address}"),
        await _checked(
            "Claude", _ask_for_model(settings), f"{settings.claude_model} can be called"
        ),
        _check_git(),
        *await asyncio.to_thread(_check_remote, make_remote(settings)),
        _check_codes(settings),
        await _check_walls(settings),
        await _check_network(settings),
        await check_discord(settings),
        *await check_voices(settings),
    ]


async def _ask_for_model(settings: Settings) -> None:
    async with claude_client(settings) as claude:
        warnings = await check_model(claude, settings.claude_model)
    if warnings:
        raise CannotWork(" ".join(warnings))


async def _checked(name: str, attempt: Awaitable[object], good: str) -> Check:
    try:
        await attempt
    except (CannotWork, TemporalUnreachable, KeyProblem) as error:
        return Check(name=name, ok=False, detail=str(error))
    except ApplicationError as error:
        return Check(name=name, ok=False, detail=error.message)
    return Check(name=name, ok=True, detail=good)


def _check_remote(remote: Remote | None) -> list[Check]:
    if remote is None:
        return []
    name = "Remote"
    try:
        remote.check()
    except (RemoteUnreachable, HostUnusable) as error:
        return [Check(name=name, ok=False, detail=str(error))]
    return [Check(name=name, ok=True, detail=f"checkpoints can be fetched from {remote.name}")]


def _check_codes(settings: Settings) -> Check:
    name = "Codes"
    try:
        ok = make_codes(settings).is_set_up
    except CannotWork as error:
        return Check(name=name, ok=False, detail=str(error))
    return Check(name=name, ok=ok, detail="a code is set up" if ok else NO_CODE_SET_UP)


def _check_git() -> Check:
    git = shutil.which("git")
    return Check(
        name="git",
        ok=git is not None,
        detail=git or "git is missing: install it with your system's package manager.",
    )


async def _check_walls(settings: Settings) -> Check:
    name = "Sandbox"
    launcher = Launcher()
    try:
        async with walls_of(settings, launcher) as walls:
            return Check(name=name, ok=settings.sandbox != "off", detail=walls.describe())
    except CannotWork as error:
        return Check(name=name, ok=False, detail=str(error))
    finally:
        launcher.close()


async def _check_network(settings: Settings) -> Check:
    """Whether the package registries are known, and no index needs what commands do not get."""
    name = "Network"
    try:
        network = make_network(settings)
    except CannotWork as error:
        return Check(name=name, ok=False, detail=str(error))
    if network is None:
        off = "off" if settings.sandbox == "off" else "none"
        return Check(name=name, ok=True, detail=NO_NETWORK[off])
    await network.find()
    reached = ", ".join(network.hosts) or "no registry: no package client was found"
    detail = " ".join([f"commands can reach {reached}.", *network.notes])
    return Check(name=name, ok=not network.notes, detail=detail)
