"""inspect/seccomp.py: the program, run by a small machine here; what the kernel makes of it is in test_isolation.py."""

import pytest

from skrytka.inspect.seccomp import ALLOW, KILL, REFUSE, program
from skrytka.inspect.syscalls import ALLOWED, ARCHES, NO_ADDRESS, NOT_EXECUTABLE, REFUSED, Numbers

X86_64, AARCH64 = ARCHES["x86_64"], ARCHES["aarch64"]


def run(machine: str, call: int, *arguments: int, audit: int | None = None) -> int:
    """The action of the filter for one call."""
    arch = ARCHES[machine]
    data = {0: call, 4: arch.audit if audit is None else audit}
    for index in range(6):
        value = arguments[index] if index < len(arguments) else 0
        data[16 + 8 * index] = value & 0xFFFFFFFF
        data[20 + 8 * index] = value >> 32
    code, at, loaded = program(arch), 0, 0
    while True:
        operation, if_true, if_false, operand = code[at]
        at += 1
        match operation:
            case 0x20:
                loaded = data[operand]
            case 0x15:
                at += if_true if loaded == operand else if_false
            case 0x45:
                at += if_true if loaded & operand else if_false
            case 0x06:
                return operand
            case _:
                raise AssertionError(operation)


def cases(table: dict[str, Numbers]) -> list[tuple[str, int]]:
    return [
        (machine, number)
        for numbers in table.values()
        for machine, number in zip(ARCHES, numbers, strict=True)
        if number is not None
    ]


@pytest.mark.parametrize("machine", ARCHES)
def test_each_call_of_the_tables_has_its_action_and_all_others_kill(machine: str) -> None:
    allowed = {number for name, number in cases(ALLOWED) if name == machine}
    bounded = {number for name, number in cases(NOT_EXECUTABLE | NO_ADDRESS) if name == machine}
    refused = {number for name, number in cases(REFUSED) if name == machine}
    assert len(allowed | bounded | refused) == len(allowed) + len(bounded) + len(refused)
    for call in range(600):
        expected = ALLOW if call in allowed | bounded else REFUSE if call in refused else KILL
        assert run(machine, call) == expected, call


@pytest.mark.parametrize(("machine", "call"), cases(NOT_EXECUTABLE))
def test_memory_is_not_made_executable(machine: str, call: int) -> None:
    assert run(machine, call, 0, 4096, 3) == ALLOW
    assert run(machine, call, 0, 4096, 7) == KILL
    assert run(machine, call, 0, 4096, 4 | 1 << 32) == KILL


@pytest.mark.parametrize(("machine", "call"), cases(NO_ADDRESS))
@pytest.mark.parametrize("address", [1, 1 << 32, 0x7FFF_0000_0000])
def test_nothing_is_sent_to_an_address(machine: str, call: int, address: int) -> None:
    assert run(machine, call, 3, 0x1000, 10, 0, address, 16) == KILL


def test_calls_of_another_table_kill() -> None:
    recvmsg = 47
    assert run("x86_64", recvmsg) == ALLOW
    assert run("x86_64", recvmsg, audit=0x40000003) == KILL  # int 0x80
    assert run("x86_64", recvmsg | 0x4000_0000) == KILL  # x32


@pytest.mark.parametrize("name", ["clone", "execve", "socket", "connect", "kill", "ptrace", "bpf", "io_uring_setup"])
def test_what_an_attacker_needs_is_in_no_table(name: str) -> None:
    assert name not in ALLOWED | REFUSED | NOT_EXECUTABLE | NO_ADDRESS
