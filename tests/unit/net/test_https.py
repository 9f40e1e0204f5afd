import asyncio
from pathlib import Path

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.dns.zone import StaticZone
from skrytka.net.https import Https, UntrustedError, Url
from skrytka.net.sweeper import Sweeper
from tests.support.https_server import HttpsServer, https_server, response

ZONE = """
a.test:
  - A: 127.0.0.1
b.test:
  - A: 127.0.0.1
two.test:
  - A: 127.0.0.9
  - A: 127.0.0.1
half.test:
  - A: 127.0.0.1
  - AAAA: TIMEOUT
silent.test:
  - TIMEOUT
"""


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://A.test/x?y=%20#", None),
        ("https://A.test/x?y=%20", Url("a.test", 443, "/x?y=%20")),
        ("https://a.test", Url("a.test", 443, "/")),
        ("https://a.test:14000/dir", Url("a.test", 14000, "/dir")),
        ("https://[::1]:8443/", Url("::1", 8443, "/")),
        ("http://a.test/", None),
        ("https://u:p@a.test/", None),
        ("https://a.test:0/", None),
        ("https://a.test:99999/", None),
        ("https://a.test/ x", None),
        ("https://a.test/\r\nX: y", None),
        ("https://", None),
        ("https://a.test/" + "x" * 3000, None),
    ],
)
def test_urls(text: str, url: Url | None) -> None:
    if url is None:
        with pytest.raises(PermanentError):
            Url.parse(text)
    else:
        assert Url.parse(text) == url


def test_a_port_is_named_where_it_is_another() -> None:
    assert [Url.parse(text).authority for text in ("https://a.test:443/", "https://[::1]:1/")] == ["a.test", "[::1]:1"]
    assert str(Url.parse("https://A.test:8443/b")) == "https://a.test:8443/b"


async def ask(server: HttpsServer, host: str, *, sweeper: Sweeper | None = None, body_max: int = 100) -> bytes:
    dialer = Dialer(Sweeper(FixedClock()) if sweeper is None else sweeper, service="test")
    https = Https(dialer, StaticZone.parse(ZONE), ClientTls(), ca_file=str(server.ca_file))
    url = Url.parse(f"https://{host}:{server.port}/a?b")
    return (await https.ask(url, method="POST", body=b"x", seconds=5, body_max=body_max)).body


async def test_a_request_and_its_answer(tmp_path: Path) -> None:
    async with https_server(tmp_path, lambda _: response(b"hello"), "a.test", "two.test") as server:
        assert await ask(server, "a.test") == b"hello"
        assert server.asked[0].startswith(f"POST /a?b HTTP/1.1\r\nHost: a.test:{server.port}\r\n".encode())
        assert await ask(server, "two.test") == b"hello"  # the second address answers


async def test_dns_that_knows_one_family_of_addresses_is_enough(tmp_path: Path) -> None:
    async with https_server(tmp_path, lambda _: response(b"hello"), "half.test", "silent.test") as server:
        assert await ask(server, "half.test") == b"hello"
        with pytest.raises(TransientError) as caught:
            await ask(server, "silent.test")
        assert caught.value.reason is Reason.DNS_TIMEOUT


@pytest.mark.parametrize("host", ["b.test", "nobody.test"])
async def test_who_is_not_the_host_or_is_not_there_is_not_believed(tmp_path: Path, host: str) -> None:
    async with https_server(tmp_path, lambda _: response(b"hello"), "a.test") as server:
        with pytest.raises(TransientError) as caught:
            await ask(server, host)
        assert caught.value.reason is Reason.UNREACHABLE
        assert server.asked == []


@pytest.mark.parametrize("names", [("mail.a.test",), (), ("*.a.test",)])
async def test_a_certificate_that_is_not_right_has_an_error_of_its_own(tmp_path: Path, names: tuple[str, ...]) -> None:
    async with https_server(tmp_path, lambda _: response(b"hello"), *names) as server:
        with pytest.raises(UntrustedError):
            await ask(server, "a.test")
        assert server.asked == []


async def test_an_unknown_authority_is_not_believed(tmp_path: Path) -> None:
    async with https_server(tmp_path, lambda _: response(b"hello"), "a.test") as server:
        dialer = Dialer(Sweeper(FixedClock()))
        https = Https(dialer, StaticZone.parse(ZONE), ClientTls())
        with pytest.raises(TransientError):
            await https.ask(Url.parse(f"https://a.test:{server.port}/"), seconds=5, body_max=1)
        assert server.asked == []


@pytest.mark.parametrize("said", [b"220 hello\r\n\r\n", response(b"x" * 101), b"HTTP/1.1 200 OK\r\n"])
async def test_an_answer_that_is_none_is_a_transient_error(tmp_path: Path, said: bytes) -> None:
    async with https_server(tmp_path, lambda _: said, "a.test") as server:
        with pytest.raises(TransientError):
            await ask(server, "a.test")


async def test_who_does_not_answer_is_given_up(tmp_path: Path) -> None:
    clock = FixedClock()
    sweeper = Sweeper(clock)
    hanging = asyncio.Event()

    async def hang(_request: bytes) -> bytes:
        clock.advance(6)
        sweeper.sweep()
        await hanging.wait()
        return b""

    async with https_server(tmp_path, hang, "a.test") as server:
        with pytest.raises(TransientError) as caught:
            await ask(server, "a.test", sweeper=sweeper)
        assert caught.value.reason is Reason.TIMEOUT
        hanging.set()
        await asyncio.sleep(0.05)
