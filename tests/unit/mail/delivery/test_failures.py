"""Failure reports from the message that is not proven to what its domain's owner gets, and what is never told."""

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from skrytka.inspect.check import reports_of
from skrytka.inspect.reports import reports
from skrytka.mail.delivery import failures as module
from skrytka.mail.delivery.failures import FAULT, FailureDeps, Failures, FailureTeller, is_automatic
from skrytka.mail.delivery.incoming import rescan
from skrytka.mail.delivery.local import Delivery
from skrytka.mail.delivery.report_sender import ReportSender
from skrytka.model.address import NULL_REVERSE_PATH, Address, ReversePath
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import BugCaught, FailureReportSent, FaultRaised
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.protocol.reports.failure import FailureTold
from skrytka.store.commands.outbound import Post
from tests.support.outside import Outside, peer
from tests.support.signing import give_keys, signing_of, use_keys, verified
from tests.unit.mail.world import World, fails

FROM = Address.parse("postmaster@example.test")
FORGED = (
    b"Received: from x by y\r\n for <alice@example.test>; Fri, 1 Jan 2027 00:00:00 +0000\r\n"
    b"From: ceo@bank.example\r\nTo: alice@example.test\r\nSubject: your money\r\n\r\nSend it.\r\n"
)
POLICY = "v=DMARC1; p=reject; ruf=mailto:f@bank.example"


class Told:
    """A delivery that tells, and who writes the reports."""

    def __init__(self, world: World, outside: Outside, **changes: Any) -> None:
        assert outside.delivery.reports is not None
        self.world = world
        self.failures = Failures(world.events)
        self.per_hour = 10
        self.address: Address | None = FROM
        self.delivery = Delivery(dataclasses.replace(outside.delivery._deps, failures=self.failures))
        deps = FailureDeps(
            failures=self.failures,
            sender=ReportSender(outside.delivery.reports.deps),
            sender_address=self._address,
            per_hour=lambda: self.per_hour,
            resolver=world.dns,
            limits=LocalLimits(LimitTable(world.clock)),
            events=world.events,
            clock=world.clock,
            random=world.random,
        )
        self.teller = FailureTeller(dataclasses.replace(deps, **changes))

    async def _address(self) -> Address | None:
        return self.address

    async def receive(
        self,
        message: bytes = FORGED,
        *,
        path: str = "bounce+alice=example.test@spam.example",
        remote: str = "192.0.2.1",
    ) -> None:
        world = self.world
        incoming = self.delivery.begin_checked()
        await incoming.write(message)
        reverse_path = ReversePath(Address.parse(path)) if path else NULL_REVERSE_PATH
        facts = msgspec.structs.replace(world.facts(), is_sender_checked=True, reverse_path=reverse_path, remote=remote)
        await self.delivery.deliver(facts, await world.resolve("alice@example.test"), incoming)

    async def tell(self) -> list[int]:
        return [await self.teller.tell(await self.failures.next()) for _ in range(len(self.failures))]


def asks(world: World, policy: str = POLICY) -> None:
    world.dns.txt("bank.example", "v=spf1 -all")
    world.dns.txt("_dmarc.bank.example", policy)


def sent(world: World) -> list[FailureReportSent]:
    return [event for event in world.events.events if isinstance(event, FailureReportSent)]


async def test_the_owner_of_a_domain_hears_what_failed_signed_and_from_nobody_who_could_be_answered(
    world: World,
) -> None:
    records = await give_keys(world)
    await use_keys(world)
    asks(world, POLICY + ",mailto:x@collect.example,mailto:y@victim.example")
    world.dns.txt("bank.example._report._dmarc.collect.example", "v=DMARC1")
    async with peer() as mx:
        outside = Outside(world, mx.port, signing=signing_of(world))
        told = Told(world, outside)
        await told.receive()
        assert await told.tell() == [2]
        queued = await outside.queue()
        await outside.courier.run_once()
    assert len(queued) == 2  # the domains have no server in this DNS
    (event,) = sent(world)
    assert (event.domain, event.failure, event.recipients) == (
        "bank.example",
        "dmarc",
        ("f@bank.example", "x@collect.example"),
    )
    assert records


async def test_what_it_says_and_what_it_keeps_to_itself(world: World) -> None:
    records = await give_keys(world)
    await use_keys(world)
    world.dns.txt("example.net", "v=spf1 -all")
    world.dns.txt("_dmarc.example.net", "v=DMARC1; p=quarantine; ruf=mailto:f@example.net")
    async with peer() as mx:
        outside = Outside(world, mx.port, signing=signing_of(world))
        told = Told(world, outside)
        await told.receive(FORGED.replace(b"bank.example", b"example.net"), path="x+alice=example.test@example.net")
        assert await told.tell() == [1]
        await outside.courier.run_once()
    (message,) = mx.messages
    assert any(line.startswith("MAIL FROM:<>") for line in mx.lines)
    assert set(verified(message, records).values()) == {True}
    assert b"From: <postmaster@example.test>\r\n" in message
    body = message[message.index(b"\r\n\r\n") :]
    for word in (b"alice", b"money", b"Send it"):
        assert word not in body
    (found,) = reports_of(reports(message)).failures
    assert msgspec.structs.replace(found, arrived="") == FailureTold(
        domain="example.net",
        failure="dmarc",
        alignment="dkim,spf",
        result="spam",
        source_ip="192.0.2.1",
        mail_from="example.net",
    )
    assert b'SPF-DNS: txt : example.net : "v=spf1 -all"' in message


@pytest.mark.parametrize(
    "message",
    [
        b"Auto-Submitted: auto-replied\r\n" + FORGED,
        b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n" + FORGED,
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n" + FORGED,
        FORGED.replace(b"your money", b"Report Domain: bank.example Submitter: a.example"),
        b"TLS-Report-Domain: a.example\r\n" + FORGED,
    ],
)
async def test_nothing_is_told_of_a_report_or_an_answer(world: World, message: bytes) -> None:
    asks(world)
    told = Told(world, Outside(world, 1))
    await told.receive(message)
    assert len(told.failures) == 0


async def test_nothing_is_told_of_mail_with_a_null_reverse_path(world: World) -> None:
    asks(world)
    told = Told(world, Outside(world, 1))
    await told.receive(path="")
    assert len(told.failures) == 0


async def test_what_fails_alike_is_told_once_and_a_domain_hears_no_more_than_its_share(world: World) -> None:
    asks(world)
    told = Told(world, Outside(world, 1))
    for remote in ("192.0.2.1", "192.0.2.77", "198.51.100.1"):
        await told.receive(remote=remote)
    assert await told.tell() == [1, 0, 1]  # a network is one source
    told.per_hour = 4
    for number in range(1, 6):
        await told.receive(remote=f"10.0.{number}.1")
    assert await told.tell() == [1, 1, 0, 0, 0]
    world.clock.advance(3 * 3600)
    await told.receive(remote="10.0.9.1")
    assert await told.tell() == [1]
    assert len(sent(world)) == 5


async def test_all_domains_together_have_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asks(world)
    monkeypatch.setattr(module, "ALL_PER_HOUR", 1)
    told = Told(world, Outside(world, 1))
    await told.receive()
    await told.receive(remote="198.51.100.1")
    assert await told.tell() == [1, 0]


async def test_what_waits_is_bounded_and_no_session_waits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asks(world)
    monkeypatch.setattr(module, "WAITING_MAX", 2)
    told = Told(world, Outside(world, 1))
    for _ in range(3):
        await told.receive()
    assert len(told.failures) == 2


@pytest.mark.parametrize(
    "policy", ["v=DMARC1; p=reject", POLICY + "; fo=s", "v=DMARC1; p=reject; ruf=https://a.example"]
)
async def test_who_does_not_ask_hears_nothing(world: World, policy: str) -> None:
    asks(world, policy)
    world.dns.txt("spam.example", "v=spf1 +all")
    told = Told(world, Outside(world, 1))
    await told.receive()
    assert len(told.failures) == 0


async def test_who_has_not_agreed_gets_nothing_and_that_is_told(world: World) -> None:
    asks(world, "v=DMARC1; p=reject; ruf=mailto:y@victim.example")
    told = Told(world, Outside(world, 1))
    await told.receive()
    assert await told.tell() == [0]
    (event,) = sent(world)
    assert (event.recipients, event.detail) == ((), "nobody to tell")
    told.address = None
    await told.receive(remote="198.51.100.1")
    assert await told.tell() == [0]
    assert sent(world)[-1].detail == "no domain here could send"


async def test_an_owner_here_has_it_in_his_mailbox(world: World) -> None:
    world.dns.txt("_dmarc.example.test", "v=DMARC1; p=none; ruf=mailto:bob@example.test")
    told = Told(world, Outside(world, 1))
    await told.receive(FORGED.replace(b"bank.example", b"example.test"))
    assert await told.tell() == [1]
    (copy,) = await world.inbox("bob")
    assert copy.startswith(b"Return-Path: <>\r\n")
    assert b"Auth-Failure: dmarc" in copy


async def test_the_teller_goes_on_whatever_happens(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asks(world)
    told = Told(world, Outside(world, 1))
    monkeypatch.setattr(module, "PAUSE_S", 0)
    world.store.failures[Post] = fails(TransientError(Reason.STORE_DOWN))
    await told.receive()
    await told.receive(remote="198.51.100.1")

    class EndError(Exception):
        pass

    next_: Callable[[], Awaitable[Any]] = told.failures.next

    async def until_empty() -> Any:
        if not len(told.failures):
            raise EndError
        return await next_()

    monkeypatch.setattr(told.failures, "next", until_empty)
    with pytest.raises(EndError):
        await told.teller.run()
    assert [event.fault for event in world.events.events if isinstance(event, FaultRaised)] == [FAULT]
    assert len(sent(world)) == 1


async def test_a_bug_with_it_costs_no_mail(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asks(world, "v=DMARC1; p=none; ruf=mailto:f@bank.example")
    monkeypatch.setattr(module, "failure_wanted", lambda _results: 1 / 0)
    told = Told(world, Outside(world, 1))
    await told.receive()
    assert len(await world.inbox()) == 1
    assert [type(event) for event in world.events.events if isinstance(event, BugCaught)] == [BugCaught]


def test_no_auto_submitted_is_a_person(world: World) -> None:
    facts = world.facts()
    assert not is_automatic(facts, rescan(b"Auto-Submitted: no\r\n\r\n"))
    assert not is_automatic(facts, rescan(b"Subject: x\r\n\r\n"))
    assert is_automatic(facts, rescan(b"Auto-Submitted: auto-generated; x=y\r\n\r\n"))
