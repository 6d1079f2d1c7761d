"""A filter that refuses dangerous system calls.

It is classic BPF (seccomp(2)), as bytes: bubblewrap takes it from a file, the Landlock launcher
loads it itself. Standard library only.
"""

import errno
import os
import struct

from workspace.system_calls import (
    AARCH64,
    AUDIT_ARCH,
    BETWEEN_PROCESSES,
    CLONE,
    CLONE3,
    DANGEROUS,
    IOCTL,
    LAST_KNOWN,
    ON_OTHER_FILES,
    PRLIMIT,
    SOCKET,
    UNSHARE,
    X86_64,
    Numbers,
)

NEW_NAMESPACES = 0x7E02_0080
"""CLONE_NEWUSER, NEWNS, NEWPID, NEWNET, NEWIPC, NEWUTS, NEWCGROUP, NEWTIME (linux/sched.h)."""

CLONE_NEWTIME = 0x80
"""For clone(2) this bit belongs to the number of a signal."""

TERMINAL_INJECTIONS = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX put words into the terminal that the worker was started from."""

FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: those that a network namespace holds. AF_VSOCK (to the
hypervisor) is not among them, nor the ones with a record of holes."""

NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
"""Offsets in struct seccomp_data."""

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, FAIL = 0x7FFF_0000, 0x0005_0000


class UnknownMachine(Exception):
    """There is no list of system calls for this kind of processor."""


def seccomp_filter(
    machine: str | None = None, *, namespaces: bool = True, same_user: bool = False
) -> bytes:
    """Return the filter for a kind of processor (None: this one), an array of struct sock_filter.

    Without `namespaces` around the command what they would hold is refused as well: sockets of any
    kind, and calls that reach other processes. `same_user`: these, and files outside, belong to the
    command's own user. Raises UnknownMachine.
    """
    machine = machine or os.uname().machine
    if machine not in AUDIT_ARCH:
        raise UnknownMachine(f"There is no list of system calls for {machine} processors.")
    here = (X86_64, AARCH64).index(machine)
    program = _only_on(AUDIT_ARCH[machine])
    program += _op(LOAD, NUMBER) + _fail_if(AT_LEAST, LAST_KNOWN + 1, errno.ENOSYS)
    program += _refusals(DANGEROUS, here)
    if not namespaces:
        program += _refusals(BETWEEN_PROCESSES, here)
        program += _when(PRLIMIT[here], 0, _fail_unless_zero())
    if same_user:
        program += _refusals(ON_OTHER_FILES, here)
    # The flags of clone3 lie in memory, where a filter cannot look; libc then uses clone.
    program += _fail_if(EQUAL, CLONE3[here], errno.ENOSYS)
    program += _when(CLONE[here], 0, _fail_if(ANY_BIT, NEW_NAMESPACES & ~CLONE_NEWTIME))
    program += _when(UNSHARE[here], 0, _fail_if(ANY_BIT, NEW_NAMESPACES))
    injections = b"".join(_fail_if(EQUAL, request) for request in TERMINAL_INJECTIONS)
    program += _when(IOCTL[here], 1, injections)
    program += _when(SOCKET[here], 0, _sockets(FAMILIES if namespaces else ()))
    return program + _op(RETURN, ALLOW)


def _refusals(calls: Numbers, here: int) -> bytes:
    numbers = (pair[here] for pair in calls.values())
    return b"".join(_fail_if(EQUAL, number) for number in numbers if number is not None)


def _fail_unless_zero() -> bytes:
    return _op(EQUAL, 0, if_true=1) + _op(RETURN, FAIL | errno.EPERM)


def _only_on(architecture: int) -> bytes:
    """Fail calls in another convention (32 bit), whose numbers mean something else."""
    return (
        _op(LOAD, ARCHITECTURE)
        + _op(EQUAL, architecture, if_true=1)
        + _op(RETURN, FAIL | errno.ENOSYS)
    )


def _when(number: int, argument: int, then: bytes) -> bytes:
    """For one system call look at the low half of an argument; calls that pass are allowed."""
    body = _op(LOAD, ARGUMENTS + 8 * argument) + then + _op(RETURN, ALLOW)
    return _op(EQUAL, number, if_false=len(body) // 8) + body


def _sockets(families: tuple[int, ...]) -> bytes:
    allowed = b"".join(_op(EQUAL, family, if_false=1) + _op(RETURN, ALLOW) for family in families)
    return allowed + _op(RETURN, FAIL | errno.EACCES)


def _fail_if(test: int, value: int, error: int = errno.EPERM) -> bytes:
    return _op(test, value, if_false=1) + _op(RETURN, FAIL | error)


def _op(code: int, value: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
