"""What the two web applications share: a request as pages see it, answers, and the header fields that every one has."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec

from skrytka.mail.identity.attacks.devices import of_user_agent
from skrytka.net.facts import ConnFacts
from skrytka.protocol.http.dates import http_date
from skrytka.protocol.http.fields import Fields
from skrytka.protocol.http.server import Request, Response

FORM_FIELDS_MAX: Final = 100
JSON: Final = ("Content-Type", "application/json")
PROBLEM: Final = ("Content-Type", "application/problem+json")  # RFC 9457 3
HTML: Final = ("Content-Type", "text/html; charset=utf-8")
CSS: Final = ("Content-Type", "text/css; charset=utf-8")
TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
SAFE: Final = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",  # of this host name and what is below it
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WebRequest:
    """One request; the path is taken apart before it is decoded, so that an encoded slash is part of a name."""

    method: str  # HEAD is GET here
    host: str
    segments: tuple[str, ...]  # "/a/b" is ("a", "b")
    query: dict[str, str]  # the last of equal names does not win: they are refused
    fields: Fields
    body: bytes
    peer: ConnFacts
    certificate: bytes = b""  # DER of what TLS knows the client by; b"" when it has shown none
    params: dict[str, str] = field(default_factory=dict)  # what stood for {name} in the page's path

    def __repr__(self) -> str:
        """Without what passwords, codes and tokens stand in: a link of an alert is a path."""
        return f"WebRequest({self.method} {self.host})"

    def field(self, name: str) -> str:
        """The one value of a header field; "" where there is none or several."""
        found = self.fields.get(name, ())
        return found[0] if len(found) == 1 else ""

    @property
    def cookies(self) -> dict[str, str]:
        """RFC 6265 4.2: the first of equal names."""
        pairs = (one.partition("=") for value in self.fields.get("cookie", ()) for one in value.split(";"))
        found: dict[str, str] = {}
        for name, _equals, value in pairs:
            found.setdefault(name.strip(), value.strip())
        return found

    @property
    def is_same_origin(self) -> bool:
        """Whether a browser says that our own page asks (or a person does); True for what is no browser.

        Every browser of the last years sends Sec-Fetch-Site; Origin is what older ones send with a POST, with the port
        as Host has it: what listens on another port of this host is another site.
        """
        site, origin = self.field("sec-fetch-site"), self.field("origin")
        if site:
            return site in ("same-origin", "none")
        return not origin or origin == f"https://{self.field('host').lower() or self.host}"

    @property
    def media_type(self) -> str:
        """Of the content, in lower case, without parameters."""
        return self.field("content-type").partition(";")[0].strip().lower()

    def form(self) -> dict[str, str]:
        """Fields of an ``application/x-www-form-urlencoded`` body; :class:`BadRequestError`."""
        if self.media_type != "application/x-www-form-urlencoded":
            raise BadRequestError(415)
        try:
            return _pairs(self.body.decode("ascii"))
        except UnicodeDecodeError as exc:
            raise BadRequestError(400) from exc


class BadRequestError(Exception):
    """What came cannot be read; it is answered with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


Handler = Callable[[WebRequest], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Page:
    """One place: "/a/{name}" and what answers there."""

    method: str
    path: str
    handler: Handler


def read_request(request: Request, peer: ConnFacts, certificate: bytes = b"") -> WebRequest:
    """:class:`BadRequestError` for what is no UTF-8, and for a name that stands twice in the query."""
    agent = request.fields.get("user-agent")
    segments = tuple(_decoded(part) for part in request.path.strip("/").split("/")) if request.path != "/" else ()
    return WebRequest(
        method="GET" if request.method == "HEAD" else request.method,
        host=request.host,
        segments=segments,
        query=_pairs(request.query),
        fields=request.fields,
        body=request.body,
        peer=msgspec.structs.replace(peer, program=of_user_agent(agent[0])) if agent else peer,
        certificate=certificate,
    )


def with_params(request: WebRequest, params: dict[str, str]) -> WebRequest:
    return replace(request, params=params)


def text(status: int, said: str) -> Response:
    return Response(status, said.encode(), (TEXT,))


def html(said: str, status: int = 200) -> Response:
    """A whole page; nothing in it may come from outside without ``html.escape``."""
    return Response(status, said.encode(), (HTML,))


def json(value: Any, status: int = 200, fields: tuple[tuple[str, str], ...] = ()) -> Response:
    return Response(status, msgspec.json.encode(value), (JSON, *fields))


def redirect(place: str) -> Response:
    """303: the browser asks there with GET."""
    return Response(303, fields=(("Location", place),))


def finished(response: Response, now_ms: int) -> Response:
    """With the fields that every answer has, where it does not bring its own."""
    own = {name.lower() for name, _value in response.fields}
    safe = tuple((name, value) for name, value in SAFE.items() if name.lower() not in own)
    return Response(response.status, response.body, (("Date", http_date(now_ms)), *response.fields, *safe))


def _pairs(raw: str) -> dict[str, str]:
    try:
        found = parse_qsl(
            raw, keep_blank_values=True, strict_parsing=bool(raw), errors="strict", max_num_fields=FORM_FIELDS_MAX
        )
    except ValueError as exc:
        raise BadRequestError(400) from exc
    if len(dict(found)) != len(found) or any("\0" in value for _name, value in found):
        raise BadRequestError(400)
    return dict(found)


def _decoded(segment: str) -> str:
    try:
        found = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError as exc:
        raise BadRequestError(400) from exc
    if any(ord(char) < 32 or ord(char) == 127 for char in found):
        raise BadRequestError(400)
    return found
