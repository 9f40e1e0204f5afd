"""The machine's own clock and chance, for whoever composes a process; all others are handed Clock and Random."""

import io
import os
import time
import weakref

_BUFFER_BYTES = 4096  # one system call serves about 300 nonces


class SystemClock:
    """Wall and monotonic time of this machine."""

    __slots__ = ()

    monotonic_s = staticmethod(time.monotonic)  # itself: a method around it is a call more, ten a message

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class SystemRandom:
    """``os.urandom``, fetched 4 KiB at a time: a nonce costs a fifth of a system call.

    Safe in threads: one ``read`` of a BytesIO is one step, so no two callers get the same bytes. A forked child never
    gives what its parent gives: it drops the buffer.
    """

    __slots__ = ("__weakref__", "_read")

    def __init__(self) -> None:
        self._read = io.BytesIO().read
        _instances.add(self)

    def token(self, length: int) -> bytes:
        taken = self._read(length)
        if len(taken) == length:
            return taken
        if length > _BUFFER_BYTES:
            return os.urandom(length)
        read = io.BytesIO(os.urandom(_BUFFER_BYTES)).read
        taken = read(length)
        self._read = read
        return taken

    def forget(self) -> None:
        """Drop what was fetched and not yet given."""
        self._read = io.BytesIO().read


_instances: weakref.WeakSet[SystemRandom] = weakref.WeakSet()


def _forget_all() -> None:
    for instance in list(_instances):
        instance.forget()


os.register_at_fork(after_in_child=_forget_all)
