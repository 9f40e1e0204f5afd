"""Peers that send a byte now and then, so that no wait of the server ever gets long."""

import contextlib
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

EVERY_S: Final = 0.25
Prepare = Callable[[socket.socket], "Line"]


class Line:
    """A connected socket and what is to go out on it, byte by byte, for ever."""

    def __init__(self, sock: socket.socket, drip: Iterator[bytes], *, hides: bool = False) -> None:
        self.sock = sock
        self.drip = drip
        self.last_words = b""
        self.began = time.monotonic()
        self._hides = hides  # what comes back is not for reading: it is TLS

    def hear(self) -> bool:
        """Read what is there; False when the server has ended the connection."""
        try:
            data = self.sock.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:  # reset
            return False
        self.last_words = b"" if self._hides else (self.last_words + data)[-1000:]
        return bool(data)


@dataclass
class Ended:
    """What became of one."""

    kind: str
    after_s: float | None  # since it was connected; None: the server held it to the end of the test
    last_words: bytes = b""


def trickle(kinds: Sequence[tuple[str, Line]], seconds: float) -> list[Ended]:
    """Let all drip until the server has ended each, or time is up."""
    began = next_drop = time.monotonic()
    ended: list[Ended] = []
    with selectors.DefaultSelector() as selector:
        for kind, line in kinds:
            line.sock.setblocking(False)
            selector.register(line.sock, selectors.EVENT_READ, (kind, line))
        while selector.get_map() and time.monotonic() - began < seconds:
            for key, _ in selector.select(max(0.0, next_drop - time.monotonic())):
                kind, line = key.data
                if not line.hear():
                    ended.append(Ended(kind, time.monotonic() - line.began, line.last_words))
                    selector.unregister(line.sock)
            if time.monotonic() >= next_drop:
                next_drop = time.monotonic() + EVERY_S
                _drop([key.data[1] for key in selector.get_map().values()])
        ended += [Ended(key.data[0], None) for key in selector.get_map().values()]
    for _, line in kinds:
        line.sock.close()
    return ended


def _drop(lines: Sequence[Line]) -> None:
    """A byte on each; what is wrong with a connection, reading tells."""
    for line in lines:
        with contextlib.suppress(OSError, StopIteration):
            line.sock.send(next(line.drip))


def singly(data: bytes, forever: bytes = b"") -> Iterator[bytes]:
    """The bytes one by one, then ``forever`` again and again."""
    for byte in data:
        yield bytes([byte])
    while forever:
        yield forever


def hello() -> bytes:
    """The first flight of a TLS client."""
    outgoing = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake needs two")
