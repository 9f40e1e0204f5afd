"""inspect/sandbox.py: the parts that can be shown outside of a child; the whole is in test_isolation.py."""

import subprocess
import sys

import pytest

from skrytka.inspect.sandbox import UnsupportedMachineError, this_arch


def in_another_process(program: str) -> str:
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return result.stdout.strip()


def test_a_machine_without_a_table_has_no_inspector() -> None:
    assert this_arch("x86_64").audit == 0xC000003E
    with pytest.raises(UnsupportedMachineError):
        this_arch("riscv64")


def test_only_one_descriptor_is_kept_and_stdio_is_the_null_device() -> None:
    program = """
import os
from skrytka.inspect.sandbox import keep_only
out = os.dup(1)
null = os.open(os.devnull, os.O_RDWR)
more = [os.open("/", os.O_RDONLY) for _ in range(3)]
keep_only(out, null)
left = [fd for fd in range(100) if os.path.exists(f"/proc/self/fd/{fd}")]
os.write(out, repr((left == [0, 1, 2, out], os.readlink("/proc/self/fd/2"))).encode())
"""
    assert in_another_process(program) == "(True, '/dev/null')"


def test_what_is_not_loaded_never_will_be() -> None:
    program = """
import sys
from skrytka.inspect.sandbox import forbid_imports
forbid_imports()
try:
    import wave
except ImportError:
    print("no")
"""
    assert in_another_process(program) == "no"


def test_signals_of_the_group_are_ignored_and_unblocked() -> None:
    program = """
import signal
from skrytka.inspect.sandbox import ignore_signals
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
ignore_signals()
signal.raise_signal(signal.SIGTERM)
print(signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.getsignal(signal.SIGTERM) is signal.SIG_IGN)
"""
    assert in_another_process(program) == "set() True"


def test_a_sealed_process_is_not_dumpable() -> None:
    program = """
import ctypes
from skrytka.inspect.sandbox import seal_process
seal_process()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""
    assert in_another_process(program) == "0"
