"""A front's end of one child: its socket, its pidfd, one job at a time. What it means is the pool's to say (client)."""

import array
import asyncio
import contextlib
import os
import signal
import socket
from typing import Protocol

import msgspec

from skrytka.inspect import wire
from skrytka.inspect.memory import MessageMemory
from skrytka.inspect.wire import Request
from skrytka.model.errors import RemoteProtocolError
from skrytka.model.framing import FrameReader, frame

# One for all links: a fresh buffer of this size would be mapped and faulted in for each answer (30 µs).
_received = memoryview(bytearray(256 * 1024))
_encoder = msgspec.msgpack.Encoder()


class LinkOwner(Protocol):
    """Who hears of a child."""

    def answered(self, link: "ChildLink", status: bytes, payload: bytes) -> None: ...

    def lost(self, link: "ChildLink", why: str) -> None:
        """The socket is closed; ``why`` is "" when the child closed it."""
        ...


class ChildLink:
    """Callbacks of the running loop; ``lost`` is called once at most, and not after :meth:`close`."""

    def __init__(self, sock: socket.socket, pidfd: int, number: int, pid: int, owner: LinkOwner) -> None:
        sock.setblocking(False)  # noqa: FBT003 - the stdlib names it so
        self.number = number
        self.pid = pid
        self.jobs = 0  # handed to it so far
        self.is_open = True
        self._sock = sock
        self._pidfd = pidfd
        self._owner = owner
        self._frames = FrameReader(wire.ANSWER_MAX_BYTES)
        self._unsent: list[memoryview] = []
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock.fileno(), self._readable)

    def send(self, kind: str, message: bytes | MessageMemory) -> bool:
        """Hand over a job; the child has to be idle. What does not fit the socket now follows when it does.

        False when the child is gone already, so that the job cannot be why; ``lost`` follows.
        """
        if isinstance(message, MessageMemory):
            head = frame(_encoder.encode(Request(kind, message.size, is_memory=True)))
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [message.fd]))]
            is_sent = self._send([head], rights)
        else:
            head = frame(_encoder.encode(Request(kind, len(message), is_memory=False)))
            is_sent = self._send([head, message], [])
        self.jobs += is_sent
        return is_sent

    def kill(self) -> None:
        """SIGKILL, to this very process and no other that has its pid by now; then closed."""
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        """The child ends by itself when it sees this; nothing more is heard of it."""
        if not self.is_open:
            return
        self.is_open = False
        fd = self._sock.fileno()
        self._loop.remove_reader(fd)
        self._loop.remove_writer(fd)
        self._sock.close()
        os.close(self._pidfd)

    def _send(self, pieces: list[bytes], rights: list[tuple[int, int, "array.array[int]"]]) -> bool:
        try:
            sent = self._sock.sendmsg(pieces, rights)
        except BlockingIOError:
            sent = 0
        except OSError:
            return False  # the reader says so too
        for piece in pieces:
            if sent < len(piece):
                self._unsent.append(memoryview(piece)[sent:])
            sent = max(0, sent - len(piece))
        if self._unsent:
            self._loop.add_writer(self._sock.fileno(), self._writable)
        return True

    def _writable(self) -> None:
        try:
            while self._unsent:
                sent = self._sock.send(self._unsent[0])
                rest = self._unsent[0][sent:]
                self._unsent[:1] = [rest] if rest else []
        except BlockingIOError:
            return
        except OSError:
            self._unsent.clear()
        self._loop.remove_writer(self._sock.fileno())

    def _readable(self) -> None:
        try:
            count = self._sock.recv_into(_received)
        except BlockingIOError:
            return
        except OSError:
            count = 0
        if not count:
            self._end("")
            return
        try:
            for answer in self._frames.feed(bytes(_received[:count])):
                self._owner.answered(self, answer[:1], answer[1:])
                if not self.is_open:
                    return
        except RemoteProtocolError as exc:
            self._end(str(exc))

    def _end(self, why: str) -> None:
        """A child that said too much is killed, one that closed its socket is dead or dying."""
        self.kill()
        self._owner.lost(self, why)
