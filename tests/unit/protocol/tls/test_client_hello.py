import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.tls.client_hello import ClientHello, parse_hello


def hello(server_name: str | None, protocols: list[str]) -> bytes:
    """As OpenSSL says it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=server_name).do_handshake()
    return outgoing.read()


@pytest.mark.parametrize(
    ("server_name", "protocols", "expected"),
    [
        ("Mail.Example.test", ["acme-tls/1"], ClientHello("mail.example.test", (b"acme-tls/1",))),
        ("mail.example.test", ["h2", "http/1.1"], ClientHello("mail.example.test", (b"h2", b"http/1.1"))),
        ("mail.example.test", [], ClientHello("mail.example.test")),
        (None, ["acme-tls/1"], ClientHello("", (b"acme-tls/1",))),
    ],
)
def test_who_is_wanted(server_name: str | None, protocols: list[str], expected: ClientHello) -> None:
    data = hello(server_name, protocols)
    assert parse_hello(data) == expected
    assert parse_hello(data + b"more") == expected
    assert [parse_hello(data[:end]) for end in range(len(data))] == [None] * len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x80\x2e\x01\x03\x01",
        b"\x16\x02\x00\x00\x01\x00",
        b"\x16\x03\x01\x00\x00",
        b"\x16\x03\x01\xff\xff",
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",
        b"\x16\x03\x01\x00\x04\x01\xff\xff\xff",
    ],
)
def test_what_is_no_hello_wants_nobody(data: bytes) -> None:
    assert parse_hello(data) == ClientHello()


@given(st.integers(0, 400), st.integers(0, 255), st.booleans())
def test_a_broken_hello_breaks_nothing(at: int, octet: int, is_cut: bool) -> None:
    data = bytearray(hello("mail.example.test", ["acme-tls/1"]))
    data[at % len(data)] = octet
    found = parse_hello(bytes(data[: at % len(data)] if is_cut else data))
    assert found is None or isinstance(found, ClientHello)
