"""DANE and MTA-STS over a real DNS: a root that Debian's knot signs, and Debian's unbound that validates, or does not.

The servers are a second Skrytka's port 25 and Debian's Postfix. What is sent comes from the courier itself.
"""

import asyncio
import datetime as dt
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from skrytka.daemon.dnssec import Dnssec, look
from skrytka.model.dns import Server, Tlsa
from skrytka.model.events import OutboundTls
from skrytka.net.dns.stub import StubResolver
from skrytka.protocol.tlspolicy.dane import record_text
from tests.support.chains import Issued, issue, tlsa, write_chain
from tests.support.https_server import https_peer
from tests.support.outside import Outside, peer
from tests.support.ports import free_base
from tests.support.postfix import DanePostfix, PostfixPeer
from tests.support.signed_dns import SignedDns, signed_dns
from tests.support.tls_peer import tls_peer
from tests.unit.mail.support import CountingRandom
from tests.unit.mail.world import World

pytestmark = pytest.mark.needs("knot", "unbound")

NOW = dt.datetime.fromtimestamp(1_800_000_000, dt.UTC)  # of a world's clock
ROOT = issue("root", is_authority=True, around=NOW)
BETWEEN = issue("between", ROOT, is_authority=True, around=NOW)
LEAF = issue("leaf", BETWEEN, names=("mx.ta.test", "both.test"), around=NOW)
STRANGER = issue("stranger", is_authority=True, around=NOW)
CHAIN = (LEAF, BETWEEN, ROOT)
UNUSABLE = Tlsa(1, 1, 1, bytes(32))
WEB_ROOT = issue("web root", is_authority=True)
WEB = issue("web", WEB_ROOT, names=("mta-sts.sts.insecure",))
STS_LEAF = issue("sts leaf", WEB_ROOT, names=("mx.sts.insecure",))

RIGHT = {
    "ee-spki-256": [tlsa(3, 1, 1, LEAF)],
    "ee-cert-256": [tlsa(3, 0, 1, LEAF)],
    "ee-spki-full": [tlsa(3, 1, 0, LEAF)],
    "ee-cert-full": [tlsa(3, 0, 0, LEAF)],
    "ee-spki-512": [tlsa(3, 1, 2, LEAF)],
    "ee-second": [tlsa(3, 1, 1, STRANGER), tlsa(3, 1, 1, LEAF)],
    "ee-mixed": [UNUSABLE, tlsa(3, 1, 1, LEAF)],
    "ta": [tlsa(2, 1, 1, BETWEEN)],
    "both": [tlsa(2, 0, 1, ROOT)],  # by the name of the domain, not of the server
}
ED_ROOT = issue("ed root", is_authority=True, around=NOW, key=Ed25519PrivateKey.generate())
ED_LEAF = issue("leaf", ED_ROOT, names=("mx.ed25519.test",), around=NOW)
KEY_LEAF = issue("leaf", BETWEEN, names=("mx.bare-key.test",), around=NOW)
BEYOND = {  # the library
    "bare-key": ([tlsa(2, 1, 0, ROOT)], (KEY_LEAF, BETWEEN)),  # which lacks the certificate of that key
    "ed25519": ([tlsa(2, 1, 1, ED_ROOT)], (ED_LEAF, ED_ROOT)),
}
WRONG = {
    "wrong-ee": ([tlsa(3, 1, 1, STRANGER)], "certificate-not-trusted"),
    "wrong-ta": ([tlsa(2, 0, 1, STRANGER)], "certificate-not-trusted"),
    "wrong-name": ([tlsa(2, 0, 1, ROOT)], "certificate-host-mismatch"),
    "wrong-agility": ([tlsa(3, 1, 1, LEAF), tlsa(3, 1, 2, STRANGER)], "certificate-not-trusted"),
}


def zone(domain: str, records: list[Tlsa], host: str = "") -> str:
    """A wildcard stands for the port, which is not known yet."""
    host = host or f"mx.{domain}"
    lines = [f"{domain}.test. MX 10 {host}.test.", f"{host}.test. A 127.0.0.1"]
    lines += [f"*._tcp.{host}.test. TLSA {record_text(record)}" for record in records]
    return "\n".join(lines) + "\n"


ALIASED = f"""\
alias.test. MX 10 mx.alias.test.
mx.alias.test. CNAME real.test.
real.test. A 127.0.0.1
*._tcp.real.test. TLSA {record_text(tlsa(3, 1, 1, LEAF))}
out.test. MX 10 mx.out.test.
mx.out.test. CNAME host.insecure.
*._tcp.mx.out.test. TLSA {record_text(tlsa(3, 1, 1, STRANGER))}
shared.test. MX 10 mx.shared.test.
mx.shared.test. A 127.0.0.1
*._tcp.mx.shared.test. CNAME tlsa.shared.test.
tlsa.shared.test. TLSA {record_text(tlsa(3, 1, 1, LEAF))}
broken.test. MX 10 mx.broken.test.
mx.broken.test. A 127.0.0.1
*._tcp.mx.broken.test. CNAME tlsa.bogus.
"""
INSECURE = """\
host.insecure. A 127.0.0.1
redirected.insecure. MX 10 mx.wrong-ee.test.
sts.insecure. MX 10 mx.sts.insecure.
mx.sts.insecure. A 127.0.0.1
mta-sts.sts.insecure. A 127.0.0.1
_mta-sts.sts.insecure. TXT "v=STSv1; id=1;"
"""
BOGUS = f"all.bogus. MX 10 mx.ta.test.\ntlsa.bogus. TLSA {record_text(tlsa(3, 1, 1, LEAF))}\n"


@pytest.fixture(scope="module")
def postfix_leaf() -> Issued:
    return issue("mail.peer.test", names=("mail.peer.test",))


@pytest.fixture(scope="module")
def dns(postfix_leaf: Issued) -> Iterator[SignedDns]:
    signed = "".join(zone(name, records) for name, records in RIGHT.items())
    signed += "".join(zone(name, records) for name, (records, _result) in WRONG.items())
    signed += "".join(zone(name, records) for name, (records, _chain) in BEYOND.items())
    signed += zone("unusable", [UNUSABLE]) + zone("peer", [tlsa(3, 1, 1, postfix_leaf)], "mail.peer")
    signed += zone("downgraded", [tlsa(3, 1, 1, LEAF)]) + zone("plain", []) + ALIASED
    with signed_dns(signed, INSECURE, BOGUS) as found:
        yield found


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    found = World(tmp_path)
    await found.ready()
    yield found
    await found.close()


class Told(NamedTuple):
    reason: str
    events: list[OutboundTls]


def outside(world: World, port: int, resolver_port: int, **more: object) -> Outside:
    resolver = StubResolver([Server("127.0.0.1", resolver_port)], world.clock, CountingRandom(), timeout_s=10.0)
    return Outside(world, port, resolver=resolver, **more)  # type: ignore[arg-type]


async def send(world: World, sending: Outside, recipient: str) -> Told:
    await sending.submit(recipient)
    await sending.courier.run_once()
    rows = await sending.queue()
    events = [event for event in world.events.events if isinstance(event, OutboundTls)]
    return Told(rows[0].reason if rows else "", events)


async def to_skrytka(
    world: World, folder: Path, resolver_port: int, domain: str, chain: tuple[Issued, ...] = CHAIN
) -> tuple[int, Told]:
    async with tls_peer(folder, chain) as mx:
        told = await send(world, outside(world, mx.port, resolver_port), f"bob@{domain}")
        return len(mx.delivery.delivered), told


@pytest.mark.parametrize("domain", [*RIGHT, "alias", "shared"])
async def test_right_records(world: World, dns: SignedDns, tmp_path: Path, domain: str) -> None:
    delivered, told = await to_skrytka(world, tmp_path, dns.validating, f"{domain}.test")
    assert (delivered, told.reason) == (1, "")
    (event,) = told.events
    assert (event.policy_type, event.result, event.is_verified) == ("tlsa", "", True)
    assert event.policy_domain == ("real.test" if domain == "alias" else f"mx.{domain}.test")


@pytest.mark.parametrize("domain", list(BEYOND))
async def test_what_the_library_does_not_verify(world: World, dns: SignedDns, tmp_path: Path, domain: str) -> None:
    chain = BEYOND[domain][1]
    delivered, told = await to_skrytka(world, tmp_path, dns.validating, f"{domain}.test", chain)
    assert (delivered, told.reason) == (1, "")
    assert [(event.result, event.is_verified) for event in told.events] == [("", True)]


@pytest.mark.parametrize("domain", list(WRONG))
async def test_wrong_records(world: World, dns: SignedDns, tmp_path: Path, domain: str) -> None:
    delivered, told = await to_skrytka(world, tmp_path, dns.validating, f"{domain}.test")
    assert (delivered, told.reason) == (0, "4.7.5")
    assert [event.result for event in told.events] == [WRONG[domain][1]]


@pytest.mark.parametrize("domain", ["downgraded", "unusable"])
async def test_a_server_whose_starttls_was_taken_out(world: World, dns: SignedDns, domain: str) -> None:
    async with peer() as mx:
        told = await send(world, outside(world, mx.port, dns.validating), f"bob@{domain}.test")
    assert mx.messages == []
    assert told.reason == "4.7.10"


@pytest.mark.parametrize("domain", ["all.bogus", "broken.test"])
async def test_what_is_bogus_is_not_used(world: World, dns: SignedDns, tmp_path: Path, domain: str) -> None:
    delivered, told = await to_skrytka(world, tmp_path, dns.validating, domain)
    assert (delivered, told.reason, told.events) == (0, "4.4.3", [])


@pytest.mark.parametrize(
    ("domain", "kind"),
    [
        ("plain.test", "no-policy-found"),  # signed, without TLSA
        ("redirected.insecure", "no-policy-found"),  # an MX that nobody vouches for
        ("unusable.test", "tlsa"),
    ],
)
async def test_where_nothing_is_proven_mail_goes_under_any_tls(
    world: World, dns: SignedDns, tmp_path: Path, domain: str, kind: str
) -> None:
    delivered, told = await to_skrytka(world, tmp_path, dns.validating, domain)
    assert delivered == 1
    assert [(event.policy_type, event.result, event.is_verified) for event in told.events] == [(kind, "", False)]


async def test_a_server_that_is_an_alias_into_an_unsigned_zone_has_the_records_of_its_own_name(
    world: World, dns: SignedDns, tmp_path: Path
) -> None:
    """RFC 7672 2.2.2, insecure CNAME."""
    delivered, told = await to_skrytka(world, tmp_path, dns.validating, "out.test")
    assert (delivered, told.reason) == (0, "4.7.5")
    assert [event.policy_domain for event in told.events] == ["mx.out.test"]


@pytest.mark.parametrize("domain", ["wrong-ee.test", "all.bogus", "broken.test"])
async def test_without_a_resolver_that_validates_there_is_no_dane(
    world: World, dns: SignedDns, tmp_path: Path, domain: str
) -> None:
    delivered, told = await to_skrytka(world, tmp_path, dns.plain, domain)
    assert delivered == 1
    assert [event.policy_type for event in told.events] == ["no-policy-found"]


async def test_who_validates_is_seen(world: World, dns: SignedDns) -> None:
    for port, expected in ((dns.validating, Dnssec.VALIDATED), (dns.plain, Dnssec.NOT_VALIDATED)):
        resolver = StubResolver([Server("127.0.0.1", port)], world.clock, CountingRandom(), timeout_s=10.0)
        assert await look(resolver) is expected


@pytest.mark.needs("postfix", "root")
@pytest.mark.parametrize("is_right", [True, False])
async def test_debians_postfix(world: World, dns: SignedDns, postfix_leaf: Issued, is_right: bool) -> None:
    root = Path("/tmp") / f"skrytka-dane-{time.monotonic_ns()}"  # Postfix wants a path that others may enter
    root.mkdir()
    try:
        shown = postfix_leaf if is_right else issue("mail.peer.test", names=("mail.peer.test",))
        certificate, key = write_chain(root, shown)
        more = f"smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {key}, {certificate}\n"
        port = free_base([0])
        with PostfixPeer(root, port, route=port, more=more) as postfix:
            told = await send(world, outside(world, port, dns.validating), "anybody@peer.test")
            assert len(postfix.wait_for(1) if is_right else postfix.messages()) == is_right
    finally:
        shutil.rmtree(root, ignore_errors=True)
    assert told.reason == ("" if is_right else "4.7.5")
    (event,) = told.events
    assert (event.version, event.is_verified) == (("TLSv1.3", True) if is_right else ("", False))


LETTER = b"From: x@sender.test\nTo: bob@example.test\nSubject: dane\n\nhello\n"


@pytest.mark.needs("postfix", "root")
@pytest.mark.parametrize(
    ("domain", "said"), [("ee-spki-256", "Verified TLS connection"), ("wrong-ee", "Server certificate not verified")]
)
async def test_a_postfix_that_asks_for_dane_comes_to_the_same_verdict_about_us(
    dns: SignedDns, tmp_path: Path, domain: str, said: str
) -> None:
    root = Path("/tmp") / f"skrytka-dane-{time.monotonic_ns()}"
    async with tls_peer(tmp_path, CHAIN) as mx:
        postfix = DanePostfix(root, free_base([0]), dns.address, f"relayhost = [mx.{domain}.test]:{mx.port}\n")
        try:
            await asyncio.to_thread(postfix.start)
            sending = ("sendmail", "-C", postfix.conf, "-f", "x@sender.test", "bob@example.test")
            await asyncio.to_thread(lambda: postfix.run(*sending, data=LETTER))
            async with asyncio.timeout(60):
                while said not in postfix.log:  # noqa: ASYNC110 - another program writes it
                    await asyncio.sleep(0.1)
                while domain.startswith("ee") and not mx.delivery.delivered:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        finally:
            await asyncio.to_thread(postfix.stop)
            shutil.rmtree(root, ignore_errors=True)
        assert len(mx.delivery.delivered) == domain.startswith("ee")


@pytest.mark.parametrize(
    ("chain", "mode", "delivered", "result"),
    [
        ((STS_LEAF,), "enforce", 1, ""),
        ((STRANGER,), "enforce", 0, "certificate-not-trusted"),
        ((STRANGER,), "testing", 1, "certificate-not-trusted"),
        ((), "enforce", 0, "starttls-not-supported"),
    ],
)
async def test_mta_sts(
    world: World, dns: SignedDns, tmp_path: Path, chain: tuple[Issued, ...], mode: str, delivered: int, result: str
) -> None:
    write_chain(tmp_path, WEB_ROOT, stem="ca")
    ca_file = str(tmp_path / "ca.pem")
    async with tls_peer(tmp_path, chain) as mx, https_peer(tmp_path, (WEB,)) as web:
        web.says(f"version: STSv1\nmode: {mode}\nmx: *.sts.insecure\nmax_age: 86400\n".encode())
        sending = outside(world, mx.port, dns.validating, https_port=web.port, ca_file=ca_file)
        told = await send(world, sending, "bob@sts.insecure")
        assert len(mx.delivery.delivered) == delivered
    (event,) = told.events
    assert (event.policy_type, event.policy_domain, event.result) == ("sts", "sts.insecure", result)
