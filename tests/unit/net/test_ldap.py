import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from skrytka.model.clock import FixedClock
from skrytka.model.dns import Answer, Status
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.dns.zone import StaticZone
from skrytka.net.ldap import REST_S, Ldap, LdapConnection, LdapUrl
from skrytka.net.sweeper import Sweeper
from skrytka.protocol.ldap import ber
from skrytka.protocol.ldap.filters import parse_filter
from skrytka.protocol.ldap.messages import Result
from tests.support.slapd import PEOPLE, Slapd, slapd

ZONE = "localhost:\n  - A: 127.0.0.1\n"
READER, READER_PASSWORD = "cn=reader,dc=example,dc=org", Secret("reader-password")
BY_MAIL = parse_filter("(&(objectClass=inetOrgPerson)(mail={address}))")

pytestmark = pytest.mark.needs("slapd")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with slapd(tmp_path_factory.mktemp("slapd")) as running:
        yield running


def directory(server: Slapd, *urls: str, ca: Path | None = None, sweeper: Sweeper | None = None) -> Ldap:
    sweeper = Sweeper(FixedClock()) if sweeper is None else sweeper
    dialer = Dialer(sweeper, service="test")
    parsed = [LdapUrl.parse(url) for url in urls or (server.ldaps,)]
    zone, ca_file = StaticZone.parse(ZONE), str(ca or server.ca)
    return Ldap(parsed, dialer, zone, ClientTls(), sweeper.clock, ca_file=ca_file, seconds=5)


@pytest.mark.parametrize("kind", ["ldap", "ldaps"])
async def test_people_are_found_and_their_passwords_checked(server: Slapd, kind: str) -> None:
    async with directory(server, getattr(server, kind)).connected() as conn:
        assert await conn.bind(READER, READER_PASSWORD)
        (entry,) = await conn.search(server.base, BY_MAIL, {"address": "alice@example.org"}, ["mail", "uid"])
        assert (entry.dn, entry.first("uid")) == ("uid=alice,ou=people,dc=example,dc=org", "alice")
        assert await conn.bind(entry.dn, Secret("alice-password"))
        assert not await conn.bind(entry.dn, Secret("wrong"))
        assert not await conn.bind(entry.dn, Secret(""))
        assert not await conn.bind("", Secret("x"))
        assert not await conn.bind("uid=nobody,dc=example,dc=org", Secret("x"))


@pytest.mark.parametrize("typed", ["*", "*)(uid=*", "alice@example.org)(cn=*", "\\2a"])
async def test_what_somebody_types_is_no_filter(server: Slapd, typed: str) -> None:
    async with directory(server).connected() as conn:
        await conn.bind(READER, READER_PASSWORD)
        assert await conn.search(server.base, BY_MAIL, {"address": typed}, ["mail"]) == []
        (entry,) = await conn.search(server.base, BY_MAIL, {"address": "a*b(c)@example.org"}, ["mail"])
        assert entry.first("mail") == "a*b(c)@example.org"


async def test_many_come_page_by_page_and_references_are_not_followed(server: Slapd) -> None:
    async with directory(server).connected() as conn:
        await conn.bind(READER, READER_PASSWORD)
        found = await conn.search(server.base, parse_filter("(employeeType=crowd)"), {}, ["mail"])
        assert len({entry.first("mail") for entry in found}) == PEOPLE
        with pytest.raises(PermanentError) as caught:
            await conn.search(server.base, parse_filter("(mail=*)"), {}, ["mail"], entries_max=600)
        assert caught.value.reason is Reason.TOO_MANY


async def test_who_is_not_bound_finds_nothing_and_it_is_no_answer(server: Slapd) -> None:
    async with directory(server).connected() as conn:
        with pytest.raises(TransientError):
            await conn.search(server.base, BY_MAIL, {"address": "alice@example.org"}, ["mail"])


async def test_a_server_without_a_right_certificate_is_told_nothing(server: Slapd, tmp_path: Path) -> None:
    from tests.support.certificates import write_certificate

    other, _key = write_certificate(tmp_path, "localhost")
    for url in (server.ldap, server.ldaps, server.ldaps.replace("localhost", "127.0.0.1")):
        ca = server.ca if "127" in url else other
        with pytest.raises(TransientError):
            async with directory(server, url, ca=ca).connected():
                pass


async def test_the_next_server_is_asked_when_one_is_away(server: Slapd) -> None:
    async with directory(server, "ldaps://localhost:1", "ldaps://nowhere.test", server.ldaps).connected() as conn:
        assert await conn.bind(READER, READER_PASSWORD)
    with pytest.raises(TransientError):
        async with directory(server, "ldaps://nowhere.test").connected():
            pass


async def test_a_directory_that_is_away_rests_so_that_nobody_waits_for_each_try(server: Slapd) -> None:
    clock = FixedClock()
    zone, tls = CountingZone(), ClientTls()
    ldap = Ldap([LdapUrl("nowhere.test", 636, True)], Dialer(Sweeper(clock)), zone, tls, clock)
    asked = []
    for advance_s in (0.0, REST_S - 0.1, 0.2):
        clock.advance(advance_s)
        with pytest.raises(TransientError) as caught:
            async with ldap.connected():
                pass
        assert caught.value.reason is Reason.UNREACHABLE
        asked.append(zone.asked)
    assert asked == [2, 2, 4]


class CountingZone:
    asked = 0

    async def query(self, name: object, rdtype: str) -> Answer:
        self.asked += 1
        return Answer(Status.NXDOMAIN)


class Answering:
    """A connection to a server that answers each request in the same way."""

    def __init__(self, code: int, *, tag: int = 0x61, cookie: bytes = b"") -> None:
        self.code, self.tag, self.cookie = code, tag, cookie
        self.asked = 0

    def deadline(self, seconds: float) -> None:
        pass

    async def send(self, data: bytes) -> None:
        self.asked += 1

    async def events(self, engine: object) -> AsyncIterator[Result]:
        yield Result(self.asked, self.code, "said", self.cookie)

    def ldap(self) -> LdapConnection:
        conn: Any = self
        return LdapConnection(conn, LdapUrl.parse("ldaps://dc.test"), 5)


@pytest.mark.parametrize("code", [19, 32, 34, 48, 49, 50, 53])
async def test_who_is_gone_locked_or_without_a_password_is_not_let_in(code: int) -> None:
    assert not await Answering(code).ldap().bind("uid=a", Secret("x"))


@pytest.mark.parametrize("code", [1, 2, 3, 8, 13, 51, 52, 80])
async def test_what_is_wrong_with_the_server_is_no_answer(code: int) -> None:
    with pytest.raises(TransientError):
        await Answering(code).ldap().bind("uid=a", Secret("x"))


async def test_a_search_that_has_ever_another_page_ends() -> None:
    answering = Answering(0, cookie=b"more")
    with pytest.raises(TransientError):
        await answering.ldap().search("dc=a", BY_MAIL, {"address": "a"}, ["mail"], entries_max=2)
    assert answering.asked < 5


async def test_who_does_not_answer_is_given_up(server: Slapd) -> None:
    clock = FixedClock()
    sweeper = Sweeper(clock)
    done = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        clock.advance(6)
        sweeper.sweep()
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        done.set()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        with pytest.raises(TransientError):
            async with directory(server, f"ldap://localhost:{port}", sweeper=sweeper).connected():
                pass
        await done.wait()
    finally:
        listening.close()
        await listening.wait_closed()


async def test_what_stands_in_clear_behind_the_answer_to_starttls_answers_nothing(server: Slapd) -> None:
    """Somebody on the way adds the answer to the bind that will come: it would be anybody's password."""
    done = asyncio.Event()
    forged = ber.sequence(
        ber.integer(2), ber.sequence(ber.integer(0, ber.ENUMERATED), *[ber.octets(b"")] * 2, tag=0x61)
    )

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", LdapUrl.parse(server.ldap).port)
        back.write(await reader.read(100))
        writer.write(await there.read(100) + forged)
        await asyncio.gather(_carry(reader, back), _carry(there, writer))
        done.set()

    listening = await asyncio.start_server(between, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        async with directory(server, f"ldap://localhost:{port}").connected() as conn:
            assert not await conn.bind("uid=alice,ou=people,dc=example,dc=org", Secret("wrong"))
            assert await conn.bind("uid=alice,ou=people,dc=example,dc=org", Secret("alice-password"))
    finally:
        await done.wait()
        listening.close()
        await listening.wait_closed()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(4096):
            writer.write(data)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ldaps://dc.example.org", ("dc.example.org", 636, True)),
        ("ldap://DC.example.org/", ("dc.example.org", 389, False)),
        ("ldap://[::1]:3389", ("::1", 3389, False)),
    ],
)
def test_a_url_names_a_server(text: str, expected: tuple[str, int, bool]) -> None:
    url = LdapUrl.parse(text)
    assert (url.host, url.port, url.is_implicit_tls) == expected
    assert str(url).startswith(text.partition("://")[0])


@pytest.mark.parametrize(
    "text", ["", "http://a", "ldap://", "ldap://a:0", "ldap://a:99999", "ldap://u@a", "ldap://a/dc=b"]
)
def test_anything_else_is_no_url(text: str) -> None:
    with pytest.raises(PermanentError):
        LdapUrl.parse(text)
