"""The system call filter of an inspector: a classic BPF program made from the tables of ``syscalls``.

Why not a library: docs/adr/0012-inspector-sandbox-own-code.md. A filter cannot be taken off again, and a call that it
does not name ends the whole process with SIGSYS.
"""

import ctypes
import struct
from collections.abc import Iterator

from skrytka.inspect.syscalls import ALLOWED, NO_ADDRESS, NOT_EXECUTABLE, REFUSED, Arch, Numbers

EPERM = 1
_PROT_EXEC = 4
_SET_MODE_FILTER = 1
# struct seccomp_data: int nr; u32 arch; u64 instruction_pointer; u64 args[6]
_NR, _ARCH, _ARGS = 0, 4, 16
# linux/bpf_common.h
_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
# linux/seccomp.h
KILL = 0x80000000
ALLOW = 0x7FFF0000
REFUSE = 0x00050000 | EPERM

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def program(arch: Arch) -> list[Instruction]:
    """The whole filter; calls of another architecture's table (x32, 32 bit) end the process too."""
    code: list[Instruction] = [(_LOAD, 0, 0, _ARCH), (_IF_EQUAL, 1, 0, arch.audit), (_RETURN, 0, 0, KILL)]
    code.append((_LOAD, 0, 0, _NR))
    for number in _numbers(ALLOWED, arch):
        code += _case(number, [(_RETURN, 0, 0, ALLOW)])
    for number in _numbers(NOT_EXECUTABLE, arch):
        code += _case(number, _unless_any_bit(2, _PROT_EXEC))
    for number in _numbers(NO_ADDRESS, arch):
        code += _case(number, _if_zero(4))
    for number in _numbers(REFUSED, arch):
        code += _case(number, [(_RETURN, 0, 0, REFUSE)])
    code.append((_RETURN, 0, 0, KILL))
    return code


def _numbers(table: dict[str, Numbers], arch: Arch) -> Iterator[int]:
    for numbers in table.values():
        number = numbers[arch.column]
        if number is not None:
            yield number


def _case(number: int, then: list[Instruction]) -> list[Instruction]:
    """``then`` always returns; another number goes on behind it."""
    return [(_IF_EQUAL, 0, len(then), number), *then]


def _unless_any_bit(argument: int, bits: int) -> list[Instruction]:
    low = _ARGS + 8 * argument
    return [(_LOAD, 0, 0, low), (_IF_ANY_BIT, 0, 1, bits), (_RETURN, 0, 0, KILL), (_RETURN, 0, 0, ALLOW)]


def _if_zero(argument: int) -> list[Instruction]:
    low = _ARGS + 8 * argument
    return [
        (_LOAD, 0, 0, low),
        (_IF_EQUAL, 0, 2, 0),
        (_LOAD, 0, 0, low + 4),
        (_IF_EQUAL, 1, 0, 0),
        (_RETURN, 0, 0, KILL),
        (_RETURN, 0, 0, ALLOW),
    ]


class _SockFprog(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install(libc: ctypes.CDLL, arch: Arch) -> None:
    """Put the filter on this process, for good; OSError when the kernel will not (no_new_privs has to be set)."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program(arch))
    fprog = _SockFprog(len(code) // 8, code)
    if libc.syscall(arch.seccomp, _SET_MODE_FILTER, 0, ctypes.byref(fprog)) != 0:
        raise OSError(ctypes.get_errno(), "seccomp filter")
