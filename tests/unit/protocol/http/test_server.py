import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.engine import NEED_DATA, PAUSED, TlsFacts
from skrytka.model.errors import LocalProtocolError
from skrytka.protocol.http.fields import Fields
from skrytka.protocol.http.server import Expecting, HttpServer, Refused, Request, Response

GET = b"GET /a?q=1 HTTP/1.1\r\nHost: Example.test:8080\r\n\r\n"


def first(data: bytes) -> object:
    engine = HttpServer()
    engine.receive(data)
    return plain(engine.next_event())


def plain(event: object) -> object:
    """Without its fields and query."""
    return Request(event.method, event.host, event.path) if isinstance(event, Request) else event


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (GET, Request("GET", "example.test", "/a")),
        (b"HEAD / HTTP/1.1\r\nhost:example.test.\r\n\r\n", Request("HEAD", "example.test", "/")),
        (b"GET http://b.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n", Request("GET", "b.test", "/x")),
        (b"GET https://b.test HTTP/1.1\r\nHost: a.test\r\n\r\n", Request("GET", "b.test", "/")),
        (b"GET / HTTP/1.0\r\n\r\n", Request("GET", "", "/")),
        (b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", Request("GET", "[::1]", "/")),
        (b"GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n", Request("GET", "a.test", "/")),
    ],
)
def test_requests(data: bytes, expected: Request) -> None:
    assert first(data) == expected


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # RFC 9112 3.2
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        (b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /\xc4\x85 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n", 400),
        (b"HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
        (b"GET /" + b"a" * 9000, 431),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 70 + b"\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
        (b"EHLO example.test\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\n", 400),
    ],
)
def test_what_is_refused_and_with_which_status(data: bytes, status: int) -> None:
    engine = HttpServer()
    engine.receive(data)
    assert engine.next_event() == Refused(status)
    sent = engine.send(Response(status, b"no"))
    assert b"Connection: close\r\n" in sent
    assert engine.is_closed
    engine.receive(GET)
    assert engine.next_event() is NEED_DATA  # nothing after it is believed


def test_requests_are_answered_one_after_another() -> None:
    engine = HttpServer()
    engine.receive(GET + b"HEAD /b HTTP/1.1\r\nHost: a\r\n\r\n")
    assert plain(engine.next_event()) == Request("GET", "example.test", "/a")
    assert engine.next_event() is PAUSED
    assert engine.send(Response(200, b"x", (("A", "b"),))) == b"HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 1\r\n\r\nx"
    assert plain(engine.next_event()) == Request("HEAD", "a", "/b")
    assert engine.send(Response(404, b"xy")) == b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n"
    assert engine.is_idle
    assert engine.next_event() is NEED_DATA
    with pytest.raises(LocalProtocolError):
        engine.send(Response(200))


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n"]
)
def test_the_last_response_says_so(data: bytes) -> None:
    engine = HttpServer()
    engine.receive(data)
    engine.next_event()
    assert b"\r\nConnection: close\r\n" in engine.send(Response(200))
    assert engine.is_closed


def test_a_connection_has_so_many_requests_and_no_more() -> None:
    engine = HttpServer(requests_max=2)
    engine.receive(GET * 3)
    for is_last in (False, True):
        assert isinstance(engine.next_event(), Request)
        assert (b"Connection: close" in engine.send(Response(200))) is is_last
    assert engine.next_event() is NEED_DATA


def test_a_field_cannot_carry_a_line_end_out() -> None:
    engine = HttpServer()
    engine.receive(GET)
    engine.next_event()
    with pytest.raises(LocalProtocolError):
        engine.send(Response(301, fields=(("Location", "https://a\r\nX: y"),)))


def test_what_came_in_clear_is_gone_when_tls_begins() -> None:
    engine = HttpServer()
    engine.receive(b"GET /evil")
    engine.tls_started(TlsFacts(version="TLSv1.3", cipher="x"))
    engine.receive(GET)
    assert plain(engine.next_event()) == Request("GET", "example.test", "/a")


def events_of(pieces: list[bytes]) -> list[object]:
    engine = HttpServer()
    found: list[object] = []
    for piece in [*pieces, b""]:
        engine.receive(piece)
        while not engine.is_closed and (event := engine.next_event()) is not NEED_DATA:
            found.append(event)
            engine.send(Response(404))
    return found


PARTS = st.sampled_from(
    (
        *(
            b"GET ",
            b"HEAD ",
            b"/",
            b" HTTP/1.1",
            b" HTTP/1.0",
            b"\r\n",
            b"\n",
            b"\r",
            b"Host: a",
            b": ",
            b"\0",
            b"\xff",
        ),
        *(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"Content-Length: 3", b"Connection: close", b"y" * 4000),
    )
)


@given(st.lists(PARTS, max_size=30).map(b"".join))
def test_whole_input_and_octet_by_octet_are_the_same(data: bytes) -> None:
    assert events_of([data] if data else []) == events_of([data[at : at + 1] for at in range(len(data))])


def post(content: bytes, *fields: bytes, method: bytes = b"POST") -> bytes:
    lines = [method + b" /a?b=%20c HTTP/1.1", b"Host: a.test", *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + content


def taking() -> HttpServer:
    return HttpServer(methods=("GET", "HEAD", "POST", "PUT", "DELETE"), body_max=10)


@pytest.mark.parametrize("is_whole", [True, False])
def test_content_is_handed_out_whole_however_it_comes(is_whole: bool) -> None:
    data, engine = post(b"hello", b"Content-Length: 5") + GET, taking()
    found: list[object] = []
    for piece in [data] if is_whole else [data[n : n + 1] for n in range(len(data))]:
        engine.receive(piece)
        while isinstance(event := engine.next_event(), Request):
            found.append((event.method, event.path, event.query, event.body))
            engine.send(Response(204))
    assert found == [("POST", "/a", "b=%20c", b"hello"), ("GET", "/a", "q=1", b"")]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (post(b"", b"Content-Length: 11"), 413),
        (post(b"", b"Content-Length: 5", b"Content-Length: 5"), 400),
        (post(b"", b"Content-Length: 5, 5"), 400),
        (post(b"", b"Content-Length: +5"), 400),
        (post(b"", b"Content-Length: -1"), 400),
        (post(b"", b"Content-Length: 9999999999"), 400),
        (post(b"", b"Transfer-Encoding: chunked"), 411),
        (post(b"", b"Transfer-Encoding: chunked", b"Content-Length: 5"), 411),
        (post(b"hello", b"Content-Length: 5", method=b"GET"), 400),
        (post(b"", method=b"PATCH"), 405),
        (post(b"", method=b"TRACE"), 405),
        (post(b"hello", b"Content-Length: 5", method=b"TRACE"), 405),
    ],
)
def test_content_that_two_parsers_could_read_differently_is_refused(data: bytes, status: int) -> None:
    engine = taking()
    engine.receive(data)
    assert engine.next_event() == Refused(status)


def test_who_waits_to_be_asked_for_content_is_asked() -> None:
    engine = taking()
    engine.receive(post(b"", b"Content-Length: 5", b"Expect: 100-continue"))
    assert isinstance(engine.next_event(), Expecting)
    assert engine.next_event() is NEED_DATA
    engine.receive(b"hello")
    event = engine.next_event()
    assert isinstance(event, Request)
    assert event.body == b"hello"


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_content_says_no_length(status: int) -> None:
    """RFC 9110 8.6: a length of 204 is forbidden, that of 304 would be another answer's."""
    engine = HttpServer()
    engine.receive(GET)
    engine.next_event()
    sent = engine.send(Response(status, b"x" if status == 304 else b""))
    assert (b"Content-Length" in sent, sent.endswith(b"\r\n\r\n")) == (False, True)


def test_what_is_refused_behind_a_head_has_its_content() -> None:
    engine = HttpServer()
    engine.receive(GET.replace(b"GET", b"HEAD") + b"nonsense\r\n\r\n")
    assert isinstance(engine.next_event(), Request)
    assert engine.send(Response(200, b"whole")).endswith(b"\r\n\r\n")
    assert engine.next_event() == Refused(400)
    assert engine.send(Response(400, b"wrong")).endswith(b"\r\n\r\nwrong")


def test_neither_requests_nor_answers_print_what_may_be_secret() -> None:
    fields: Fields = {"cookie": ("secret",)}
    request = Request("POST", "a.test", "/secret", "secret", fields, b"secret")
    assert "secret" not in repr(request) + repr(Response(200, b"secret", (("Set-Cookie", "secret"),)))
