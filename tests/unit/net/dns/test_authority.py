import asyncio
import contextlib
from collections.abc import AsyncIterator

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from skrytka.model.address import Domain
from skrytka.model.dns import Answer, Status
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.dns.authority import Authority
from skrytka.net.dns.zone import StaticZone
from skrytka.net.facts import Networks
from skrytka.protocol.published.wanted import ServerView, Signature
from tests.support.sizes import pick

ZONE = """
example.test:
  - NS: ns1.example.test
  - NS: ns2.example.test
ns1.example.test:
  - A: 127.0.0.1
ns2.example.test:
  - AAAA: TIMEOUT
  - A: TIMEOUT
"""
LOOPBACK = Networks(("127.0.0.0/8",))
NOWHERE = Networks(())
RRSIG = "example.test. 60 IN RRSIG SOA 13 2 60 20270101000000 20261101000000 1 example.test. AAAA"
RECORDS = {
    "SOA": ["example.test. 60 IN SOA ns. admin. 2026112901 3600 600 86400 60", RRSIG],
    "MX": ["mail.example.test. 60 IN MX 20 B.test.", "mail.example.test. 60 IN MX 10 a.test."],
    "TXT": ['mail.example.test. 60 IN TXT "x"'],
}


def _rrset(line: str) -> dns.rrset.RRset:
    name, ttl, class_, rdtype, value = line.split(" ", 4)
    return dns.rrset.from_text(name, int(ttl), class_, rdtype, value)


class Server:
    """What it is asked, and how it answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.flags = dns.flags.AA
        self.rcode = dns.rcode.NOERROR
        self.records = RECORDS
        self.is_mute = self.is_wrong = False

    def answer(self, raw: bytes) -> bytes:
        query = dns.message.from_wire(raw)
        assert not query.flags & dns.flags.RD
        rdtype = query.question[0].rdtype.name
        self.asked.append(f"{query.question[0].name} {rdtype}")
        response = dns.message.make_response(query)
        response.flags |= self.flags
        response.set_rcode(self.rcode)
        if self.is_wrong:
            response.id ^= 1
        response.answer = [_rrset(line) for line in self.records.get(rdtype, [])]
        return response.to_wire(max_size=65535)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while not self.is_mute:
                data = self.answer(await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big")))
                writer.write(len(data).to_bytes(2, "big") + data)
        writer.close()


@contextlib.asynccontextmanager
async def views(server: Server, domain: str, zone: str = ZONE) -> AsyncIterator[tuple[ServerView, ...]]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        yield await Authority(StaticZone.parse(zone), port=port, networks=LOOPBACK).views(domain)


async def test_each_server_of_the_zone_is_asked_by_itself() -> None:
    server = Server()
    async with views(server, "mail.example.test") as (one, two):
        assert (one.name, one.address, one.serial, one.failure) == ("ns1.example.test", "127.0.0.1", 2026112901, "")
        assert (one.mx, one.txt) == (("10 a.test.", "20 b.test."), ('"x"',))
        assert one.signatures == (Signature("SOA", 13, 1798761600),)
        assert two == ServerView(name="ns2.example.test", failure="it has no address")
    assert server.asked == ["example.test. SOA", "mail.example.test. MX", "mail.example.test. TXT"]


@pytest.mark.parametrize(
    ("change", "is_lame"),
    [
        ({"flags": 0}, True),
        ({"rcode": dns.rcode.REFUSED}, True),
        ({"records": {}}, True),
        ({"is_mute": True}, False),
        ({"is_wrong": True}, False),
    ],
)
async def test_who_does_not_answer_or_is_not_responsible(change: dict[str, object], is_lame: bool) -> None:
    server = Server()
    for name, value in change.items():
        setattr(server, name, value)
    async with views(server, "example.test") as (one, _):
        assert one.failure
        assert (one.is_lame, one.serial) == (is_lame, 0)


async def test_a_port_where_nobody_is() -> None:
    found = await Authority(StaticZone.parse(ZONE), port=1, networks=LOOPBACK).views("example.test")
    assert [view.is_lame for view in found] == [False, False]
    assert all(view.failure for view in found)


async def test_an_answer_without_end_is_not_read() -> None:
    server = Server()
    server.records = RECORDS | {"TXT": [f'mail.example.test. 60 IN TXT "{n:0250}"' for n in range(70)]}
    async with views(server, "example.test") as (one, _):
        assert one.failure == "an answer that is too long"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00::1"])
async def test_nobody_is_asked_behind_us(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(*_args: object) -> None:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(asyncio, "open_connection", connect)
    rdtype = "AAAA" if ":" in address else "A"
    zone = f"example.test:\n  - NS: ns1.example.test\nns1.example.test:\n  - {rdtype}: '{address}'\n"
    (one,) = await Authority(StaticZone.parse(zone), networks=NOWHERE).views("example.test")
    assert one.failure == "not a public address"


async def test_a_server_whose_name_is_none_breaks_nothing() -> None:
    class Odd:
        async def query(self, name: Domain | str, rdtype: str) -> Answer:
            if rdtype == "NS":
                return Answer(Status.NOERROR, ("x" * 70 + ".test",))
            raise PermanentError(Reason.BAD_SYNTAX, "not a DNS name")

    (one,) = await Authority(Odd(), networks=NOWHERE).views("example.test")
    assert one.failure == "it has no address"


async def test_a_domain_whose_servers_nobody_knows() -> None:
    assert await Authority(StaticZone.parse("a.b.test:\n  - A: 127.0.0.1\n"), networks=NOWHERE).views("a.b.test") == ()

    class Silent:
        async def query(self, name: Domain | str, rdtype: str) -> Answer:
            raise TransientError(Reason.DNS_TIMEOUT)

    assert await Authority(Silent(), networks=NOWHERE).views("example.test") == ()


class Garbled(Server):
    """Its answer with one octet changed."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.place = place

    def answer(self, raw: bytes) -> bytes:
        data = bytearray(super().answer(raw))
        data[self.place % len(data)] ^= 0x55
        return bytes(data)


async def test_an_answer_with_any_octet_changed_is_an_answer_or_none() -> None:
    for place in range(0, 160, pick(7, 1)):
        async with views(Garbled(place), "example.test") as found:
            assert len(found) == 2
