import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.engine import NEED_DATA, Signal
from skrytka.model.errors import LocalProtocolError, RemoteProtocolError
from skrytka.protocol.http.client import HttpClient, Received, Sent

GET = Sent("GET", "example.test:8443", "/a?b=c", (("Accept", "text/plain"),))


def client(request: Sent = GET, body_max: int = 100) -> HttpClient:
    engine = HttpClient(body_max=body_max)
    engine.send(request)
    return engine


def ask(data: bytes, *, request: Sent = GET, is_eof: bool = False) -> Received | Signal:
    engine = client(request)
    engine.receive(data)
    if is_eof:
        engine.receive(b"")
    return engine.next_event()


def test_a_request_has_its_host_its_framing_and_an_end() -> None:
    engine = HttpClient(body_max=1)
    sent = engine.send(Sent("POST", "a.test", "/", (("Content-Type", "x/y"),), b"12"))
    assert sent == (
        b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Type: x/y\r\nConnection: close\r\nContent-Length: 2\r\n\r\n12"
    )
    with pytest.raises(LocalProtocolError):
        engine.send(GET)


@pytest.mark.parametrize(
    "request_",
    [
        Sent("GET", "a.test", "no/slash"),
        Sent("GET", "a.test", "/a b"),
        Sent("GET", "a.test", "/a\r\nX: y"),
        Sent("GET", "a.test", "/", (("X", "y\r\nZ: z"),)),
        Sent("GET", "a\n", "/"),
    ],
)
def test_nothing_is_smuggled_into_a_request(request_: Sent) -> None:
    with pytest.raises(LocalProtocolError):
        HttpClient(body_max=1).send(request_)


@pytest.mark.parametrize(
    ("data", "is_eof", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Type: Text/Plain; x=y\r\n\r\nabc", False, (200, b"abc")),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", False, (200, b"")),
        (b"HTTP/1.0 404 Not Found\r\n\r\nabc", True, (404, b"abc")),
        (b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 204 No\r\n\r\n", False, (204, b"")),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\nT: u\r\n\r\n",
            False,
            (200, b"abcd"),
        ),
    ],
)
def test_responses(data: bytes, is_eof: bool, expected: tuple[int, bytes]) -> None:
    found = ask(data, is_eof=is_eof)
    assert isinstance(found, Received)
    assert (found.status, found.body) == expected


def test_fields_of_a_response_are_asked_for_by_name() -> None:
    found = ask(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Type: Text/Plain; x=y\r\nReplay-Nonce: n\r\n\r\n")
    assert isinstance(found, Received)
    assert (found.media_type, found.field("replay-nonce"), found.field("x")) == ("text/plain", "n", "")


def test_a_head_has_no_body_whatever_its_length_says() -> None:
    found = ask(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", request=Sent("HEAD", "a.test", "/"))
    assert isinstance(found, Received)
    assert found.body == b""


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"220 mail.example.test ESMTP\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 9,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40_000,
    ],
)
def test_what_is_no_response_is_an_error(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        ask(data)


@pytest.mark.parametrize("data", [b"H", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"])
def test_a_response_that_is_cut_off_is_none(data: bytes) -> None:
    assert ask(data) is NEED_DATA
    with pytest.raises(RemoteProtocolError):
        ask(data, is_eof=True)


PARTS = st.sampled_from(
    (
        *(
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 100 C\r\n\r\n",
            b"Content-Length: 3\r\n",
            b"Transfer-Encoding: chunked\r\n",
        ),
        *(b"\r\n", b"abc", b"3\r\nabc\r\n", b"0\r\n\r\n", b"\n", b"\r", b"\xff", b"1", b"0\r\n", b"A: b\r\n"),
    )
)


def outcome(pieces: list[bytes]) -> object:
    engine = client()
    try:
        for piece in [*pieces, b""]:
            engine.receive(piece)
            if isinstance(found := engine.next_event(), Received):
                return found
    except RemoteProtocolError:
        return "error"
    return None


@given(st.lists(PARTS, max_size=20).map(b"".join))
def test_whole_input_and_octet_by_octet_are_the_same(data: bytes) -> None:
    assert outcome([data] if data else []) == outcome([data[at : at + 1] for at in range(len(data))])
