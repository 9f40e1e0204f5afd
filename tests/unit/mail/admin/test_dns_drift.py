import errno

import pytest

from skrytka.mail.admin.dns_deps import DnsDeps
from skrytka.mail.admin.dns_drift import DAY_MS
from skrytka.model.dns import Answer
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import DnsDrifted, DnsRecovered
from skrytka.net.dns.zone import StaticZone
from tests.support.published import Kept
from tests.unit.mail.admin.test_dns import admin_of
from tests.unit.mail.world import ACTOR, World

GOOD = """
example.test: [{MX: 10 mail.example.test}, {TXT: "v=spf1 mx -all"}]
mail.example.test: [{A: 192.0.2.25}, {TXT: "v=spf1 a -all"}]
25.2.0.192.in-addr.arpa: [{PTR: mail.example.test}]
_dmarc.example.test: [{TXT: "v=DMARC1; p=reject; rua=mailto:x@example.test"}]
_smtp._tls.example.test: [{TXT: "v=TLSRPTv1; rua=mailto:x@example.test"}]
_imaps._tcp.example.test: [{SRV: 0 1 993 mail.example.test.}]
"""
DMARC = "TXT _dmarc.example.test"


class Dns:
    """A zone that changes, and a server that may be silent about some names."""

    def __init__(self) -> None:
        self.zone = GOOD
        self.silent: str | None = None  # what the silent names begin with

    async def query(self, name: object, rdtype: str) -> Answer:
        if self.silent is not None and str(name).startswith(self.silent):
            raise TransientError(Reason.DNS_TIMEOUT)
        return await StaticZone.parse(self.zone).query(str(name), rdtype)


class Watch:
    """A drift check over a day of which one look after the other is made."""

    def __init__(self, world: World) -> None:
        self.world, self.dns, self.kept = world, Dns(), Kept()
        deps = DnsDeps(
            resolver=lambda: self.dns,
            memory=self.kept,
            hostname="mail.example.test",
            ports={"smtp": 25, "imaps": 993},
            block_lists=("bl.test",),
        )
        self.admin = admin_of(world, deps)

    async def look(self, *, later_ms: int = DAY_MS) -> list[object]:
        """The events of one call of the job, ``later_ms`` after the one before."""
        self.world.clock.advance(later_ms / 1000)
        before = len(self.world.events.events)
        await self.admin.drift.run()
        return list(self.world.events.events[before:])


@pytest.fixture
def watch(world: World) -> Watch:
    return Watch(world)


async def test_a_change_is_told_once_when_it_comes_and_once_when_it_goes(watch: Watch) -> None:
    assert await watch.look() == []
    watch.dns.zone = GOOD.replace("p=reject", "p=none").replace("v=TLSRPTv1", "nothing")
    drifted = DnsDrifted(
        domain="example.test", records=(f"wrong {DMARC}", "missing TXT _smtp._tls.example.test"), faults=2
    )
    assert await watch.look() == [drifted]
    assert await watch.look() == []
    watch.dns.zone = GOOD.replace("v=TLSRPTv1", "nothing")
    assert await watch.look() == [DnsRecovered(domain="example.test", records=(DMARC,), faults=1)]
    watch.dns.zone = GOOD
    assert [type(event) for event in await watch.look()] == [DnsRecovered]
    assert await watch.look() == []


async def test_a_block_list_is_told_as_any_change_and_one_that_refuses_is_not(watch: Watch) -> None:
    await watch.look()
    name = "25.2.0.192.bl.test"
    watch.dns.zone = GOOD + f"{name}: [{{A: 127.0.0.4}}]\n"
    assert await watch.look() == [DnsDrifted(domain="example.test", records=(f"wrong A {name}",), faults=1)]
    watch.dns.zone = GOOD + f"{name}: [{{A: 127.255.255.254}}]\n"
    assert await watch.look() == []  # unknown: it stays as it was
    watch.dns.zone = GOOD
    assert await watch.look() == [DnsRecovered(domain="example.test", records=(f"A {name}",), faults=0)]


async def test_it_looks_once_a_day_whenever_the_job_comes(watch: Watch) -> None:
    await watch.look()
    watch.dns.zone = GOOD.replace("p=reject", "p=none")
    assert await watch.look(later_ms=3_600_000) == []
    assert len(await watch.look(later_ms=23 * 3_600_000)) == 1


async def test_a_clock_that_went_back_makes_nothing_wait(watch: Watch) -> None:
    await watch.look(later_ms=10 * DAY_MS)
    watch.dns.zone = GOOD.replace("p=reject", "p=none")
    assert len(await watch.look(later_ms=-5 * DAY_MS)) == 1


async def test_what_nobody_answers_for_stays_as_it_was(watch: Watch) -> None:
    watch.dns.zone = GOOD.replace("p=reject", "p=none")
    await watch.look()
    watch.dns.zone, watch.dns.silent = GOOD, "_dmarc"
    assert await watch.look() == []
    watch.dns.silent = None
    assert [type(event) for event in await watch.look()] == [DnsRecovered]


async def test_a_dns_that_is_silent_is_a_fault_once_and_no_drift(watch: Watch) -> None:
    await watch.look()
    watch.dns.silent = ""
    with pytest.raises(TransientError, match="answered nothing"):
        await watch.look()
    assert await watch.look(later_ms=3_600_000) == []
    watch.dns.silent = None
    assert await watch.look(later_ms=3_600_000) == []  # an hour later, not a day
    assert watch.kept.memory.is_silent is False
    watch.dns.silent = ""
    with pytest.raises(TransientError):
        await watch.look()


async def test_the_list_of_domains_tells_what_was_seen(watch: Watch) -> None:
    [before] = await watch.admin.domains.list()
    assert (before.dns_faults, before.dns_looked_at_ms) == (None, None)
    watch.dns.zone = GOOD.replace("p=reject", "p=none")
    await watch.look()
    [after] = await watch.admin.domains.list()
    assert (after.dns_faults, after.dns_looked_at_ms) == (1, watch.world.clock.now_ms())


async def test_a_domain_that_is_gone_is_forgotten(watch: Watch) -> None:
    await watch.world.admin.domains.add("second.test", ACTOR)
    await watch.look()
    await watch.world.admin.domains.remove("second.test", ACTOR)
    assert set(watch.kept.memory.domains) == {"example.test", "second.test"}
    await watch.look()
    assert set(watch.kept.memory.domains) == {"example.test"}


async def test_a_disk_that_refuses_is_told_and_changes_are_not_told_again(watch: Watch) -> None:
    watch.kept.failure = OSError(errno.ENOSPC, "full")
    watch.dns.zone = GOOD.replace("p=reject", "p=none")
    with pytest.raises(TransientError) as caught:
        await watch.look()
    assert caught.value.reason is Reason.DISK_FULL
    assert await watch.look(later_ms=3_600_000) == []
