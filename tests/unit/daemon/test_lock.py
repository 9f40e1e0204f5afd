import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skrytka.daemon.lock import DRAIN_WAIT_S, FolderLock, is_held
from skrytka.model.errors import Reason, TransientError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run" / "lock"


@pytest.fixture
def heir(path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A child that inherited the lock from a supervisor that is gone; ends at the end of its standard input."""
    lock = FolderLock.take(path)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock.fd])
    lock.close()
    with child:
        yield child
        child.kill()


def test_a_second_taker_is_told_who_holds_it(path: Path) -> None:
    lock = FolderLock.take(path)
    with pytest.raises(TransientError, match=f"in use by process {os.getpid()}") as caught:
        FolderLock.take(path)
    assert caught.value.reason is Reason.STORE_BUSY
    lock.close()
    FolderLock.take(path).close()


def test_whether_it_is_held_can_be_asked_without_taking_it(path: Path) -> None:
    assert not is_held(path)
    lock = FolderLock.take(path)
    assert is_held(path)
    lock.close()
    assert not is_held(path)


def dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    return ended.pid


def test_the_children_of_a_dead_supervisor_are_waited_for(path: Path, heir: "subprocess.Popen[bytes]") -> None:
    path.write_text(f"{dead_pid()}\n")
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            heir.communicate(b"\n")

    FolderLock.take(path, sleep=sleep).close()
    assert len(waits) == 3


def test_they_are_not_waited_for_without_end(path: Path, heir: "subprocess.Popen[bytes]") -> None:
    path.write_text(f"{dead_pid()}\n")
    waits: list[float] = []
    with pytest.raises(TransientError):
        FolderLock.take(path, sleep=waits.append)
    assert sum(waits) == pytest.approx(DRAIN_WAIT_S, abs=0.2)


def test_a_lock_file_is_not_followed_elsewhere(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        FolderLock.take(path)
