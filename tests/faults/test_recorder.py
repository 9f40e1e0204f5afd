"""The recorder of the power loss tests itself: what it sees is what the disk has to know, no more and no less."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.faults.recording import recorded, records

pytestmark = pytest.mark.needs("gcc", "libc6-dev")

# A number that a file had goes to memory: message data on its way to an inspector.
REUSED = """\
import ctypes, os, sys
CLOSE = {"x86_64": 3, "aarch64": 57}[os.uname().machine]
unseen = ctypes.CDLL(None).syscall
for name, close in (("one", os.close), ("two", lambda fd: unseen(CLOSE, fd))):
    fd = os.open(os.path.join(sys.argv[1], name), os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(fd, name.encode())
    os.fdatasync(fd)
    close(fd)
    memory = os.memfd_create("message")
    assert memory == fd
    os.write(memory, b"memory")
    os.truncate(memory, 3)
    os.close(memory)
"""


def test_memory_that_got_the_number_of_a_closed_file_is_no_file(tmp_path: Path) -> None:
    root, log = tmp_path / "root", tmp_path / "log"
    root.mkdir()
    subprocess.run(
        [sys.executable, "-c", REUSED, str(root)],
        check=True,
        env=os.environ | recorded(tmp_path, root, log),
    )
    seen = list(records(log))
    assert [record.kind for record in seen] == list("CWSE" * 2)
    assert [record.data for record in seen if record.kind == "W"] == [b"one", b"two"]
