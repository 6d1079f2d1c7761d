"""Which effects of a command need a person's code, in the words of the policy.

`docs/policy.md` says it for people. A rule of a program says what happens; only this file says
what is allowed.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from policy.effects import (
    Category,
    ChangesMode,
    Connects,
    Deletes,
    Effect,
    Empties,
    Finding,
    Kills,
    Reads,
    Sets,
    Writes,
)
from policy.environment import finding_of
from policy.hosts import Host, host_of
from policy.places import Place, Places, is_private_key
from policy.shell.scope import Scope


class Mode(StrEnum):
    """How strictly the list is read; the setting `CONFIRM`."""

    SEED = "seed"
    WORKSPACE_AWARE = "workspace-aware"


DELETES_ALL = Finding(
    Category.DELETION,
    "delete a whole home or system directory, which is never allowed",
    refuse=True,
)
OVERWRITES_DISK = Finding(
    Category.SYSTEM, "overwrite a device, which is never allowed", refuse=True
)
CONFIRMS_ITSELF = Finding(
    Category.PUBLISHING, "answer its own confirmation, which is never allowed", refuse=True
)
_WRITES = {
    Place.KERNEL: Finding(Category.SYSTEM, "change settings of the running system"),
    Place.STARTUP: Finding(Category.PERSISTENCE, "change what runs when a user or machine starts"),
    Place.AGENT_RULES: Finding(Category.PERSISTENCE, "change the rules an assistant follows"),
    Place.GIT_RULES: Finding(Category.PERSISTENCE, "change what git or an editor runs by itself"),
    Place.GIT: Finding(Category.OUTSIDE, "change git's own files"),
    Place.OUTSIDE: Finding(Category.OUTSIDE, "write outside the workspace"),
}
_SETUID = re.compile(r"s|^0*[2-7]\d{3}$")


@dataclass(frozen=True)
class Consequences:
    """Judges effects for one workspace in one mode."""

    places: Places
    mode: Mode

    def of(self, effect: Effect, scope: Scope) -> Iterator[Finding]:
        """What an effect needs a code for; nothing when it is allowed."""
        if isinstance(effect, Finding):
            yield effect
            return
        judge = self._judges().get(type(effect))
        if judge:
            yield from judge(effect, scope)

    def _judges(self) -> dict[type, Callable[..., Iterator[Finding]]]:
        return {
            Deletes: self._deletes,
            Writes: self._writes,
            Empties: self._empties,
            Reads: self._reads,
            ChangesMode: self._changes_mode,
            Kills: self._kills,
            Connects: self._connects,
            Sets: self._sets,
        }

    def _deletes(self, effect: Deletes, scope: Scope) -> Iterator[Finding]:
        if effect.recursive and any(self.places.is_vital(path, scope.cwd) for path in effect.paths):
            yield DELETES_ALL
        elif not self._is_tidying(effect.paths, scope):
            yield Finding(Category.DELETION, effect.reason)

    def _is_tidying(self, paths: tuple[str, ...], scope: Scope) -> bool:
        """In the workspace-aware mode: everything named lies where the task may clean up."""
        if self.mode is not Mode.WORKSPACE_AWARE or scope.elsewhere or not paths:
            return False
        return all(self.places.may_go(path, scope.cwd) for path in paths)

    def _writes(self, effect: Writes, scope: Scope) -> Iterator[Finding]:
        if scope.elsewhere:
            return
        for path in effect.paths:
            place = self.places.of(path, scope.cwd)
            if place is Place.DEVICE:
                yield OVERWRITES_DISK
            elif place in _WRITES:
                yield _WRITES[place]

    def _empties(self, effect: Empties, scope: Scope) -> Iterator[Finding]:
        for path in effect.paths:
            if not scope.elsewhere and self.places.of(path, scope.cwd) is not Place.SINK:
                yield Finding(Category.OUTSIDE, "empty a file")

    def _reads(self, effect: Reads, scope: Scope) -> Iterator[Finding]:
        for path in effect.paths:
            if self.places.is_secret(path, scope.cwd) or (effect.shows and is_private_key(path)):
                yield Finding(Category.SECRETS, "read keys or passwords")

    def _changes_mode(self, effect: ChangesMode, scope: Scope) -> Iterator[Finding]:
        plain = not _SETUID.search(effect.mode)
        if not (plain and self._is_tidying(effect.paths, scope)):
            yield Finding(Category.PERMISSIONS, "change file permissions")

    def _kills(self, effect: Kills, scope: Scope) -> Iterator[Finding]:
        if self.mode is Mode.SEED or scope.elsewhere:
            yield Finding(Category.PROCESSES, effect.reason)

    def _connects(self, effect: Connects, _: Scope) -> Iterator[Finding]:
        host = host_of(effect.url)
        if host is Host.CONFIRMATION:
            yield CONFIRMS_ITSELF
        elif host is Host.METADATA:
            yield Finding(Category.SECRETS, "read this machine's cloud identity")
        elif host is Host.OTHER and effect.sends:
            yield Finding(Category.SECRETS, "send local files to another machine")
        elif host is Host.OTHER and effect.method == "DELETE":
            yield Finding(Category.DATABASE, "delete data on another machine")

    def _sets(self, effect: Sets, _: Scope) -> Iterator[Finding]:
        finding = finding_of(effect)
        if finding:
            yield finding
