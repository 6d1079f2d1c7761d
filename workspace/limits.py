"""How much of the machine one command may take."""

import resource
from dataclasses import dataclass

LIMITS_FILE = "limits.bash"


@dataclass(frozen=True)
class ResourceLimits:
    """Limits of a command, of each of its processes where the kernel knows no other kind.

    Time and size of the output belong to `processes.CommandSpec`. Where all processes together
    need more memory than the machine has, the kernel ends them first.
    """

    processes: int = 1_000
    memory_bytes: int = 4 * 2**30
    file_bytes: int = 4 * 2**30
    shared_memory_bytes: int = 2**28
    free_disk_bytes: int = 2**30

    @property
    def memory_kilobytes(self) -> int:
        """What `ulimit -d` answers inside."""
        return _within(resource.RLIMIT_DATA, self.memory_bytes) // 1024

    def script(self) -> bytes:
        """Return what bash reads (BASH_ENV) before a command.

        It costs no further process, and the command line stays as it was given.
        """
        return (
            "unset BASH_ENV\n"
            f"ulimit -c 0 -u {_within(resource.RLIMIT_NPROC, self.processes)}"
            f" -d {self.memory_kilobytes}"
            f" -f {_within(resource.RLIMIT_FSIZE, self.file_bytes) // 1024} || exit 125\n"
            "{ echo 1000 > /proc/self/oom_score_adj; } 2>/dev/null || :\n"
        ).encode()


def _within(kind: int, wanted: int) -> int:
    """A limit can be lowered only."""
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
