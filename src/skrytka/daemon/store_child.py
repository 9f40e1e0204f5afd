"""The store process as a child of the supervisor: the store's own loop, with our control socket."""

import socket
from pathlib import Path

from skrytka.daemon import channel
from skrytka.daemon.layout import Layout
from skrytka.daemon.messages import Drain, Fault, Ready, Start, StoreSocket
from skrytka.store.process import StoreLoop, run_store
from skrytka.store.system import SystemClock


class ChildControl:
    """``store.process.Control``: new fronts, drain, and the end of the supervisor."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

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
        """Nothing to do."""

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
    control = ChildControl(sock)
    layout = Layout(Path(start.root))
    run_store(layout.store, start.settings.store, SystemClock(), control.fault, control.start)
    return 0
