"""The client's side: one request, one response, then the connection ends.

Strict about what says where a response ends (RFC 9112 6.3): a length that is no number, two of them, or a length beside
chunks is an error. Redirects are the caller's to follow, or not. A body has a bound.
"""

import re
from typing import Final

import msgspec

from skrytka.model.engine import NEED_DATA, Engine, Signal, TlsFacts
from skrytka.model.errors import LocalProtocolError, RemoteProtocolError
from skrytka.protocol.http.fields import Fields, HeadReader, members, parse_fields

HEAD_BYTES: Final = 32 * 1024
HEADS_MAX: Final = 8  # interim ones and the last
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?")
_LENGTH = re.compile(r"[0-9]{1,12}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e]*)?")
_CHUNK_LINE_BYTES: Final = 1024
_TRAILER_BYTES: Final = 4096
_SAFE = re.compile(r"[\x20-\x7e]*")


class Sent(msgspec.Struct, frozen=True):
    """What is asked. ``path`` begins with a slash and has its query; Host, framing and Connection are added."""

    method: str
    host: str  # with the port where it is not the scheme's
    path: str
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


class Received(msgspec.Struct, frozen=True):
    """The response, whole."""

    status: int
    fields: Fields
    body: bytes

    def field(self, name: str) -> str:
        """Its first value; "" where there is none."""
        return self.fields.get(name, ("",))[0]

    @property
    def media_type(self) -> str:
        """Of the body, in lower case and without parameters."""
        return self.field("content-type").partition(";")[0].strip(" \t").lower()


class HttpClient(Engine[Received]):
    """See the module."""

    def __init__(self, *, body_max: int) -> None:
        self._reader = HeadReader(HEAD_BYTES)
        self._body_max = body_max
        self._is_head = False
        self._is_asked = False
        self._is_eof = False
        self._is_done = False
        self._heads = 0
        self._head: tuple[int, Fields] | None = None
        self._body = bytearray()

    def send(self, request: Sent) -> bytes:
        """The octets of the only request."""
        if self._is_asked:
            raise LocalProtocolError("one request a connection")
        self._is_asked, self._is_head = True, request.method == "HEAD"
        fields = [("Host", request.host), *request.fields, ("Connection", "close")]
        if request.body is not None:
            fields.append(("Content-Length", str(len(request.body))))
        lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
        if not request.path.startswith("/") or " " in request.path or not all(map(_SAFE.fullmatch, lines)):
            raise LocalProtocolError("what cannot stand in a request")
        return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + (request.body or b"")

    def receive(self, data: bytes) -> None:
        self._is_eof = self._is_eof or not data
        self._reader.rest += data

    def tls_started(self, tls: TlsFacts) -> None:
        self._reader.rest.clear()

    def next_event(self) -> Received | Signal:
        if self._is_done:
            return NEED_DATA
        if self._head is None:
            self._head = self._read_head()
        is_whole = self._head is not None and self._read_body(*self._head)
        if not is_whole:
            if self._is_eof:
                raise RemoteProtocolError("the response was cut off")
            return NEED_DATA
        assert self._head is not None  # noqa: S101 - for the type checker
        self._is_done = True
        return Received(*self._head, bytes(self._body))

    def _read_head(self) -> tuple[int, Fields] | None:
        while (lines := self._reader.take()) is not None:
            self._heads += 1
            found = _STATUS.fullmatch(lines[0])
            if found is None or self._heads > HEADS_MAX:
                raise RemoteProtocolError("no status line")
            if not found[1].startswith(b"1"):  # RFC 9110 15.2: interim ones are passed over
                return int(found[1]), parse_fields(lines[1:])
        return None

    def _read_body(self, status: int, fields: Fields) -> bool:
        """Whether it is whole."""
        if self._is_head or status in (204, 304):
            return True
        codings, lengths = members(fields, "transfer-encoding"), fields.get("content-length", ())
        if codings:
            if codings != ("chunked",) or lengths:
                raise RemoteProtocolError("a transfer coding that is not chunked, or a length beside it")
            return self._read_chunks()
        if lengths:
            if len(lengths) > 1 or _LENGTH.fullmatch(lengths[0]) is None:
                raise RemoteProtocolError("no length")
            return self._take(int(lengths[0]) - len(self._body), is_exact=True)
        self._take(len(self._reader.rest))
        return self._is_eof

    def _take(self, count: int, *, is_exact: bool = False) -> bool:
        """Move what is there into the body; whether that was all of it."""
        if len(self._body) + count > self._body_max:
            raise RemoteProtocolError("the body is too long")
        rest = self._reader.rest
        if is_exact and len(rest) < count:
            return False
        self._body += rest[:count]
        del rest[:count]
        return True

    def _read_chunks(self) -> bool:
        """RFC 9112 7.1."""
        rest = self._reader.rest
        while (end := rest.find(b"\r\n")) >= 0 and end <= _CHUNK_LINE_BYTES:
            found = _CHUNK.fullmatch(rest[:end])
            if found is None:
                raise RemoteProtocolError("no chunk")
            size = int(found[1], 16)
            if size == 0:
                return self._has_trailer(end)
            if len(self._body) + size > self._body_max:
                raise RemoteProtocolError("the body is too long")
            if len(rest) < end + 2 + size + 2:
                return False
            if rest[end + 2 + size : end + 4 + size] != b"\r\n":
                raise RemoteProtocolError("a chunk of another length")
            self._body += rest[end + 2 : end + 2 + size]
            del rest[: end + 4 + size]
        if len(rest) > _CHUNK_LINE_BYTES:
            raise RemoteProtocolError("no chunk")
        return False

    def _has_trailer(self, at: int) -> bool:
        """Whether the section behind the last chunk is whole; nothing in it is looked at."""
        if len(self._reader.rest) - at > _TRAILER_BYTES:
            raise RemoteProtocolError("the trailer is too long")
        return self._reader.rest.find(b"\r\n\r\n", at) >= 0
