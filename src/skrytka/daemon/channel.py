"""A control socket: one packet, one message, with the file descriptors that belong to it.

SOCK_SEQPACKET keeps messages and their descriptors together, and says end of file when the other process is gone,
however it went. A message that is too long for a packet (settings with very many routes) goes by a memory file that
nobody can change any more. Works on any loop that has ``add_reader``.
"""

import asyncio
import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from skrytka.daemon.messages import Acquired, Answer, AnyMessage, Elsewhere, Failed, Key, Message, Taken
from skrytka.inspect.memory import MessageMemory, read_sealed
from skrytka.model.errors import UNREADABLE, PermanentError, Reason, TransientError

PACKET_MAX_BYTES = 64 * 1024
ELSEWHERE_MAX_BYTES = 64 * 1024 * 1024  # settings of CONFIG_MAX_BYTES take a tenth, written out
DESCRIPTORS_MAX = 200  # the kernel takes 253
BACKLOG_MAX = 10_000  # messages waiting for a child that does not read: it hangs
CALL_S = 10.0
AnswerT = TypeVar("AnswerT", Key, Taken, Acquired)

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[AnyMessage] = msgspec.msgpack.Decoder(AnyMessage)


def pair() -> tuple[socket.socket, socket.socket]:
    """The two ends of a control socket, not inherited unless passed."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send_blocking(sock: socket.socket, message: Message, fds: Sequence[int] = ()) -> None:
    """One message without a loop."""
    raw, own = _packet(message, fds)
    try:
        socket.send_fds(sock, [raw], own)
    finally:
        _close_all(own)


def send_at_once(sock: socket.socket, message: Message) -> None:
    """One message, a short one, or BlockingIOError when the other end does not read."""
    sock.send(_encoder.encode(message), socket.MSG_DONTWAIT)


def receive_blocking(sock: socket.socket) -> tuple[AnyMessage, list[int]] | None:
    """One message without a loop; None at end of file."""
    raw, fds, _flags, _address = socket.recv_fds(sock, PACKET_MAX_BYTES, DESCRIPTORS_MAX)
    if not raw:
        return None
    for fd in fds:
        os.set_inheritable(fd, False)  # noqa: FBT003 - the stdlib names it so
    message = _decoder.decode(raw)
    return _read_elsewhere(message, fds) if isinstance(message, Elsewhere) else message, fds


class Channel:
    """One end on a running loop: ``received`` gets each message but answers, ``ended`` is called once, at the end."""

    def __init__(
        self,
        sock: socket.socket,
        received: Callable[[AnyMessage, list[int]], None],
        ended: Callable[[], None],
    ) -> None:
        sock.setblocking(False)  # noqa: FBT003 - the stdlib names it so
        self._sock = sock
        self._received = received
        self._ended = ended
        self._outgoing: deque[tuple[bytes, list[int]]] = deque()
        self._calls: dict[int, asyncio.Future[Answer]] = {}
        self._last_call = 0
        self._loop = asyncio.get_running_loop()
        self.is_open = True
        self._loop.add_reader(sock.fileno(), self._readable)

    def send(self, message: Message, fds: Sequence[int] = ()) -> None:
        """Send now or when there is room; nothing happens once the other end is gone. ``fds`` may be closed at once."""
        if not self.is_open:
            return
        self._outgoing.append(_packet(message, fds))
        if len(self._outgoing) > BACKLOG_MAX:
            self.close()
        elif len(self._outgoing) == 1:
            self._flush()

    async def call(self, build: Callable[[int], Message], kind: type[AnswerT]) -> AnswerT:
        """Send what ``build(number)`` gives and wait for its answer; a failure is raised as the other end meant it.

        TransientError(KEY_UNAVAILABLE) when the other end is gone or silent for 10 s.
        """
        if not self.is_open:
            raise _gone()
        self._last_call += 1
        number = self._last_call
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._calls[number] = future
        try:
            self.send(build(number))
            async with asyncio.timeout(CALL_S):
                answer = await future
        except TimeoutError:
            raise _gone() from None
        finally:
            del self._calls[number]
        if isinstance(answer, Failed):
            error = TransientError if answer.is_transient else PermanentError
            raise error(Reason(answer.reason), answer.detail)
        if not isinstance(answer, kind):
            raise _gone()
        return answer

    def finish(self) -> None:
        """Hear what the other end said before it ended, then close."""
        self._readable()
        self.close()

    def close(self) -> None:
        """Close this end; calls under way fail, ``ended`` is called."""
        if not self.is_open:
            return
        self.is_open = False
        fd = self._sock.fileno()
        self._loop.remove_reader(fd)
        self._loop.remove_writer(fd)
        self._sock.close()
        while self._outgoing:
            _close_all(self._outgoing.popleft()[1])
        for future in self._calls.values():
            if not future.done():
                future.set_exception(_gone())
        self._ended()

    def _flush(self) -> None:
        try:
            while self._outgoing:
                raw, fds = self._outgoing[0]
                socket.send_fds(self._sock, [raw], fds)
                self._outgoing.popleft()
                _close_all(fds)
        except BlockingIOError:
            self._loop.add_writer(self._sock.fileno(), self._flush)
            return
        except OSError:  # the other end is gone; the reader says so too
            self.close()
            return
        self._loop.remove_writer(self._sock.fileno())

    def _readable(self) -> None:
        while self.is_open:
            try:
                got = receive_blocking(self._sock)
            except BlockingIOError:
                return
            except (OSError, *UNREADABLE):  # broken: as good as gone
                got = None
            if got is None:
                self.close()
                return
            self._dispatch(*got)

    def _dispatch(self, message: AnyMessage, fds: list[int]) -> None:
        if isinstance(message, Answer):
            future = self._calls.get(message.call)
            if future is not None and not future.done():
                future.set_result(message)
        else:
            self._received(message, fds)


def _packet(message: Message, fds: Sequence[int]) -> tuple[bytes, list[int]]:
    """What goes over the socket, with descriptors that are to be closed then."""
    raw = _encoder.encode(message)
    own = [os.dup(fd) for fd in fds]
    if len(raw) <= PACKET_MAX_BYTES:
        return raw, own
    with MessageMemory() as memory:
        memory.write(raw)
        own.append(os.dup(memory.seal().fd))
    return _encoder.encode(Elsewhere(size=len(raw))), own


def _read_elsewhere(packet: Elsewhere, fds: list[int]) -> AnyMessage:
    """The message; its memory file is none of the descriptors any more. One of UNREADABLE when it is not there."""
    if not fds or not 0 < packet.size <= ELSEWHERE_MAX_BYTES:
        raise msgspec.DecodeError("no message elsewhere")
    memory = fds.pop()
    try:
        return _decoder.decode(read_sealed(memory, packet.size))
    except (OSError, ValueError) as exc:
        raise msgspec.DecodeError("no message elsewhere") from exc
    finally:
        os.close(memory)


def _close_all(fds: Sequence[int]) -> None:
    for fd in fds:
        with contextlib.suppress(OSError):
            os.close(fd)


def _gone() -> TransientError:
    return TransientError(Reason.KEY_UNAVAILABLE, "the supervisor does not answer")
