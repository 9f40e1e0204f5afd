"""The store process: a blocking loop over the fronts' sockets, the only writer of its store.

It takes every command that waits, runs them as one batch (one COMMIT), answers, then tells all fronts which accounts
changed. It ends when its control socket does: what has arrived by then is still run and answered. May do: read and
write the store's folder, nothing else.
"""

import os
import select
import socket
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from skrytka.model.clock import Clock
from skrytka.model.errors import UNREADABLE, RemoteProtocolError, SkrytkaError
from skrytka.model.framing import FrameReader
from skrytka.model.settings import Store as StoreSettings
from skrytka.store import faults
from skrytka.store.batch import BatchWriter, OnFault, Outcome, Request
from skrytka.store.batch_size import BatchSize
from skrytka.store.open import open_writer
from skrytka.store.system import SystemClock
from skrytka.store.wire import Answer, Feed, decode_ask, encode
from skrytka.store.work import Done

BATCH_MAX = 64  # commands; with 270 µs each the writer is held 20 ms
BATCH_BYTES = 8 * 1024 * 1024
RECEIVE_BYTES = 1024 * 1024
OUTGOING_MAX = 64 * 1024 * 1024  # a front that does not read its answers is broken
TICK_MS = 100
GATHER_MS = 2  # how long a batch waits for its next command while it is smaller than it could be: batch_size.py
GATHER_MAX_S = 0.006  # and how long in all
IDLE_TICKS = 10
FAULT_S = 1.0
_FLAGS = select.POLLIN | select.POLLHUP | select.POLLERR


class Control(Protocol):
    """The supervisor's end, as the composition speaks with it."""

    def fileno(self) -> int: ...

    def readable(self, loop: "StoreLoop") -> bool:
        """Something has come: new clients, perhaps. False: drain and end."""
        ...

    def tick(self) -> None:
        """About ten times a second."""
        ...


class Client:
    """One front: what it sent and is not whole yet, what it has not read yet."""

    __slots__ = ("is_open", "outgoing", "reader", "sock")

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)  # noqa: FBT003 - the stdlib names it so
        self.sock = sock
        self.reader = FrameReader()
        self.outgoing = bytearray()
        self.is_open = True

    def receive(self) -> list[bytes]:
        """Whole frames that have come; closes itself at end of file."""
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self.is_open = False
            return []
        try:
            return list(self.reader.feed(data))
        except RemoteProtocolError:
            self.is_open = False
            return []

    def send(self, data: bytes = b"") -> bool:
        """Send what the socket takes, keep the rest; False when the front is gone or does not read."""
        self.outgoing += data
        if len(self.outgoing) > OUTGOING_MAX:
            return False
        try:
            while self.outgoing:
                del self.outgoing[: self.sock.send(self.outgoing)]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True


class StoreLoop:
    """The loop; made with the writer, run until the control socket ends."""

    def __init__(self, writer: BatchWriter, control: Control, on_fault: OnFault, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._control = control
        self._on_fault = on_fault
        self._clients: dict[int, Client] = {}
        self._waiting: deque[tuple[Client, Request, int]] = deque()
        self._poll = select.poll()
        self._poll.register(control.fileno(), _FLAGS)
        self._is_draining = False
        self._idle_ticks = 0
        self._size = BatchSize()

    def add_client(self, sock: socket.socket) -> None:
        """A new front."""
        self._clients[sock.fileno()] = Client(sock)
        self._poll.register(sock.fileno(), _FLAGS)

    def run(self) -> None:
        """Until the control socket ends; then once more over what has arrived."""
        while not self._is_draining:
            ready = self._poll.poll(0 if self._waiting else TICK_MS)
            self._receive(ready)
            if self._waiting:
                self._gather()
                self._run_batch()
                self._idle_ticks = 0
            elif not ready:
                self._idle()
            self._control.tick()
        self._drain()

    def _drain(self) -> None:
        while True:
            ready = [(fd, flags) for fd, flags in self._poll.poll(0) if fd in self._clients]
            self._receive(ready)
            if not ready and not self._waiting:
                break
            if self._waiting:
                self._run_batch()
        for client in list(self._clients.values()):
            client.sock.setblocking(True)  # noqa: FBT003 - the stdlib names it so
            client.sock.settimeout(1.0)
            client.send()
            self._close(client)

    def _gather(self) -> None:
        """Where several came together, as many are likely to come again."""
        if len(self._waiting) >= self._size.wanted:
            return
        until_s = self._clock.monotonic_s() + GATHER_MAX_S
        while (
            len(self._waiting) < self._size.wanted and not self._is_draining and (ready := self._poll.poll(GATHER_MS))
        ):
            self._receive(ready)
            if self._clock.monotonic_s() >= until_s:
                return

    def _idle(self) -> None:
        self._idle_ticks += 1
        if self._idle_ticks == IDLE_TICKS:
            self._writer.idle()

    def _receive(self, ready: list[tuple[int, int]]) -> None:
        for fd, flags in ready:
            client = self._clients.get(fd)
            if client is None:
                if fd == self._control.fileno() and not self._control.readable(self):
                    self._is_draining = True
                continue
            if flags & select.POLLOUT:
                self._send(client)
            if flags & ~select.POLLOUT:
                for raw in client.receive():
                    self._take(client, raw)
            if not client.is_open:
                self._close(client)

    def _take(self, client: Client, raw: bytes) -> None:
        try:
            ask = decode_ask(raw)
        except UNREADABLE as exc:
            self._on_fault(faults.STORE_REQUEST, type(exc).__name__)
            client.is_open = False
            return
        command: Any = ask.command
        self._waiting.append((client, Request(command, ask.is_retry), len(raw)))

    def _run_batch(self) -> None:
        batch: list[tuple[Client, Request, int]] = []
        size = 0
        while self._waiting and len(batch) < BATCH_MAX and size < BATCH_BYTES:
            batch.append(self._waiting.popleft())
            size += batch[-1][2]
        self._size.came(len(batch))
        outcomes = self._writer.run([request for _, request, _ in batch])
        self._answer(batch, outcomes)
        self._writer.tidy()

    def _answer(self, batch: list[tuple[Client, Request, int]], outcomes: list[Outcome]) -> None:
        changed: dict[int, int] = {}
        answers: dict[Client, bytearray] = {}
        for (client, request, _), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Done):
                changed.update(outcome.fed)
                outcome = Done(outcome.answer)  # noqa: PLW2901 - the feed tells it to all
            answers.setdefault(client, bytearray()).extend(encode(Answer(request.command.unit, outcome)))
        feed = encode(Feed(tuple(changed.items()))) if changed else b""
        for client, data in answers.items():
            self._send(client, bytes(data) + feed)
        for client in list(self._clients.values()):
            if feed and client not in answers:
                self._send(client, feed)

    def _send(self, client: Client, data: bytes = b"") -> None:
        if not client.is_open:
            return
        had_rest = bool(client.outgoing)
        if not client.send(data):
            self._close(client)
        elif bool(client.outgoing) != had_rest:
            self._poll.modify(client.sock.fileno(), _FLAGS | (select.POLLOUT if client.outgoing else 0))

    def _close(self, client: Client) -> None:
        """Forget a front. Commands of it that wait are still run: it may ask for them through another socket."""
        client.is_open = False
        fd = client.sock.fileno()
        if fd >= 0:
            self._clients.pop(fd, None)
            self._poll.unregister(fd)
            client.sock.close()


class PacketControl:
    """The plain control socket (SOCK_SEQPACKET): each packet brings clients by SCM_RIGHTS; its end is ours."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def fileno(self) -> int:
        return self._sock.fileno()

    def readable(self, loop: StoreLoop) -> bool:
        try:
            packet, fds, _, _ = socket.recv_fds(self._sock, 16, 64)
        except OSError:
            return False
        for fd in fds:
            os.set_inheritable(fd, False)  # noqa: FBT003 - the stdlib names it so
            loop.add_client(socket.socket(fileno=fd))
        return bool(packet)

    def tick(self) -> None:
        """Nothing to do."""

    def start(self) -> "PacketControl":
        """Say that the store is open."""
        self._sock.send(b"ready")
        return self


def seldom(on_fault: OnFault, clock: Clock) -> OnFault:
    """The same fault once a second at most: a full disk fails every batch."""
    last: dict[str, float] = {}

    def report(fault: str, detail: str) -> None:
        now = clock.monotonic_s()
        if now - last.get(fault, -FAULT_S) >= FAULT_S:
            last[fault] = now
            on_fault(fault, detail)

    return report


def run_store(
    root: Path,
    settings: StoreSettings,
    clock: Clock,
    on_fault: OnFault,
    start: Callable[[], Control],
    *,
    fills_wal: bool = True,
) -> None:
    """Open the store, call ``start`` (it says ready and gives the control end), serve until that ends, close."""
    on_fault = seldom(on_fault, clock)
    writer = open_writer(root, clock, on_fault, settings.wal_checkpoint_bytes, fills_wal=fills_wal)
    try:
        StoreLoop(writer, start(), on_fault, clock).run()
    finally:
        writer.close()


def main(argv: list[str]) -> int:
    """``python -m skrytka.store.process FOLDER FD [--fill-wal]``: a private store process, serving until FD ends."""
    fills_wal = "--fill-wal" in argv

    def on_fault(fault: str, detail: str) -> None:
        sys.stderr.write(f"fault {fault}: {detail}\n")

    with socket.socket(fileno=int(argv[1])) as sock:
        control = PacketControl(sock)
        try:
            run_store(Path(argv[0]), StoreSettings(), SystemClock(), on_fault, control.start, fills_wal=fills_wal)
        except SkrytkaError as exc:
            sys.stderr.write(f"store: {exc}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
