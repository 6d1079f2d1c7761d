"""Ties a process to its parent, then becomes the command: `leash.py PARENT_PID COMMAND ...`.

On Linux the kernel sends SIGTERM to the command when its parent is gone, however it went
(prctl(2), PR_SET_PDEATHSIG: kept across execve). Elsewhere there is no such thing, and the command
just runs. A program of its own, because code between fork and exec (preexec_fn) may deadlock.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""


def main(parent: int, command: list[str]) -> None:
    """Become `command`, unless `parent` is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:
        os.execvp(command[0], command)  # noqa: S606 - becoming the command is its whole job


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
