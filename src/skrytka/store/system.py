"""The machine's own clock and chance, for whoever composes a process; all others are handed Clock and Random."""

import os
import threading
import time
import weakref

_BUFFER_BYTES = 4096  # one system call serves about 300 nonces


class SystemClock:
    """Wall and monotonic time of this machine."""

    __slots__ = ()

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()


class SystemRandom:
    """``os.urandom``, fetched 4 KiB at a time.

    Safe in threads. A forked child never gives what its parent gives: the buffer is dropped in the child. Bytes that
    were handed out are overwritten in the buffer.
    """

    __slots__ = ("__weakref__", "_buffer", "_lock", "_position")

    def __init__(self) -> None:
        self._forget()
        _instances.add(self)

    def _forget(self) -> None:
        self._lock = threading.Lock()  # a new one: in a forked child the old may be held by a thread that is gone
        self._buffer = bytearray()
        self._position = 0

    def token(self, length: int) -> bytes:
        if length > _BUFFER_BYTES:
            return os.urandom(length)
        with self._lock:
            start = self._position
            end = start + length
            if end > len(self._buffer):
                self._buffer[:] = os.urandom(_BUFFER_BYTES)
                start, end = 0, length
            taken = bytes(self._buffer[start:end])
            self._buffer[start:end] = bytes(length)
            self._position = end
            return taken


_instances: weakref.WeakSet[SystemRandom] = weakref.WeakSet()


def _forget_all() -> None:
    for instance in list(_instances):
        instance._forget()  # noqa: SLF001 - this module's own class


os.register_at_fork(after_in_child=_forget_all)
