"""The main loop of a child: a request in, an answer out, until its term is over or its front is gone.

An exception in a handler ends the child, for nobody knows what it left behind: the front counts that as a death. The
reply then names the class and the place in our code, never a word of the message.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping

import msgspec

from skrytka.inspect import wire
from skrytka.inspect.memory import read_sealed
from skrytka.inspect.wire import Request
from skrytka.model.errors import RemoteProtocolError
from skrytka.model.framing import frame

Handler = Callable[[bytes], bytes]
Handlers = Mapping[str, Handler]

CPU_RETIRE_S = 60.0
_HEADER = 4
_RECEIVE_BYTES = 64 * 1024
_requests = msgspec.msgpack.Decoder(Request)


class _Input:
    """The stream from the front, blocking, with the descriptors that come along."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._buffer = bytearray()
        self._fds: list[int] = []

    def request(self) -> Request | None:
        """The next one; None when the front is gone. RemoteProtocolError or ValidationError when it is none."""
        head = self._take(_HEADER)
        if head is None:
            return None
        length = int.from_bytes(head, "big")
        if length > wire.REQUEST_MAX_BYTES:
            raise RemoteProtocolError(f"request of {length} bytes")
        raw = self._take(length)
        return None if raw is None else _requests.decode(raw)

    def message(self, request: Request) -> bytes | None:
        """The octets of the message; None when the front went away."""
        if request.size > wire.MESSAGE_MAX_BYTES:
            raise RemoteProtocolError(f"message of {request.size} bytes")
        if not request.is_memory:
            return self._take(request.size)
        while not self._fds:
            if not self._receive():
                return None
        fd = self._fds.pop(0)
        try:
            return read_sealed(fd, request.size)
        finally:
            os.close(fd)

    def _take(self, length: int) -> bytes | None:
        while len(self._buffer) < length:
            if not self._receive():
                return None
        taken = bytes(memoryview(self._buffer)[:length])
        del self._buffer[:length]
        return taken

    def _receive(self) -> bool:
        data, fds, _flags, _address = socket.recv_fds(self._sock, _RECEIVE_BYTES, 1)
        self._fds += fds
        self._buffer += data
        return bool(data)


def run(sock: socket.socket, handlers: Handlers) -> None:
    """Answer requests until there is a reason to end; the caller then ends the process."""
    stream = _Input(sock)
    started_s, started_cpu_s = time.monotonic(), time.process_time()
    for number in range(1, wire.CHILD_MESSAGES_MAX + 1):
        request = stream.request()
        if request is None:
            return
        message = stream.message(request)
        if message is None:
            return
        try:
            answer = handlers[request.kind](message)
        except Exception as exc:  # noqa: BLE001 - whatever it is, this child is over and the front hears of it
            sock.sendall(frame(wire.FAILED + describe(exc).encode()))
            return
        is_last = number == wire.CHILD_MESSAGES_MAX or is_over(started_s, started_cpu_s)
        del message
        sock.sendall(frame((wire.OK_AND_LAST if is_last else wire.OK) + answer))
        if is_last:
            return


def is_over(started_s: float, started_cpu_s: float) -> bool:
    """Whether a child that began then has had its time or its share of the processor."""
    return time.monotonic() - started_s > wire.CHILD_LIFE_S or time.process_time() - started_cpu_s > CPU_RETIRE_S


def describe(error: BaseException) -> str:
    """Class and place of an exception; nothing of its text, which may be the message's."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "skrytka" in code.co_filename:
            place = f" at {os.path.basename(code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return (type(error).__name__ + place)[: wire.DETAIL_MAX]
