"""Where nobody's DNS leads us: to ourselves, and into networks behind us."""

import asyncio
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.clock import FixedClock
from skrytka.model.errors import Reason, TransientError
from skrytka.net import outside
from skrytka.net.client_tls import ClientTls
from skrytka.net.connection import Connection
from skrytka.net.dialer import Dialer
from skrytka.net.dns.zone import StaticZone
from skrytka.net.facts import normalise
from skrytka.net.https import Https, Url
from skrytka.net.outside import PORT, NotOutsideError, OutsideDial, is_public
from skrytka.net.sweeper import Sweeper
from tests.support.outside import turns

FORBIDDEN = """
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1
    192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1
    255.255.255.255 :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:0:10.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1
    64:ff9b:1::a00:1 100::1 2001::1 2001:2::1 2001:10::1 2001:db8::1 2002:7f00:1::1 2002:a00:1::1 3fff::1 5f00::1
    fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1 4000::1
""".split()  # noqa: SIM905 - a table
PUBLIC = ["9.9.9.9", "100.128.0.1", "172.32.0.1", "192.169.0.1", "2620:fe::fe", "2a00:1450::1", "64:ff9b::909:909"]


class Unasked:
    """A dial that nobody may get to; ``dialled`` is what did."""

    def __init__(self) -> None:
        self.dialled: list[tuple[str, int]] = []

    async def connect(self, address: str, port: int, *, seconds: float) -> Connection:
        self.dialled.append((address, port))
        raise TransientError(Reason.UNREACHABLE, "nobody there")


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_there_we_do_not_go(address: str) -> None:
    assert not is_public(normalise(address))
    dial = Unasked()
    with pytest.raises(NotOutsideError):
        await OutsideDial(dial).connect(address, PORT, seconds=1)
    assert dial.dialled == []


@pytest.mark.parametrize("address", PUBLIC)
async def test_the_world_is_dialled_on_one_port_and_never_as_ourselves(address: str) -> None:
    assert is_public(normalise(address))
    dial = Unasked()
    with pytest.raises(TransientError, match="nobody there"):
        await OutsideDial(dial).connect(address, PORT, seconds=1)
    assert dial.dialled == [(address, PORT)]
    for port in (25, 80, 8443):
        with pytest.raises(NotOutsideError):
            await OutsideDial(dial).connect(address, port, seconds=1)
    own = "9.9.9.9" if address.startswith("64:") else address
    with pytest.raises(NotOutsideError):
        await OutsideDial(dial, own=[own]).connect(address, PORT, seconds=1)
    assert len(dial.dialled) == 1


@given(st.ip_addresses())
def test_no_form_of_a_private_address_is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    found = normalise(str(address))
    if is_public(found):
        assert not any((found.is_private, found.is_loopback, found.is_link_local, found.is_multicast))
    if isinstance(address, ipaddress.IPv4Address):
        mapped = normalise(str(ipaddress.IPv6Address((0xFFFF << 32) | int(address))))
        assert is_public(mapped) == is_public(found)


async def test_what_a_setting_allows_is_dialled() -> None:
    dial = Unasked()
    with pytest.raises(TransientError, match="nobody there"):
        await OutsideDial(dial, own=["127.0.0.1"], allowed=["127.0.0.0/8"]).connect("127.0.0.1", 8443, seconds=1)
    assert dial.dialled == [("127.0.0.1", 8443)]


async def test_an_address_of_this_machine_that_nobody_has_listed_is_found_when_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Loopback plays a public address here."""
    monkeypatch.setattr(outside, "is_public", lambda _address: True)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setattr(outside, "PORT", port)
    async with server:
        dial = OutsideDial(Dialer(Sweeper(FixedClock()), service="test"))
        with pytest.raises(NotOutsideError, match="this machine"):
            await dial.connect("127.0.0.1", port, seconds=5)
        looking = OutsideDial(Dialer(Sweeper(FixedClock()), service="test"), is_self_reached=True)
        (await looking.connect("127.0.0.1", port, seconds=5)).abort()
    await turns()


async def test_a_name_is_looked_at_after_it_was_looked_up() -> None:
    zone = StaticZone.parse("inside.test: [{A: 10.0.0.1}, {A: 127.0.0.1}, {AAAA: '::1'}]")
    dial = Unasked()
    https = Https(OutsideDial(dial), zone, ClientTls())
    for url in ("https://inside.test/", "https://127.0.0.1/", "https://[::ffff:127.0.0.1]/"):
        with pytest.raises(NotOutsideError):
            await https.ask(Url.parse(url), method="POST", body=b"", seconds=1, body_max=1)
    assert dial.dialled == []
