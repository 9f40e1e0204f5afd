"""Reports of others on their way into a mailbox: told as events, delivered whatever is in them."""

import asyncio
from typing import TypeVar

import msgspec
import pytest

from skrytka.inspect.errors import PoisonedMessageError
from skrytka.inspect.wire import ReportsAnswer
from skrytka.mail.delivery.incoming import rescan
from skrytka.mail.delivery.report_intake import is_report
from skrytka.model import reply
from skrytka.model.address import Address
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import (
    BugCaught,
    DmarcFailureReceived,
    DmarcReportReceived,
    Event,
    ReportRefused,
    TlsReportReceived,
)
from skrytka.protocol.reports.aggregate import PublishedPolicy, write_aggregate
from skrytka.protocol.reports.failure import write_failure
from skrytka.protocol.reports.report_mail import ReportMail, write_dmarc_mail, write_tls_mail
from skrytka.protocol.reports.tls_report import PolicyResult, write_tls_report
from tests.unit.mail.world import World
from tests.unit.protocol.reports import test_aggregate, test_failure, test_tls_report

DMARC = msgspec.structs.replace(test_aggregate.REPORT, policy=PublishedPolicy(domain="example.test", p="reject"))
TLS = msgspec.structs.replace(
    test_tls_report.REPORT,
    policies=(
        msgspec.structs.replace(test_tls_report.REPORT.policies[0], domain="example.test"),
        PolicyResult(kind="sts", domain="elsewhere.example", successes=5),
    ),
)


def mail(octets: bytes) -> ReportMail:
    return ReportMail(
        about="example.test",
        submitter="example.net",
        from_=Address.parse("noreply@example.net"),
        to=(Address.parse("alice@example.test"),),
        report_id="1@example.net",
        begin_s=1,
        end_s=2,
        now_ms=1_800_000_000_000,
        boundary="=_b",
        octets=octets,
    )


DMARC_MAIL = write_dmarc_mail(mail(write_aggregate(DMARC)))
TLS_MAIL = write_tls_mail(mail(write_tls_report(TLS)))


EventT = TypeVar("EventT", bound=Event)


def of(world: World, kind: type[EventT]) -> list[EventT]:
    return [event for event in world.events.events if isinstance(event, kind)]


async def receive(world: World, message: bytes) -> None:
    assert (await world.receive(message)).reply == reply.ACCEPTED
    assert len(await world.inbox()) == 1


async def test_a_report_about_a_domain_of_ours_is_told_and_delivered(world: World) -> None:
    world.dns.txt("example.net", "v=spf1 ip4:192.0.2.1 -all")
    await receive(world, DMARC_MAIL)
    (event,) = of(world, DmarcReportReceived)
    assert (event.domain, event.organization, event.sender, event.is_proven, event.policy) == (
        "example.test",
        "Skrytka",
        "example.net",
        True,
        "reject",
    )
    assert event.sources == (
        "192.0.2.1 3 fail pass quarantine mail.example.org dkim:list.example,spf:bounce.example.org",
    )
    assert not of(world, ReportRefused)


async def test_whoever_is_not_proven_is_told_as_such(world: World) -> None:
    await receive(world, DMARC_MAIL)
    (event,) = of(world, DmarcReportReceived)
    assert not event.is_proven


async def test_a_tls_report_counts_for_the_domains_that_are_ours(world: World) -> None:
    await receive(world, TLS_MAIL)
    (event,) = of(world, TlsReportReceived)
    assert (event.domain, event.policies) == ("example.test", ("sts 5326 3",))
    assert event.failures == ("certificate-expired 3 mx.example.org X509_V_ERR_CERT_HAS_EXPIRED",)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (write_dmarc_mail(mail(write_aggregate(test_aggregate.REPORT))), "about a domain that is not ours"),
        (write_dmarc_mail(mail(b"<feedback/>")), "no record"),
        (write_dmarc_mail(mail(b"<!DOCTYPE a []><feedback/>")), "a document type"),
        (b"From: a@example.net\r\nSubject: Report Domain: x\r\n\r\nhello\r\n", "no report in it"),
    ],
)
async def test_what_is_none_is_told_and_delivered(world: World, message: bytes, reason: str) -> None:
    await receive(world, message)
    assert [event.reason for event in of(world, ReportRefused)] == [reason]
    assert not of(world, DmarcReportReceived)


@pytest.mark.parametrize(
    "error", [PoisonedMessageError("twice"), TransientError(Reason.INSPECTOR_DOWN, "none"), TimeoutError()]
)
async def test_an_inspector_that_dies_of_it_stops_no_mail(world: World, error: Exception) -> None:
    async def fail(*_: object) -> None:
        raise error

    world.inspector.reports = fail  # type: ignore[assignment,method-assign]
    await receive(world, DMARC_MAIL)
    assert len(of(world, ReportRefused)) == 1


async def test_a_bug_of_ours_with_a_report_is_none_with_the_mail(world: World) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    world.inspector.reports = fail  # type: ignore[assignment,method-assign]
    await receive(world, DMARC_MAIL)
    assert [event.error for event in of(world, BugCaught)] == ["ZeroDivisionError"]


async def test_one_is_read_at_a_time(world: World) -> None:
    running, most = 0, 0

    async def slow(*_: object) -> ReportsAnswer:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return ReportsAnswer()

    world.inspector.reports = slow  # type: ignore[assignment,method-assign]
    await asyncio.gather(*(world.receive(DMARC_MAIL) for _ in range(5)))
    assert (most, len(await world.inbox())) == (1, 5)


async def test_a_large_one_is_read_too(world: World) -> None:
    await receive(world, DMARC_MAIL.replace(b"--=_b--", b"--=_b\r\n\r\n" + b"x\r\n" * 150_000 + b"--=_b--"))
    assert len(of(world, DmarcReportReceived)) == 1


@pytest.mark.parametrize(
    ("header", "is_one"),
    [
        (b"Subject: Report Domain: a.example Submitter: b.example\r\n\r\n", True),
        (b"Subject: [Preview] Report domain: a.example\r\n\r\n", True),
        (b"Subject: Report\r\n Domain: a.example\r\n\r\n", True),
        (b"TLS-Report-Domain: a.example\r\n\r\n", True),
        (b"Subject: lunch\r\n\r\n", False),
        (b"\r\n", False),
    ],
)
def test_the_header_says_whether_it_is_one(header: bytes, is_one: bool) -> None:
    assert is_report(rescan(header)) is is_one


async def test_single_failures_are_told_for_domains_of_ours_and_those_below(world: World) -> None:
    world.dns.txt("example.net", "v=spf1 ip4:192.0.2.1 -all")
    base = msgspec.structs.replace(test_failure.REPORT, domain="news.example.test")
    await receive(world, write_failure(base))
    (event,) = of(world, DmarcFailureReceived)
    assert (event.domain, event.sender, event.is_proven, event.failure, event.alignment, event.result) == (
        "news.example.test",
        "example.net",
        True,
        "dmarc",
        "dkim,spf",
        "reject",
    )
    assert (event.source_ip, event.at_s, event.dkim_selector) == ("192.0.2.66", base.arrived_at_ms // 1000, "s1")
    assert (await world.receive(write_failure(test_failure.REPORT))).reply == reply.ACCEPTED
    (refused,) = of(world, ReportRefused)
    assert refused.reason == "about a domain that is not ours"
