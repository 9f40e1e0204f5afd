"""The store process as a child of the supervisor: the store's own loop, with our control socket."""

import contextlib
import socket
from pathlib import Path

from skrytka.daemon import channel
from skrytka.daemon.layout import Layout
from skrytka.daemon.messages import Alive, Drain, Fault, Ready, Start, StoreSocket
from skrytka.model.clock import Clock
from skrytka.store.process import StoreLoop, run_store
from skrytka.store.system import SystemClock

ALIVE_S = 5.0


class ChildControl:
    """``store.process.Control``: new fronts, drain, and the end of the supervisor."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock = sock
        self._clock = clock
        self._told_s = clock.monotonic_s()

    def fileno(self) -> int:
        return self._sock.fileno()

    def readable(self, loop: StoreLoop) -> bool:
        try:
            got = channel.receive_blocking(self._sock)
        except OSError:
            return False
        if got is None or isinstance(got[0], Drain):
            return False
        message, fds = got
        if isinstance(message, StoreSocket):
            for fd in fds:
                loop.add_client(socket.socket(fileno=fd))
        return True

    def tick(self) -> None:
        """Say that the loop turns, now and then; a supervisor that does not listen is not waited for."""
        now_s = self._clock.monotonic_s()
        if now_s - self._told_s < ALIVE_S:
            return
        self._told_s = now_s
        with contextlib.suppress(OSError):
            channel.send_at_once(self._sock, Alive())

    def fault(self, fault: str, detail: str) -> None:
        """The supervisor writes it into its chain; one that is gone hears no more."""
        try:
            channel.send_blocking(self._sock, Fault(fault=fault, detail=detail))
        except OSError:
            return

    def start(self) -> "ChildControl":
        """The store is open."""
        channel.send_blocking(self._sock, Ready())
        return self


def run_store_child(start: Start, sock: socket.socket) -> int:
    """Until drained; the exit status."""
    control = ChildControl(sock, SystemClock())
    layout = Layout(Path(start.root))
    run_store(layout.store, start.settings.store, SystemClock(), control.fault, control.start)
    return 0
