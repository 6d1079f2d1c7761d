"""The filter is run here on paper, for processors that this machine does not have too."""

import errno
import struct

import pytest

from workspace.seccomp import ALLOW, FAIL, UnknownMachine, seccomp_filter
from workspace.system_calls import AUDIT_ARCH, BETWEEN_PROCESSES, DANGEROUS, ON_OTHER_FILES

MACHINES = ["x86_64", "aarch64"]
NUMBERS = {"read": (0, 63), "clone": (56, 220), "clone3": (435, 435), "unshare": (272, 97)}
NUMBERS |= {"socket": (41, 198), "ioctl": (16, 29), "prctl": (157, 167), "setresuid": (117, 147)}
NUMBERS |= {"prlimit64": (302, 261)}


def verdict(machine: str, call: str | int, *arguments: int, **options: bool) -> int:
    """The errno a call would end with; 0 when it is allowed."""
    known = {**NUMBERS, **DANGEROUS, **BETWEEN_PROCESSES, **ON_OTHER_FILES}
    number = call if isinstance(call, int) else known[call][MACHINES.index(machine)]
    assert number is not None
    six = (*arguments, *[0] * 6)[:6]
    data = struct.pack("=iIQ6Q", number, AUDIT_ARCH[machine], 0, *six)
    answer = evaluate(seccomp_filter(machine, **options), data)
    assert answer == ALLOW or answer & 0xFFFF0000 == FAIL
    return 0 if answer == ALLOW else answer & 0xFFFF


def evaluate(program: bytes, data: bytes) -> int:
    """A machine for classic BPF, as far as the filter uses it."""
    steps = list(struct.iter_unpack("=HBBI", program))
    at, value = 0, 0
    while True:
        code, if_true, if_false, constant = steps[at]
        at += 1
        match code:
            case 0x20:
                (value,) = struct.unpack_from("=I", data, constant)
            case 0x15:
                at += if_true if value == constant else if_false
            case 0x35:
                at += if_true if value >= constant else if_false
            case 0x45:
                at += if_true if value & constant else if_false
            case 0x06:
                return int(constant)
            case _:
                raise AssertionError(code)


@pytest.mark.parametrize("machine", MACHINES)
def test_what_programs_need_is_allowed(machine: str) -> None:
    for call in ("read", "prctl", "setresuid"):
        assert verdict(machine, call) == 0
    assert verdict(machine, "clone", 0x01200011) == 0  # fork
    assert verdict(machine, "clone", 0x003D0F00) == 0  # a thread
    assert verdict(machine, "unshare", 0x400) == 0  # files only
    for family in (1, 2, 10, 16):
        assert verdict(machine, "socket", family) == 0
    assert verdict(machine, "ioctl", 1, 0x5401) == 0  # isatty


@pytest.mark.parametrize("machine", MACHINES)
def test_what_attacks_need_is_refused(machine: str) -> None:
    here = MACHINES.index(machine)
    for name, numbers in DANGEROUS.items():
        if numbers[here] is not None:
            assert verdict(machine, name) == errno.EPERM, name
    assert verdict(machine, "clone3") == errno.ENOSYS
    for bit in (0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x20000):
        assert verdict(machine, "clone", bit | 17) == errno.EPERM
        assert verdict(machine, "unshare", bit) == errno.EPERM
    assert verdict(machine, "unshare", 0x80) == errno.EPERM
    for request in (0x5412, 0x541C, 0x5412 | 1 << 32):
        assert verdict(machine, "ioctl", 0, request) == errno.EPERM
    for family in (40, 38, 17, 44):
        assert verdict(machine, "socket", family) == errno.EACCES


@pytest.mark.parametrize("machine", MACHINES)
def test_without_namespaces_other_processes_are_out_of_reach(machine: str) -> None:
    for family in (1, 2, 10, 16):
        assert verdict(machine, "socket", family, namespaces=False) == errno.EACCES
    for name in BETWEEN_PROCESSES:
        assert verdict(machine, name) == 0
        assert verdict(machine, name, namespaces=False) == errno.EPERM
    assert verdict(machine, "prlimit64", 4711) == 0
    assert verdict(machine, "prlimit64", 4711, namespaces=False) == errno.EPERM
    assert verdict(machine, "prlimit64", 0, namespaces=False) == 0


@pytest.mark.parametrize("machine", MACHINES)
def test_files_of_the_same_user_are_out_of_reach(machine: str) -> None:
    for name, numbers in ON_OTHER_FILES.items():
        if numbers[MACHINES.index(machine)] is not None:
            assert verdict(machine, name) == 0
            assert verdict(machine, name, same_user=True) == errno.EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_unknown_calls_and_other_conventions_do_not_exist(machine: str) -> None:
    assert verdict(machine, 468) == errno.ENOSYS
    assert verdict(machine, 0x40000000 | 101) == errno.ENOSYS  # x32
    data = struct.pack("=iIQ6Q", 101, 0x40000003, 0, *[0] * 6)  # 32 bit
    assert evaluate(seccomp_filter(machine), data) == FAIL | errno.ENOSYS


def test_an_unknown_processor_is_told() -> None:
    with pytest.raises(UnknownMachine, match="vax"):
        seccomp_filter("vax")
