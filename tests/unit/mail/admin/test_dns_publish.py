"""Against a real Knot: what is planned, what is done, and what stays."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from skrytka.mail.admin.dns_deps import DnsDeps, Zone
from skrytka.mail.admin.dns_memory import Published
from skrytka.model.address import Domain
from skrytka.model.clock import FixedClock
from skrytka.model.dns import Answer, Server, Status
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import DnsPublished
from skrytka.net.dns.stub import StubResolver
from skrytka.net.dns.update import TsigKey, update
from skrytka.protocol.mailauth.dkim.key import Algorithm
from skrytka.protocol.published.wanted import Served, is_within
from skrytka.store.rows import DkimState
from skrytka.store.system import SystemRandom
from tests.support.knot import KEY, OTHER_SECRET, knot
from tests.support.published import LEAF, NEXT, Kept
from tests.support.signing import give_keys, use_keys
from tests.unit.mail.admin.test_dns import admin_of
from tests.unit.mail.world import ACTOR, World

pytestmark = pytest.mark.needs("knot")
MX = "example.org. 3600 IN MX 10 mail.example.org."
DMARC = '_dmarc.example.org. 3600 IN TXT "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org"'


class Recursive:
    """Asks the Knot about its zone; nothing else exists."""

    def __init__(self, server: Server) -> None:
        self._stub = StubResolver([server], FixedClock(), SystemRandom())

    async def query(self, name: Domain | str, rdtype: str) -> Answer:
        if is_within(str(name), "example.org"):
            return await self._stub.query(name, rdtype)
        return Answer(Status.NXDOMAIN)


class Site:
    """example.org here, its zone in a Knot."""

    def __init__(self, world: World, server: Server) -> None:
        self.world, self.server, self.kept, self.key = world, server, Kept(), KEY
        self.chain = LEAF
        deps = DnsDeps(
            resolver=lambda: Recursive(server),
            memory=self.kept,
            hostname="mail.example.org",
            ports={"smtp": 25, "imaps": 993},
            addresses=("192.0.2.25",),
            served=lambda: (Served(25, (self.chain,)),),
            zones=(Zone(name="example.org", server=server, place=f"127.0.0.1 {server.port}", read_key=self._key),),
        )
        self.admin = admin_of(world, deps)

    def _key(self) -> TsigKey:
        return self.key

    async def publish(self) -> tuple[str, ...]:
        plan = await self.admin.publishing.plan("example.org")
        return (await self.admin.publishing.publish("example.org", plan, ACTOR)).undo

    async def ask(self, name: str, rdtype: str) -> Answer:
        return await StubResolver([self.server], FixedClock(), SystemRandom()).query(name, rdtype)

    async def faults(self) -> set[tuple[str, str]]:
        found = await self.admin.dns.look("example.org")
        return {(each.name, each.type) for each in found.records if each.is_fault and each.type != "PTR"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with knot(tmp_path) as running:
        yield running


@pytest.fixture
async def site(world: World, server: Server) -> Site:
    await world.admin.domains.add("example.org", ACTOR)
    return Site(world, server)


async def test_what_is_missing_is_published_once_and_can_be_undone(site: Site) -> None:
    plan = await site.admin.publishing.plan("example.org")
    assert (plan.zones[0].remove, plan.zones[0].left, plan.elsewhere) == ((), (), ())
    assert {MX, DMARC} <= set(plan.zones[0].add)
    assert not [line for line in plan.zones[0].add if "in-addr.arpa" in line or " SOA " in line]
    undo = await site.publish()
    assert await site.faults() == set()
    event = site.world.events.events[-1]
    assert event == DnsPublished(
        actor=ACTOR, domain="example.org", zone="example.org", added=plan.zones[0].add, removed=()
    )
    assert {one.line for one in site.kept.memory.published} == set(plan.zones[0].add)
    assert undo[:2] == (f"server 127.0.0.1 {site.server.port}", "zone example.org")
    assert f"update delete {MX}" in undo
    again = await site.admin.publishing.plan("example.org")
    assert (again.zones[0].add, again.zones[0].remove) == ((), ())
    assert await site.publish() == ()


async def test_what_somebody_else_published_stays(site: Site) -> None:
    await update(
        site.server,
        "example.org",
        KEY,
        add=["example.org. 60 IN MX 5 elsewhere.example.", '_dmarc.example.org. 60 IN TXT "v=DMARC1; p=none"'],
        remove=[],
    )
    plan = await site.admin.publishing.plan("example.org")
    assert set(plan.zones[0].left) == {MX, DMARC}
    assert not {MX, DMARC} & set(plan.zones[0].add)
    await site.publish()
    assert [mx.exchange for mx in (await site.ask("example.org", "MX")).exchanges] == ["elsewhere.example"]
    assert (await site.ask("_dmarc.example.org", "TXT")).strings == (b"v=DMARC1; p=none",)
    assert b"google-site-verification=abc" in (await site.ask("example.org", "TXT")).strings


async def test_a_key_that_was_given_up_is_taken_back(site: Site) -> None:
    made = await give_keys(site.world, "example.org", (Algorithm.ED25519_SHA256,))
    [(name, text)] = made.items()
    await site.publish()
    assert (await site.ask(name, "TXT")).strings == (text.encode(),)
    await use_keys(site.world, "example.org", DkimState.REVOKED)
    plan = (await site.admin.publishing.plan("example.org")).zones[0]
    assert [line.split(" ")[0] for line in (*plan.remove, *plan.add)] == [f"{name}.", f"{name}."]
    undo = await site.publish()
    [revoked] = (await site.ask(name, "TXT")).strings
    assert revoked.endswith(b"p=")
    assert f"update add {plan.remove[0]}" in undo


async def test_an_old_association_goes_only_when_the_new_one_is_there(site: Site) -> None:
    await site.publish()
    old = (await site.ask("_25._tcp.mail.example.org", "TLSA")).associations
    site.chain = NEXT
    plan = (await site.admin.publishing.plan("example.org")).zones[0]
    assert (len(plan.add), len(plan.remove)) == (1, 1)  # the old one fits nothing that is served
    await site.publish()
    new = (await site.ask("_25._tcp.mail.example.org", "TLSA")).associations
    assert len(new) == 1
    assert new != old
    assert await site.faults() == set()


async def test_what_means_the_same_is_not_rewritten(site: Site) -> None:
    await site.publish()
    ours = Published("example.org", DMARC)
    await update(site.server, "example.org", KEY, add=[DMARC.replace("quarantine", "reject")], remove=[DMARC])
    assert ours in site.kept.memory.published
    assert (await site.admin.publishing.plan("example.org")).zones[0].remove == ()


async def test_what_was_published_for_another_domain_is_left_alone(site: Site) -> None:
    other = Published("sub.example.org", 's9._domainkey.sub.example.org. 3600 IN TXT "v=DKIM1; p="')
    site.kept.memory = msgspec.structs.replace(site.kept.memory, published=(other,))
    assert (await site.admin.publishing.plan("example.org")).zones[0].remove == ()


async def test_what_changed_meanwhile_has_to_be_looked_at_again(site: Site) -> None:
    plan = await site.admin.publishing.plan("example.org")
    await update(site.server, "example.org", KEY, add=[DMARC], remove=[])
    with pytest.raises(PermanentError, match="look at the changes again"):
        await site.admin.publishing.publish("example.org", plan, ACTOR)
    assert (await site.ask("example.org", "MX")).exchanges == ()


async def test_a_refusal_leaves_nothing_done_and_nothing_remembered(site: Site) -> None:
    site.key = msgspec.structs.replace(KEY, secret=OTHER_SECRET)
    with pytest.raises(PermanentError) as caught:
        await site.publish()
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert site.kept.memory.published == ()
    assert not [event for event in site.world.events.events if isinstance(event, DnsPublished)]


async def test_of_a_domain_elsewhere_only_the_records_of_the_server_are_published(site: Site) -> None:
    plan = await site.admin.publishing.plan("example.test")
    assert {line.split(" ")[0] for line in plan.zones[0].add} == {"mail.example.org.", "_25._tcp.mail.example.org."}
    assert "example.test. 3600 IN MX 10 mail.example.org." in plan.elsewhere


async def test_without_a_zone_in_the_settings_it_is_told(site: Site) -> None:
    deps = site.admin.dns._deps.dns
    assert deps is not None
    with pytest.raises(PermanentError, match=r"\[\[dns.publish\]\]"):
        await admin_of(site.world, dataclasses.replace(deps, zones=())).publishing.plan("example.org")
