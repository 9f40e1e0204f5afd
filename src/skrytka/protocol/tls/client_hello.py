"""The first message of a TLS connection, as far as it says who is wanted: the names of SNI and ALPN (RFC 8446 4.1.2).

It comes in clear, from anybody: what is not understood is nobody's and goes to OpenSSL, which knows how to refuse.
"""

from typing import Final

import msgspec

HELLO_MAX: Final = 16 * 1024 + 5  # one record; a ClientHello over several is nobody's that we look for
_HANDSHAKE: Final = 22
_CLIENT_HELLO: Final = 1
_SERVER_NAME: Final = 0  # RFC 6066 3
_ALPN: Final = 16  # RFC 7301 3.1


class ClientHello(msgspec.Struct, frozen=True):
    """``server_name`` in lower case, "" where there is none; protocols in the order of the client."""

    server_name: str = ""
    protocols: tuple[bytes, ...] = ()


class _Reader:
    """Octets from the front; ValueError beyond the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise ValueError("too short")
        taken, self._at = self._data[self._at : end], end
        return taken

    def number(self, octets: int) -> int:
        return int.from_bytes(self.take(octets), "big")

    def vector(self, octets: int) -> "_Reader":
        return _Reader(self.take(self.number(octets)))

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)


def parse_hello(data: bytes) -> ClientHello | None:
    """What the first octets of a connection say; None: more is needed. What is no ClientHello wants nothing."""
    if len(data) < 5:
        return None if not data or data[0] == _HANDSHAKE else ClientHello()
    length = int.from_bytes(data[3:5], "big")
    if data[0] != _HANDSHAKE or data[1] != 3 or not 0 < length <= HELLO_MAX - 5:
        return ClientHello()
    if len(data) < 5 + length:
        return None
    try:
        return _hello(_Reader(data[5 : 5 + length]))
    except ValueError:
        return ClientHello()


def _hello(record: _Reader) -> ClientHello:
    if record.number(1) != _CLIENT_HELLO:
        return ClientHello()
    body = record.vector(3)
    body.take(2 + 32)  # version, random
    for octets in (1, 2, 1):  # session id, suites, compression
        body.vector(octets)
    hello = ClientHello()
    extensions = body.vector(2)
    while extensions:
        kind, content = extensions.number(2), extensions.vector(2)
        if kind == _SERVER_NAME:
            hello = ClientHello(_server_name(content.vector(2)), hello.protocols)
        elif kind == _ALPN:
            hello = ClientHello(hello.server_name, _protocols(content.vector(2)))
    return hello


def _server_name(names: _Reader) -> str:
    while names:
        kind, name = names.number(1), names.vector(2).rest()
        if kind == 0:
            return name.decode("ascii").lower().removesuffix(".")
    return ""


def _protocols(names: _Reader) -> tuple[bytes, ...]:
    found = []
    while names:
        found.append(names.vector(1).rest())
    return tuple(found)
