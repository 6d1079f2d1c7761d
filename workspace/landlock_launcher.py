"""Becomes the command, inside Landlock and seccomp. A process of its own, standard library only.

Numbers from linux/landlock.h and linux/prctl.h; the kernel checks them, a wrong one fails.
"""

import ctypes
import json
import os
import signal
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workspace.seccomp import seccomp_filter

RULES_FILE = 3
CANNOT_START = 125

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION, PATH_BENEATH = 1, 1
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE = 1, 2, 4, 8, 1 << 14
MAKE_CHAR, MAKE_BLOCK, IOCTL_DEV = 1 << 6, 1 << 11, 1 << 15
ALL_OF_FILES = 0xFFFF
ALL_OF_NETWORK = 0b11
ALL_SCOPES = 0b11
"""No signal to, and no abstract unix socket of, a process outside (kernel 6.12, ABI 6)."""

READ = EXECUTE | READ_FILE | READ_DIR
WRITE = ALL_OF_FILES & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV)
DEVICE = READ_FILE | WRITE_FILE
OF_ONE_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE


def main() -> None:
    """Read what to do from descriptor 3, put up the walls and become the command.

    When anything fails nothing is run.
    """
    try:
        with os.fdopen(RULES_FILE) as file:
            rules = json.load(file)
        Path("/proc/self/oom_score_adj").write_text("1000")
        ruleset = _ruleset(rules)
        os.chdir(rules["cwd"])
        if rules["user"] is not None:
            _become(rules["user"], rules["group"])
        _enter(ruleset, seccomp_filter(namespaces=False, same_user=rules["user"] is None))
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them
            signal.signal(number, signal.SIG_DFL)
        os.execv(rules["argv"][0], rules["argv"])  # noqa: S606  # a shell is what it starts
    except Exception as error:
        os.write(2, f"The walls could not be put up: {error}\n".encode())
    finally:
        os._exit(CANNOT_START)


def version() -> int:
    """Return the version of Landlock's interface in this kernel; 0: it has none."""
    if os.uname().sysname != "Linux":
        return 0
    try:
        return _call(CREATE_RULESET, None, 0, VERSION)
    except OSError:
        return 0


def _ruleset(rules: dict[str, Any]) -> int:
    handled = struct.pack("=QQQ", ALL_OF_FILES, ALL_OF_NETWORK, ALL_SCOPES)
    ruleset = _call(CREATE_RULESET, handled, len(handled), 0)
    for kind, rights in (("read", READ), ("write", WRITE), ("devices", DEVICE)):
        for path in rules[kind]:
            _allow(ruleset, Path(path), rights)
    return ruleset


def _allow(ruleset: int, path: Path, rights: int) -> None:
    beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        allowed = rights if path.is_dir() else rights & OF_ONE_FILE
        rule = struct.pack("=Qi", allowed, beneath)
        _call(ADD_RULE, ruleset, PATH_BENEATH, rule, 0)
    finally:
        os.close(beneath)


def _become(user: int, group: int) -> None:
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)


def _enter(ruleset: int, program: bytes) -> None:
    buffer = ctypes.create_string_buffer(program, len(program))
    count = len(program) // 8
    pointer = struct.pack("@HP", count, ctypes.addressof(buffer))
    _checked(_libc().prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call(RESTRICT_SELF, ruleset, 0)
    _checked(_libc().prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, pointer, 0, 0)


def _call(number: int, *arguments: bytes | int | None) -> int:
    return _checked(_libc().syscall, number, *arguments)


def _checked(function: Callable[..., int], *arguments: bytes | int | None) -> int:
    sized = [ctypes.c_long(part) if isinstance(part, int) else part for part in arguments]
    answer = function(*sized)
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
