"""The server's side: requests one after another; GET and HEAD without content, unless more is asked for.

A request is handed out whole and waits for its response (RFC 9112 9.3.2: in order). What is wrong is :class:`Refused`
with the status to answer, after which the connection ends: its framing cannot be trusted any more (RFC 9112 9.6, 11.2).
Content has a length that is said before (a chunked request is refused: RFC 9112 6.3 allows it) and a bound.
"""

import re
from enum import Enum
from typing import Final

import msgspec

from skrytka.model.engine import NEED_DATA, PAUSED, Engine, Signal, TlsFacts
from skrytka.model.errors import LocalProtocolError, RemoteProtocolError
from skrytka.protocol.http.fields import Fields, HeadReader, TooLongError, members, parse_fields

REQUESTS_MAX: Final = 100  # of one connection
METHODS: Final = ("GET", "HEAD")
_LENGTH = re.compile(r"[0-9]{1,9}")
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"  # RFC 9110 10.1.1
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")
_TARGET = re.compile(rb"[\x21-\x7e]{1,4096}")
_AUTHORITY = re.compile(
    r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{0,5})?"
)  # RFC 3986 3.2.2, no userinfo
WITHOUT_CONTENT: Final = frozenset({204, 304})  # RFC 9112 6.3: they end with their head; 9110 8.6: no length
PHRASES: Final = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    417: "Expectation Failed",
    422: "Unprocessable Content",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}


class State(Enum):
    READY = "ready"
    READING = "reading"  # content
    ANSWERING = "answering"
    CLOSED = "closed"


class Request(msgspec.Struct, frozen=True):
    """One request; ``path`` and ``query`` are as they came, not decoded."""

    method: str
    host: str  # in lower case, without port
    path: str
    query: str = ""
    fields: Fields = {}
    body: bytes = b""

    def __repr__(self) -> str:
        """Without what may be secret."""
        return f"Request({self.method} {self.host})"


class Expecting(msgspec.Struct, frozen=True):
    """The client waits with its content until :data:`CONTINUE` is sent (RFC 9110 10.1.1)."""


class Refused(msgspec.Struct, frozen=True):
    """What came is answered with this status, and then the connection ends."""

    status: int


class Response(msgspec.Struct, frozen=True):
    """``fields`` without those of framing, which the engine adds."""

    status: int
    body: bytes = b""
    fields: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        """Without what may be secret."""
        return f"Response({self.status})"


class HttpServer(Engine[Request | Refused | Expecting]):
    """See the module."""

    def __init__(
        self, requests_max: int = REQUESTS_MAX, *, methods: tuple[str, ...] = METHODS, body_max: int = 0
    ) -> None:
        self._methods = methods
        self._body_max = body_max
        self._length = 0  # of the content that is awaited
        self._head: Request | None = None
        self._reader = HeadReader()
        self._state = State.READY
        self._left = requests_max
        self._is_eof = False
        self._is_head = False
        self._is_last = False

    @property
    def is_closed(self) -> bool:
        """Whether the last response was the last of the connection."""
        return self._state is State.CLOSED

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request has come."""
        return self._state is State.READY and not self._reader.rest

    def receive(self, data: bytes) -> None:
        self._is_eof = self._is_eof or not data
        if self._state is not State.CLOSED:
            self._reader.rest += data

    def tls_started(self, tls: TlsFacts) -> None:
        self._reader.rest.clear()

    def next_event(self) -> Request | Refused | Expecting | Signal:
        if self._state is State.READING:
            return self._whole()
        if self._state is State.ANSWERING:
            return PAUSED
        if self._state is State.CLOSED:
            return NEED_DATA
        self._is_head = False  # of the request that comes: what is refused before its method is read has content
        try:
            lines = self._reader.take()
        except TooLongError:
            return self._refused(431)
        except RemoteProtocolError:
            return self._refused(400)
        if lines is None:
            return NEED_DATA
        try:
            return self._request(lines)
        except RemoteProtocolError:
            return self._refused(400)

    def send(self, response: Response) -> bytes:
        """The response to the request that was handed out last; LocalProtocolError when there is none."""
        if self._state is not State.ANSWERING:
            raise LocalProtocolError("nothing was asked")
        self._state = State.CLOSED if self._is_last else State.READY
        lines = [f"HTTP/1.1 {response.status} {PHRASES[response.status]}"]
        lines += [f"{name}: {value}" for name, value in response.fields]
        if response.status not in WITHOUT_CONTENT:
            lines.append(f"Content-Length: {len(response.body)}")
        if self._is_last:
            lines.append("Connection: close")  # RFC 9112 9.6
        if any("\r" in line or "\n" in line for line in lines):
            raise LocalProtocolError("a line end in a field")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return head if self._is_head or response.status in WITHOUT_CONTENT else head + response.body

    def _refused(self, status: int) -> Refused:
        self._state, self._is_last = State.ANSWERING, True
        self._reader.rest.clear()
        return Refused(status)

    def _whole(self) -> Request | Signal:
        """The request with its content, when all of that is here."""
        if self._head is None or len(self._reader.rest) < self._length:
            return NEED_DATA
        body = bytes(self._reader.rest[: self._length])
        del self._reader.rest[: self._length]
        self._state = State.ANSWERING
        return msgspec.structs.replace(self._head, body=body)

    def _request(self, lines: list[bytes]) -> Request | Refused | Expecting | Signal:
        method, target, version = _request_line(lines[0])
        self._is_head = method == "HEAD"
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            return self._refused(505)
        fields = parse_fields(lines[1:])
        if method not in self._methods:
            return self._refused(413 if _has_content(fields) and not self._body_max else 405)
        if (status := self._framing(fields, method)) is not None:
            return self._refused(status)
        host, path, query = _place(target, fields, is_1_1=version == "HTTP/1.1")
        self._left -= 1
        self._is_last = self._left <= 0 or version == "HTTP/1.0" or "close" in members(fields, "connection")
        self._head = Request(method, host, path, query, fields)
        self._state = State.READING
        if self._length > len(self._reader.rest) and "100-continue" in members(fields, "expect"):
            return Expecting()
        return self._whole()

    def _framing(self, fields: Fields, method: str) -> int | None:
        """Notes the length of the content; the status of a refusal (RFC 9112 6.3, 11.2)."""
        if method in METHODS and _has_content(fields):
            return 400  # RFC 9110 9.3.1: it means nothing, and may be meant for another parser than ours
        if "transfer-encoding" in fields:
            return 411 if self._body_max else 413
        length = fields.get("content-length", ("0",))
        if length == ("0",):
            self._length = 0
            return None
        if not self._body_max:
            return 413
        if len(length) != 1 or _LENGTH.fullmatch(length[0]) is None:
            return 400
        self._length = int(length[0])
        return 413 if self._length > self._body_max else None


def _has_content(fields: Fields) -> bool:
    return "transfer-encoding" in fields or fields.get("content-length", ("0",)) != ("0",)


def _request_line(line: bytes) -> tuple[str, str, str]:
    """RFC 9112 3: exactly one blank between the three."""
    parts = line.split(b" ")
    if len(parts) != 3 or _TOKEN.fullmatch(parts[0]) is None or _TARGET.fullmatch(parts[1]) is None:
        raise RemoteProtocolError("no request line")
    if re.fullmatch(rb"HTTP/[0-9]\.[0-9]", parts[2]) is None:
        raise RemoteProtocolError("no version")
    return parts[0].decode(), parts[1].decode(), parts[2].decode()


def _place(target: str, fields: Fields, *, is_1_1: bool) -> tuple[str, str, str]:
    """Host, path, query (RFC 9112 3.2): Host exactly once in 1.1; a target in absolute form names the host itself."""
    hosts = fields.get("host", ())
    if len(hosts) > 1 or (is_1_1 and not hosts):
        raise RemoteProtocolError("not one Host")
    host = _host(hosts[0]) if hosts and hosts[0] else ""
    for scheme in ("http://", "https://"):
        if target[: len(scheme)].lower() == scheme:
            authority, slash, rest = target[len(scheme) :].partition("/")
            host, target = _host(authority), slash + rest or "/"
    path, _mark, query = target.partition("?")
    if not path.startswith("/") or "#" in target:
        raise RemoteProtocolError("no path")
    return host, path, query


def _host(authority: str) -> str:
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise RemoteProtocolError("no host")
    return found[1].lower().removesuffix(".")
