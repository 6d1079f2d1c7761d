"""Which files are not kept in checkpoints: those that .gitignore files leave out."""

import os
from collections.abc import Callable, Container
from hashlib import sha1
from typing import NamedTuple, Self

from workspace.patterns import Ignored
from workspace.stat_cache import KEY_BYTES
from workspace.tree import NEVER_WALKED

NO_KEY = bytes(KEY_BYTES)
"""Key of a file that is kept for another reason than that no rule covers it."""

MAX_GITIGNORE_BYTES = 100_000

_TRACKED_ONLY = b"\xff" * KEY_BYTES


class Tracked(NamedTuple):
    """Paths that the workspace's own index lists: kept even where a rule covers them."""

    files: Container[str] = ()
    directories: Container[str] = ()


class Rules(NamedTuple):
    """The rules that hold in one directory; `key` is equal only where equal rules hold.

    `tracked` is asked when something is ignored. `everything` is set below an ignored directory
    that was entered for its tracked files only.
    """

    ignored: Ignored
    tracked: Callable[[], Tracked]
    key: bytes = NO_KEY
    everything: bool = False

    @classmethod
    def at_top(cls, tracked: Callable[[], Tracked] = Tracked) -> Self:
        """Return the rules before any .gitignore: directories that tools fill are left out."""
        usual = "".join(f"{name}/\n" for name in sorted(NEVER_WALKED))
        return cls(Ignored(), tracked).extended(usual.encode(), "")

    def extended(self, gitignore: bytes, directory: str) -> Self:
        """Return these rules and those of a .gitignore in `directory` ("" is the top).

        One of more than MAX_GITIGNORE_BYTES is not looked at.
        """
        if len(gitignore) > MAX_GITIGNORE_BYTES:
            return self
        text = gitignore.decode("utf-8-sig", "surrogateescape")
        place = os.fsencode(f"{directory}\0")
        digest = sha1(self.key + place + gitignore, usedforsecurity=False).digest()
        return self._replace(ignored=self.ignored.extended(text, directory), key=digest[:KEY_BYTES])

    def below(self, path: str, *, is_directory: bool) -> Self | None:
        """Return the rules for what stands at `path`, or None when it is left out."""
        if not self.everything and not self.ignored.covers(path, is_directory=is_directory):
            return self
        tracked = self.tracked()
        if is_directory and path in tracked.directories:
            return self._replace(key=_TRACKED_ONLY, everything=True)
        return self._replace(key=NO_KEY) if path in tracked.files else None
