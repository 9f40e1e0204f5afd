import resource
import signal
import subprocess
import sys

from skrytka.daemon import hardening

SEALED = """
import resource, sys
from skrytka.daemon import hardening
hardening.seal_memory()
print(hardening._LIBC.prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))
"""
STARTED = "import signal; print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))"
IGNORING = """
import os, signal
from skrytka.daemon import hardening
hardening.ignore_termination()
for number in hardening.TERMINATION:
    os.kill(os.getpid(), number)
print("alive")
"""


def output_of(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_a_sealed_process_is_not_dumpable_and_writes_no_core() -> None:
    assert output_of(SEALED) == "0 (0, 0)"


def test_a_child_is_born_with_termination_blocked() -> None:
    with hardening.termination_held():
        blocked = output_of(STARTED)
    assert blocked == str(sorted(hardening.TERMINATION))
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()


def test_a_child_survives_what_its_group_is_sent() -> None:
    with hardening.termination_held():
        assert output_of(IGNORING) == "alive"


def test_the_descriptor_limit_is_as_high_as_allowed() -> None:
    assert hardening.raise_descriptor_limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[1]
