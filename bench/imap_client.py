"""A client that costs little: it sends a command and reads to its tagged answer."""

import socket
import ssl
import time
from collections.abc import Iterable


class Client:
    """One session over TLS; ``seconds`` is how long the last command took."""

    def __init__(self, port: int, name: str, password: str, tls: ssl.SSLContext) -> None:
        raw = socket.create_connection(("127.0.0.1", port))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = tls.wrap_socket(raw, server_hostname="localhost")
        self._number = 0
        self.seconds = 0.0
        self._socket.recv(65536)
        self.ask(f"LOGIN {name} {password}")

    def ask(self, command: str) -> bytes:
        """All that is said up to the tagged OK; RuntimeError if it is another answer."""
        self._number += 1
        tag = b"t%d" % self._number
        start = time.perf_counter()
        self._socket.sendall(tag + b" " + command.encode() + b"\r\n")
        data = self._read(tag)
        self.seconds = time.perf_counter() - start
        return data

    def _read(self, tag: bytes) -> bytes:
        pieces: list[bytes] = []
        tail = b""
        while True:
            piece = self._socket.recv(1 << 20)
            if not piece:
                raise RuntimeError("the connection was closed")
            pieces.append(piece)
            tail = (tail + piece)[-4096:]
            at = tail.rfind(b"\r\n" + tag + b" ") + 2 if b"\r\n" + tag + b" " in tail else 0
            if tail.endswith(b"\r\n") and (at or tail.startswith(tag + b" ")):
                if not tail[at:].startswith(tag + b" OK"):
                    raise RuntimeError(tail[at:].decode("utf-8", "replace"))
                return b"".join(pieces)

    def append(self, name: str, messages: Iterable[bytes], window: int = 20) -> int:
        """APPEND with literals that do not wait, ``window`` of them on the way at a time; how many."""
        start = time.perf_counter()
        count = 0
        batch: list[bytes] = []
        for message in messages:
            self._number += 1
            count += 1
            batch.append(b"t%d APPEND %b {%d+}\r\n%b\r\n" % (self._number, name.encode(), len(message), message))
            if len(batch) == window:
                self._socket.sendall(b"".join(batch))
                batch = []
                self._read(b"t%d" % self._number)
        if batch:
            self._socket.sendall(b"".join(batch))
            self._read(b"t%d" % self._number)
        self.seconds = time.perf_counter() - start
        return count

    def close(self) -> None:
        self._socket.close()
