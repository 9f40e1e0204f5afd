"""DANE and MTA-STS between two whole installations and Debian's Postfix, over a DNS with a signed root.

The servers run as an administrator starts them, and are known to each other by the records that ``skrytka dns`` prints.
What became of each message is what ``trace``, ``queue show`` and ``tls report`` say.
"""

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.chains import issue, tlsa, write_chain
from tests.support.https_server import HttpsPeer, https_peer
from tests.support.ports import free_base
from tests.support.postfix import DanePostfix, PostfixPeer
from tests.support.sites import AUTHORITY, Event, Site, two_sites
from tests.support.sites import World as Sites
from tests.support.stripping import stripping

pytestmark = [pytest.mark.needs("knot", "unbound", "postfix", "root"), pytest.mark.timeout(300)]

POSTFIX = issue("mail.peer.test", names=("mail.peer.test",))
STRANGER = issue("stranger")
OLD, FRESH = "old.insecure", "fresh.insecure"  # of policies that expire, and that change
HOSTED = ("wrong.test", "down.test", "clear.test", "sts.insecure", OLD, FRESH)  # by b, besides b.test
ELSEWHERE = b"version: STSv1\nmode: enforce\nmx: elsewhere.insecure\nmax_age: %d\n"
NAMED = b"version: STSv1\nmode: enforce\nmx: mail.b.test\nmax_age: 86400\n"
LETTER = b"From: x@sender.test\nTo: eva@b.test\nSubject: dane\n\nhello\n"


def records(a: Site, b: Site, base: str) -> tuple[str, str]:
    """Wrong TLSA, a server whose STARTTLS is taken out, a Postfix, and MTA-STS without DNSSEC."""
    a.change({"outbound": {"tls_demands": [{"domain": "demanded.test", "level": "dane"}]}})
    own = next(line for line in b.zone().splitlines() if line.startswith("_25._tcp."))
    _, right = own.split(" TLSA ")
    wrong = _text(tlsa(3, 1, 1, STRANGER))
    servers = {
        "wrong.test": ("mx.wrong.test", 2, wrong),
        "down.test": ("mx.down.test", 3, right),
        "clear.test": ("mx.clear.test", 3, ""),
        "demanded.test": ("mx.demanded.test", 2, ""),
        "peer.test": ("mail.peer.test", 5, _text(tlsa(3, 1, 1, POSTFIX))),
        "badpeer.test": ("mx.badpeer.test", 5, wrong),
    }
    signed = ""
    for domain, (host, number, record) in servers.items():
        signed += f"{domain}. MX 10 {host}.\n{host}. A {base}{number}\n"
        signed += f"_25._tcp.{host}. TLSA {record}\n" if record else ""
    policy = next(line for line in b.zone().splitlines() if line.startswith("_mta-sts.")).partition(" TXT ")[2]
    insecure = f"_mta-sts.sts.insecure. TXT {policy}\nmta-sts.sts.insecure. A {base}2\n"
    for domain in (OLD, FRESH):
        insecure += f'_mta-sts.{domain}. 1 TXT "v=STSv1; id=1"\nmta-sts.{domain}. A {base}4\n'
    return signed, insecure + "".join(f"{domain}. MX 10 mail.b.test.\n" for domain in ("sts.insecure", OLD, FRESH))


def _text(record: Any) -> str:
    return f"{record.usage} {record.selector} {record.matching} {record.data.hex()}"


@contextmanager
def policy_host(folder: Path, address: str) -> Iterator[HttpsPeer]:
    """In a thread of its own, for the test waits for other programs."""
    leaf = issue("policies", AUTHORITY, names=tuple(f"mta-sts.{domain}" for domain in (OLD, FRESH)))
    loop, found, is_ready = asyncio.new_event_loop(), [], threading.Event()
    done = asyncio.Event()

    async def serve() -> None:
        async with https_peer(folder, (leaf, AUTHORITY), address=address, port=443) as peer:
            found.append(peer)
            is_ready.set()
            await done.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert is_ready.wait(20)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(20)
        loop.close()


class World(NamedTuple):
    sites: Sites
    policies: HttpsPeer
    postfix: PostfixPeer


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = Path("/tmp") / f"skrytka-sites-{time.monotonic_ns()}"  # Postfix wants a path that others may enter
    folder = tmp_path_factory.mktemp("sites")
    names = ("mta-sts.sts.insecure",)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        sites = stack.enter_context(two_sites(folder, records, names=names, hosted=HOSTED))
        stack.enter_context(stripping(f"{sites.base}3", 25, (sites.b.address, 25)))
        policies = stack.enter_context(policy_host(folder, f"{sites.base}4"))
        root.mkdir()
        certificate, key = write_chain(root, POSTFIX)
        more = f"smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {key}, {certificate}\n"
        domains = "peer.test badpeer.test"
        postfix = PostfixPeer(root / "peer", 25, route=25, more=more, address=f"{sites.base}5", domain=domains)
        yield World(sites, policies, stack.enter_context(postfix))


class Sent(NamedTuple):
    """What became of one message, as the programs tell it."""

    end: Event
    session: Event
    trace: str

    @property
    def kind(self) -> str:
        return str(self.end["kind"])


@pytest.fixture(scope="module")
def sent(world: World) -> dict[str, Sent]:
    """To each domain by MX records that DNSSEC vouches for, and to one by MTA-STS."""
    a = world.sites.a
    domains = (
        "b.test",
        "demanded.test",
        "wrong.test",
        "down.test",
        "clear.test",
        "peer.test",
        "badpeer.test",
        "sts.insecure",
    )
    traces = {domain: a.submit(f"postmaster@{domain}") for domain in domains}
    return {domain: Sent(a.became(trace), a.session_of(trace), trace) for domain, trace in traces.items()}


@pytest.mark.parametrize(
    ("domain", "kind"),
    [("b.test", "tlsa"), ("peer.test", "tlsa"), ("sts.insecure", "sts")],
)
def test_a_proven_server_gets_the_mail(sent: dict[str, Sent], domain: str, kind: str) -> None:
    found = sent[domain]
    assert found.kind == "message_relayed", found
    assert (found.session["policy_type"], found.session["result"]) == (kind, "")
    assert (found.session["version"], found.session["is_verified"]) == ("TLSv1.3", True)


@pytest.mark.parametrize(
    ("domain", "status", "result"),
    [
        ("wrong.test", "4.7.5", "certificate-not-trusted"),
        ("badpeer.test", "4.7.5", "certificate-not-trusted"),
        ("down.test", "4.7.10", "starttls-not-supported"),
        ("demanded.test", "4.7.4", "validation-failure"),  # it has no TLSA, and a setting wants it
    ],
)
def test_what_is_not_proven_waits_and_the_queue_says_why(
    world: World, sent: dict[str, Sent], domain: str, status: str, result: str
) -> None:
    found = sent[domain]
    assert (found.kind, found.session["result"]) == ("delivery_deferred", result), found
    assert found.session["version"] == ""
    (row,) = world.sites.a.result("queue", "list", "--domain", domain)
    (shown,) = world.sites.a.result("queue", "show", row["id"])
    assert (shown["reason"], shown["trace"]) == (status, found.trace)
    assert any(word in shown["why"] for word in ("TLS", "certificate", "tls_demands")), shown


def test_without_records_mail_goes_in_clear_where_starttls_was_taken_out(sent: dict[str, Sent]) -> None:
    found = sent["clear.test"]
    assert (found.kind, found.session["policy_type"]) == ("message_relayed", "no-policy-found"), found
    assert (found.session["version"], found.session["result"]) == ("", "starttls-not-supported")


def test_the_report_counts_what_was_proven_what_failed_and_who_is_in_clear(world: World, sent: dict[str, Sent]) -> None:
    report = world.sites.a.result("tls", "report")
    (outbound,) = [row for row in report["services"] if row["service"] == "outbound"]
    assert (outbound["verified"], outbound["grades"]["clear"]) == (3, 1), outbound
    assert outbound["failed"] >= 4, outbound
    assert "mx.clear.test" in str(report["peers"])
    assert "Everybody" not in world.sites.a.do("tls", "report")
    assert len(sent) == 8


def test_what_came_is_of_the_domain_that_it_says(world: World, sent: dict[str, Sent]) -> None:
    """DNS-15, DNS-17 to DNS-22 as the other server sees them: SPF and both signatures pass, aligned."""
    events = world.sites.b.result("trace", "eva@a.test")
    found = [event["fields"] for event in events if event["kind"] == "sender_checked"]
    (checked, *_) = [each for each in found if each["recipient_domains"] != ["clear.test"]]  # that came another way
    assert (checked["spf"], checked["dmarc"]) == ("pass", "pass"), checked
    assert len(sent) == 8


def test_a_policy_that_changes_holds_from_when_dns_shows_it(world: World) -> None:
    """RFC 8461 3.3: another id, another policy."""
    a, dns = world.sites.a, world.sites.dns
    world.policies.says(ELSEWHERE % 86_400)
    trace = a.submit(f"postmaster@{FRESH}")
    assert a.became(trace)["kind"] == "delivery_deferred"
    assert a.session_of(trace)["policy_type"] == "sts"
    world.policies.says(NAMED)
    dns.change(f"_mta-sts.{FRESH}", "TXT", '"v=STSv1; id=2"')
    _retry_until_it_goes(a, FRESH, trace)
    assert a.session_of(trace)["is_verified"] is True


def test_a_policy_that_has_expired_and_cannot_be_had_again_binds_nobody(world: World) -> None:
    """RFC 8461 5.1: until then it holds, though its host is gone."""
    a = world.sites.a
    world.policies.says(ELSEWHERE % 5)
    trace = a.submit(f"postmaster@{OLD}")
    assert a.became(trace)["kind"] == "delivery_deferred"
    assert a.session_of(trace)["policy_type"] == "sts"
    world.policies.says(b"gone", status="503 Service Unavailable")
    _retry_until_it_goes(a, OLD, trace)
    found = a.session_of(trace)
    assert (found["policy_type"], found["is_verified"]) == ("no-policy-found", False)


def _retry_until_it_goes(a: Site, domain: str, trace: str) -> None:
    """Tries come as often as an administrator asks for them."""

    def is_gone() -> bool:
        for row in a.result("queue", "list", "--domain", domain):
            a.run("queue", "retry", row["id"])  # it may be gone by now
        return any(event["kind"] == "message_relayed" for event in a.events(trace))

    a.wait_until(is_gone)


@pytest.mark.parametrize(
    ("recipient", "said"),
    [("eva@b.test", "Verified TLS connection"), ("postmaster@wrong.test", "Server certificate not verified")],
)
def test_a_postfix_that_asks_for_dane_comes_to_the_same_verdict(world: World, recipient: str, said: str) -> None:
    root = Path("/tmp") / f"skrytka-dane-{time.monotonic_ns()}"
    postfix = DanePostfix(root, free_base([0]), world.sites.dns.address)
    try:
        postfix.start()
        postfix.run("sendmail", "-C", postfix.conf, "-f", "x@sender.test", recipient, data=LETTER)
        end = time.monotonic() + 60
        while said not in postfix.log:
            assert time.monotonic() < end, postfix.log
            time.sleep(0.1)
    finally:
        postfix.stop()
        shutil.rmtree(root, ignore_errors=True)
    if recipient == "eva@b.test":
        b = world.sites.b
        b.wait_until(lambda: any(e["kind"] == "message_delivered" for e in b.result("trace", "x@sender.test")))


def test_a_resolver_that_does_not_validate_protects_nobody_and_the_server_says_so(world: World) -> None:
    """The last test: a runs with another resolver afterwards."""
    a = world.sites.a
    a.change({"dns": {"resolvers": [f"127.0.0.1:{world.sites.dns.plain}"]}})
    assert a.stop() == 0
    a.start()
    assert "NOT protected by DANE" in a.run("config", "check").stdout
    trace = a.submit("postmaster@wrong.test")
    assert a.became(trace)["kind"] == "message_relayed"
    found = a.session_of(trace)
    assert (found["policy_type"], found["is_verified"]) == ("no-policy-found", False)
    assert _faults(a, "F-dnssec")


def _faults(a: Site, fault: str) -> Any:
    return a.wait_until(lambda: [p for p in a.root.glob("events/*/system*.jsonl") if fault in p.read_text()])
