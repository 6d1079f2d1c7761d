"""Tells what a command reached through the network, and what it was refused."""

import asyncio

from temporalio import activity

from activities.live import LiveUpdates
from models.updates import UpdateKind
from workspace.network.record import read_record, refused
from workspace.processes import Command

MOST_TOLD = 10


async def tell_refusals(command: Command, live: LiveUpdates) -> None:
    """Tell people, and the log, which hosts a command that has ended asked for."""
    for attempt in await asyncio.to_thread(read_record, command.directory):
        activity.logger.info("%s: %s", command.directory.name, attempt)
    notes = await asyncio.to_thread(refusals, command)
    updates = [
        live.update(UpdateKind.NOTE, text, {"text": text, "by": "network"}) for text in notes
    ]
    await live.publish_once(updates, f"{command.directory.name}-network", 1)


def refusals(command: Command) -> list[str]:
    """Return a line for each host that was refused, and at most one for all beyond ten."""
    lines = refused(command.directory)
    beyond = len(lines) - MOST_TOLD
    more = [f"The network refused {beyond} more hosts"] if beyond > 0 else []
    return lines[:MOST_TOLD] + more
