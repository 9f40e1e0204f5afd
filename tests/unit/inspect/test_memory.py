"""inspect/memory.py."""

import mmap
import os

import pytest

from skrytka.inspect.memory import MessageMemory, read_sealed


def test_what_was_written_is_read_back() -> None:
    with MessageMemory() as memory:
        memory.write(b"a" * 10)
        memory.write(memoryview(b"bcd"))
        memory.seal()
        assert (memory.size, read_sealed(memory.fd, 13)) == (13, b"a" * 10 + b"bcd")


def test_a_sealed_memory_does_not_change() -> None:
    with MessageMemory() as memory:
        memory.write(b"message")
        memory.seal()
        for change in (
            lambda: os.pwrite(memory.fd, b"x", 0),
            lambda: os.truncate(memory.fd, 1),
            lambda: os.truncate(memory.fd, 100),
            lambda: mmap.mmap(memory.fd, 7, prot=mmap.PROT_READ | mmap.PROT_WRITE),
        ):
            with pytest.raises(OSError, match=r"not permitted|denied"):
                change()
        assert read_sealed(memory.fd, 7) == b"message"


def test_a_memory_shorter_than_said_is_an_error() -> None:
    with MessageMemory() as memory:
        memory.write(b"abc")
        with pytest.raises(ValueError, match="shorter"):
            read_sealed(memory.fd, 4)


def test_close_closes_once() -> None:
    memory = MessageMemory()
    fd = memory.fd
    memory.close()
    memory.close()
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(fd)
