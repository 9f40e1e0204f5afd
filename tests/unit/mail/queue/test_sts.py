"""Policies found, fetched, kept, refreshed, and applied to mail (RFC 8461 3.3, 5)."""

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from skrytka.mail.queue.sts import DAY_MS, RETRY_S, UNUSED_MS, StsPolicies
from skrytka.model.address import Domain
from skrytka.model.dns import Answer
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import DeliveryDeferred, FaultRaised, OutboundTls, StsPolicyFetched
from skrytka.net.client_tls import ClientTls
from skrytka.net.dns.zone import StaticZone
from skrytka.protocol.tlspolicy.sts import StsPolicy
from tests.support.chains import Issued, issue, tlsa, write_chain
from tests.support.https_server import HttpsPeer, https_peer
from tests.support.outside import Outside
from tests.support.tls_peer import HOST, Peer, tls_peer
from tests.unit.mail.world import World

ROOT = issue("root", is_authority=True)
WEB = issue("web", ROOT, names=("mta-sts.example.test",))
LEAF = issue("leaf", ROOT, names=(HOST,))
STRANGER = issue("stranger", names=(HOST,))
DOMAIN = Domain.parse("example.test")
DAY_S = DAY_MS // 1000


def policy(mode: str = "enforce", mx: str = HOST, max_age_s: int = 7 * DAY_S) -> bytes:
    return f"version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: {max_age_s}\r\n".encode()


class Zone:
    """A resolver whose TXT record changes, or cannot be had."""

    def __init__(self, inner: StaticZone) -> None:
        self.inner = inner
        self.record: str | None = "v=STSv1; id=1"
        self.is_away = False

    async def query(self, name: Domain | str, rdtype: str) -> Answer:
        if rdtype == "TXT":
            if self.is_away:
                raise TransientError(Reason.DNS_FAILURE)
            text = "" if self.record is None else f"_mta-sts.example.test:\n  - TXT: {self.record}\n"
            return await StaticZone.parse(text + "x.test:\n  - A: 127.0.0.1\n").query(name, rdtype)
        return await self.inner.query(name, rdtype)


class Net(NamedTuple):
    world: World
    mx: Peer
    web: HttpsPeer
    zone: Zone
    outside: Outside

    @property
    def fetched(self) -> list[StsPolicyFetched]:
        return [event for event in self.world.events.events if isinstance(event, StsPolicyFetched)]

    @property
    def sessions(self) -> list[OutboundTls]:
        return [event for event in self.world.events.events if isinstance(event, OutboundTls)]

    async def reason(self) -> str:
        rows = await self.outside.queue()
        return rows[0].reason if rows else ""

    def new_process(self) -> StsPolicies:
        return StsPolicies(self.outside.sts._deps)


@contextlib.asynccontextmanager
async def net(
    world: World, folder: Path, chain: tuple[Issued, ...] = (LEAF,), web: tuple[Issued, ...] = (WEB,), more: str = ""
) -> AsyncIterator[Net]:
    write_chain(folder, ROOT, stem="ca")
    async with tls_peer(folder, chain) as mx, https_peer(folder, web) as served:
        served.says(policy())
        zone = Zone(mx.zone(is_signed=False, more="mta-sts.example.test:\n  - A: 127.0.0.1\n" + more))
        ca_file = str(folder / "ca.pem")
        outside = Outside(world, mx.port, resolver=zone, https_port=served.port, ca_file=ca_file)
        yield Net(world, mx, served, zone, outside)


async def deliver(found: Net) -> int:
    await found.outside.submit("bob@example.test")
    await found.outside.courier.run_once()
    return len(found.mx.delivery.delivered)


# -- what a policy does to mail (RFC 8461 4, 5) ---------------------------------------------------------------------


async def test_a_server_that_the_policy_names_and_its_certificate_proves_gets_the_mail(
    world: World, tmp_path: Path
) -> None:
    async with net(world, tmp_path) as found:
        assert await deliver(found) == 1
    (event,) = found.sessions
    assert (event.policy_type, event.policy_domain, event.result) == ("sts", "example.test", "")
    assert event.is_verified
    assert event.policy_strings[1] == "mode: enforce"


@pytest.mark.parametrize(
    ("chain", "mx", "reason", "result"),
    [
        ((STRANGER,), HOST, "4.7.5", "certificate-not-trusted"),
        ((issue("x", ROOT, names=("elsewhere.test",)),), HOST, "4.7.5", "certificate-host-mismatch"),
        ((issue("x", ROOT, names=(HOST,), days=(-20, -1)),), HOST, "4.7.5", "certificate-expired"),
        ((issue(HOST, ROOT),), HOST, "4.7.5", "certificate-host-mismatch"),  # 4.2: DNS names only
        ((), HOST, "4.7.10", "starttls-not-supported"),
        ((LEAF,), "other.example.test", "4.7.4", "validation-failure"),
        ((LEAF,), "*.peer.example.test", "4.7.4", "validation-failure"),
    ],
)
class TestWhatIsNotAsThePolicySays:
    async def test_enforce_lets_nothing_out(
        self, world: World, tmp_path: Path, chain: tuple[Issued, ...], mx: str, reason: str, result: str
    ) -> None:
        async with net(world, tmp_path, chain) as found:
            found.web.says(policy(mx=mx))
            assert await deliver(found) == 0
            assert await found.reason() == reason
        (event,) = found.sessions
        assert (event.policy_type, event.result, event.is_verified) == ("sts", result, False)
        (deferred,) = [each for each in world.events.events if isinstance(each, DeliveryDeferred)]
        assert deferred.detail.startswith("MTA-STS: ")

    async def test_testing_tells_and_delivers(
        self, world: World, tmp_path: Path, chain: tuple[Issued, ...], mx: str, reason: str, result: str
    ) -> None:
        async with net(world, tmp_path, chain) as found:
            found.web.says(policy("testing", mx))
            assert await deliver(found) == 1
        (event,) = found.sessions
        assert (event.policy_type, event.result, event.is_verified) == ("sts", result, False)
        assert bool(event.version) is bool(chain)

    async def test_none_asks_for_nothing(
        self, world: World, tmp_path: Path, chain: tuple[Issued, ...], mx: str, reason: str, result: str
    ) -> None:
        async with net(world, tmp_path, chain) as found:
            found.web.says(policy("none", mx))
            assert await deliver(found) == 1
        assert [event.policy_type for event in found.sessions] == ["no-policy-found"]


async def test_dane_comes_before_it(world: World, tmp_path: Path) -> None:
    """RFC 8461 2: no policy of MTA-STS can undo what DANE says."""
    write_chain(tmp_path, ROOT, stem="ca")
    async with net(world, tmp_path, (STRANGER,)) as found:
        found.zone.inner = found.mx.zone(tlsa(3, 1, 1, STRANGER), more="mta-sts.example.test:\n  - A: 127.0.0.1\n")
        assert await deliver(found) == 1
        found.zone.inner = found.mx.zone(tlsa(3, 1, 1, LEAF), more="mta-sts.example.test:\n  - A: 127.0.0.1\n")
        assert await deliver(found) == 1
    assert [(event.policy_type, bool(event.result)) for event in found.sessions] == [("tlsa", False), ("tlsa", True)]
    assert found.fetched == []


# -- where it comes from (RFC 8461 3.3) -----------------------------------------------------------------------------


async def test_it_is_fetched_once_and_outlives_a_restart(world: World, tmp_path: Path) -> None:
    async with net(world, tmp_path) as found:
        expected = StsPolicy("enforce", (HOST,), 7 * DAY_S)
        assert await found.outside.sts.of(DOMAIN) == expected
        assert await found.outside.sts.of(DOMAIN) == expected
        assert await found.new_process().of(DOMAIN) == expected
    assert len(found.web.asked) == 1
    assert found.web.asked[0].startswith(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.example.test:")
    (event,) = found.fetched
    assert (event.domain, event.id, event.mode, event.result) == ("example.test", "1", "enforce", "")


async def test_a_new_id_has_it_fetched_again(world: World, tmp_path: Path) -> None:
    async with net(world, tmp_path) as found:
        await found.outside.sts.of(DOMAIN)
        found.web.says(policy("testing"))
        assert (await found.outside.sts.of(DOMAIN) or StsPolicy("", (), 0)).mode == "enforce"
        found.zone.record = "v=STSv1; id=2"
        assert (await found.outside.sts.of(DOMAIN) or StsPolicy("", (), 0)).mode == "testing"
    assert len(found.web.asked) == 2


@pytest.mark.parametrize("record", [None, "v=STSv1; id=", "nothing"])
async def test_without_a_record_nothing_is_fetched(world: World, tmp_path: Path, record: str | None) -> None:
    async with net(world, tmp_path) as found:
        found.zone.record = record
        assert await found.outside.sts.of(DOMAIN) is None
    assert found.web.asked == []


@pytest.mark.parametrize("record", [None, "v=STSv1; id="])
async def test_a_record_that_goes_takes_no_policy_away(world: World, tmp_path: Path, record: str | None) -> None:
    async with net(world, tmp_path) as found:
        await found.outside.sts.of(DOMAIN)
        found.zone.record = record
        assert await found.outside.sts.of(DOMAIN) is not None
        found.zone.is_away = True
        assert await found.new_process().of(DOMAIN) is not None


@pytest.mark.parametrize(
    ("status", "kind", "body", "result"),
    [
        ("404 Not Found", "text/plain", policy(), "sts-policy-fetch-error"),
        ("301 Moved", "text/plain", policy(), "sts-policy-fetch-error"),
        ("500 x", "text/plain", policy(), "sts-policy-fetch-error"),
        ("200 OK", "text/html", policy(), "sts-policy-invalid"),
        ("200 OK", "text/plain", b"<html>", "sts-policy-invalid"),
        ("200 OK", "text/plain", b"x" * 70_000, "sts-policy-fetch-error"),
    ],
)
async def test_what_is_no_policy_leaves_the_old_one_and_is_not_asked_for_again_at_once(
    world: World, tmp_path: Path, status: str, kind: str, body: bytes, result: str
) -> None:
    async with net(world, tmp_path) as found:
        await found.outside.sts.of(DOMAIN)
        found.web.says(body, status=status, kind=kind)
        found.zone.record = "v=STSv1; id=2"
        for _ in range(3):
            assert await found.outside.sts.of(DOMAIN) is not None
        assert len(found.web.asked) == 2
        world.clock.advance(RETRY_S)
        assert await found.outside.sts.of(DOMAIN) is not None
        assert len(found.web.asked) == 3
    assert [(event.result, event.is_kept) for event in found.fetched] == [("", False), (result, True), (result, True)]


async def test_a_host_that_proves_nothing_gives_no_policy_and_mail_goes_on(world: World, tmp_path: Path) -> None:
    """RFC 8461 3.3: without a policy of before, as if there were none."""
    async with net(world, tmp_path, (STRANGER,), (issue("x", names=("mta-sts.example.test",)),)) as found:
        assert await deliver(found) == 1
    assert [event.result for event in found.fetched] == ["sts-webpki-invalid"]
    assert [event.policy_type for event in found.sessions] == ["no-policy-found"]


async def test_a_policy_holds_until_it_expires_and_no_longer(world: World, tmp_path: Path) -> None:
    async with net(world, tmp_path, (STRANGER,)) as found:
        found.web.says(policy(max_age_s=3 * DAY_S))
        assert await deliver(found) == 0
        found.web.says(b"", status="404 x")
        found.zone.record = None
        world.clock.advance(3 * DAY_S - 10)
        assert await found.outside.sts.of(DOMAIN) is not None
        world.clock.advance(20)
        assert await found.outside.sts.of(DOMAIN) is None
        await found.outside.courier.run_once()
        assert len(found.mx.delivery.delivered) == 1


async def test_mail_for_an_address_literal_has_no_policy(world: World, tmp_path: Path) -> None:
    async with net(world, tmp_path) as found:
        assert await found.outside.sts.of(Domain.parse("[127.0.0.1]")) is None


# -- refreshed before it expires ------------------------------------------------------------------------------------


async def test_it_is_fetched_again_each_day_while_it_is_used(world: World, tmp_path: Path) -> None:
    async with net(world, tmp_path) as found:
        found.web.says(policy(max_age_s=365 * DAY_S))
        await found.outside.sts.of(DOMAIN)
        await found.outside.sts.refresh()
        assert len(found.web.asked) == 1
        world.clock.advance(DAY_S + 1)
        await found.outside.sts.refresh()
        assert len(found.web.asked) == 2
        found.web.says(b"", status="500 x")
        world.clock.advance(DAY_S + 1)
        await found.outside.sts.refresh()
        assert found.fetched[-1].is_kept
        assert await found.outside.sts.of(DOMAIN) is not None
        world.clock.advance(UNUSED_MS // 1000 + 1)
        before = len(found.web.asked)
        await found.outside.sts.refresh()
        assert len(found.web.asked) == before
        world.clock.advance(365 * DAY_S)
        await found.outside.sts.refresh()
        assert await found.outside.sts._deps.kept.get("example.test") is None


async def test_a_kept_policy_that_does_not_open_is_fetched_again(world: World, tmp_path: Path) -> None:
    async with net(world, tmp_path) as found:
        await found.outside.sts.of(DOMAIN)
        kept = found.outside.sts._deps.kept
        policy_before = await kept.get("example.test")
        assert policy_before is not None
        other = dataclasses.replace(found.outside.sts._deps)
        await kept.put(msgspec.structs.replace(policy_before, fetched_at_ms=policy_before.fetched_at_ms + 1))
        assert await StsPolicies(other).of(DOMAIN) is not None


async def test_what_another_process_has_fetched_counts_when_the_own_copy_expires(world: World, tmp_path: Path) -> None:
    """And nobody who keeps DNS from answering can make use of it."""
    async with net(world, tmp_path) as found:
        found.web.says(policy(max_age_s=1200))
        sts, another = found.outside.sts, found.new_process()
        assert await sts.of(DOMAIN) is not None
        world.clock.advance(900)
        await another._fetch("example.test", "1", None)
        found.zone.is_away = True
        world.clock.advance(600)
        assert await sts.of(DOMAIN) is not None
        world.clock.advance(1200)
        assert await sts.of(DOMAIN) is None


async def test_what_cannot_be_read_now_is_not_taken_for_no_policy(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise TransientError(Reason.STORE_DOWN)

    async with net(world, tmp_path) as found:
        assert await found.outside.sts.of(DOMAIN) is not None
        found.zone.record = None
        fresh = found.new_process()
        with monkeypatch.context() as patch:
            patch.setattr(found.outside.sts._deps.kept, "get", away)
            with pytest.raises(TransientError):
                await fresh.of(DOMAIN)
            world.clock.advance(2 * 3600)
            assert await found.outside.sts.of(DOMAIN) is not None  # it remembers
        assert await fresh.of(DOMAIN) is not None


async def test_without_the_store_mail_goes_on(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise TransientError(Reason.STORE_DOWN)

    async with net(world, tmp_path) as found:
        for name in ("get", "put"):
            monkeypatch.setattr(found.outside.sts._deps.kept, name, away)
        assert await found.outside.sts.of(DOMAIN) is not None
    assert {event.fault for event in world.events.events if isinstance(event, FaultRaised)} == {"F-sts-kept"}


async def test_authorities_of_the_machine_are_asked_without_a_file(world: World, tmp_path: Path) -> None:
    async with net(world, tmp_path) as found:
        deps = found.outside.sts._deps
        found.outside.sts._deps.https._ca_file = None
        found.outside.sts._deps.https._tls = ClientTls()
        assert await StsPolicies(deps).of(DOMAIN) is None
    assert [event.result for event in found.fetched] == ["sts-webpki-invalid"]
