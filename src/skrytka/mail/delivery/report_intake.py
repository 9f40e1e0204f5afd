"""Reports of other servers about our domains, on their way into a mailbox: read by an inspector, told as events.

The mail itself is delivered as any other, whatever is in it. A message is looked at when its header says that it is a
report. That is anybody's to say, so the events tell whose mail it was, and a report counts only for domains that are
ours. What goes wrong here is an event and never a reason not to deliver.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from skrytka.inspect.wire import ReportsAnswer
from skrytka.mail.delivery.fields import sent_at_ms
from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.delivery.inspection import Inspection
from skrytka.mail.delivery.message import Sealed
from skrytka.model.errors import ReasonedError
from skrytka.model.events import (
    DmarcFailureReceived,
    DmarcReportReceived,
    Emitter,
    ReportRefused,
    TlsReportReceived,
)
from skrytka.model.ids import TraceId
from skrytka.net.bugs import bug_caught
from skrytka.protocol.mailauth.message import MessageResults, is_author_proven
from skrytka.protocol.reports.aggregate import AggregateReport
from skrytka.protocol.reports.digest import failures_of, policies_of, sources_of
from skrytka.protocol.reports.failure import FailureTold
from skrytka.protocol.reports.tls_report import TlsReport

READ_S: Final = 15.0  # of the 60 from the final dot (design section 5)
_SUBJECT: Final = re.compile(rb"report[ \t]+domain[ \t]*:", re.IGNORECASE)  # RFC 9990 3.5.2, RFC 8460 5.3
_FEEDBACK: Final = re.compile(rb"report-type[ \t\r\n]*=[ \t\r\n]*\"?feedback-report", re.IGNORECASE)
_UNFIT: Final = re.compile(r"[^\x20-\x7e]+")
_NAME_MAX: Final = 100
IsHosted = Callable[[str], Awaitable[bool]]


class Bringer(msgspec.Struct, frozen=True):
    """The mail that brought a report."""

    trace: TraceId
    domain: str  # in From
    is_proven: bool


def is_report(scan: HeaderScan) -> bool:
    """Whether the header says so."""
    if _FEEDBACK.search((scan.first(b"content-type") or b"")[:500]) is not None:  # RFC 5965 2
        return True
    return _SUBJECT.search(scan.subject[:200]) is not None or scan.first(b"tls-report-domain") is not None


class ReportIntake:
    """One per process."""

    def __init__(self, inspection: Inspection, is_hosted: IsHosted, events: Emitter) -> None:
        self._inspection = inspection
        self._is_hosted = is_hosted
        self._events = events
        self._one_at_a_time = asyncio.Semaphore(1)  # a hostile one takes a second: other mail has an inspector left

    async def read(self, sealed: Sealed, trace: TraceId, results: MessageResults) -> None:
        """Tell what is in a message that says it is a report, and whose it is. Never raises for what is in it."""
        bringer = Bringer(trace, results.dmarc.author.domain, is_author_proven(results))
        try:
            async with asyncio.timeout(READ_S), self._one_at_a_time:
                answer = await self._inspection.reports(sealed)
                await self._tell(answer, bringer)
        except (ReasonedError, TimeoutError) as exc:
            reason = str(exc) or "no time"
            self._refuse(bringer, reason)
        except Exception as exc:  # noqa: BLE001 - a bug of ours with a report is none with the mail (conventions C6)
            self._events.emit(bug_caught(exc, trace))

    async def _tell(self, answer: ReportsAnswer, bringer: Bringer) -> None:
        if not (answer.dmarc or answer.tls or answer.failures):
            self._refuse(bringer, answer.problem or "no report in it")
        for report in answer.dmarc:
            if await self._is_hosted(report.policy.domain):
                self._events.emit(_dmarc_event(report, bringer))
            else:
                self._refuse(bringer, "about a domain that is not ours")
        for tls_report in answer.tls:
            for domain in dict.fromkeys(each.domain for each in tls_report.policies):
                if await self._is_hosted(domain):
                    self._events.emit(_tls_event(tls_report, domain, bringer))

        await self._tell_failures(answer.failures, bringer)

    async def _tell_failures(self, failures: Sequence[FailureTold], bringer: Bringer) -> None:
        for failure in failures:
            if await self._is_ours(failure.domain):
                self._events.emit(_failure_event(failure, bringer))
            else:
                self._refuse(bringer, "about a domain that is not ours")

    async def _is_ours(self, domain: str) -> bool:
        """Hosted, or below one that is: a failure names the domain in From, not the one whose policy it is."""
        for _ in range(domain.count(".")):
            if await self._is_hosted(domain):
                return True
            domain = domain.partition(".")[2]
        return False

    def _refuse(self, bringer: Bringer, reason: str) -> None:
        self._events.emit(ReportRefused(trace=bringer.trace, sender=bringer.domain, reason=_clean(reason)))


def _dmarc_event(report: AggregateReport, bringer: Bringer) -> DmarcReportReceived:
    sources, left_off = sources_of(report)
    return DmarcReportReceived(
        trace=bringer.trace,
        domain=report.policy.domain,
        organization=_clean(report.org_name),
        sender=bringer.domain,
        is_proven=bringer.is_proven,
        report_id=_clean(report.report_id),
        begin_s=report.begin_s,
        end_s=report.end_s,
        policy=_clean(report.policy.p),
        sources=sources,
        left_off=left_off,
    )


def _tls_event(report: TlsReport, domain: str, bringer: Bringer) -> TlsReportReceived:
    return TlsReportReceived(
        trace=bringer.trace,
        domain=domain,
        organization=_clean(report.organization),
        sender=bringer.domain,
        is_proven=bringer.is_proven,
        report_id=_clean(report.report_id),
        begin_s=report.begin_s,
        end_s=report.end_s,
        policies=policies_of(report, domain),
        failures=failures_of(report, domain),
    )


def _failure_event(told: FailureTold, bringer: Bringer) -> DmarcFailureReceived:
    at_ms = sent_at_ms(told.arrived.encode())
    return DmarcFailureReceived(
        trace=bringer.trace,
        domain=told.domain,
        sender=bringer.domain,
        is_proven=bringer.is_proven,
        failure=told.failure,
        alignment=told.alignment,
        result=told.result,
        source_ip=_clean(told.source_ip),
        at_s=0 if at_ms is None else at_ms // 1000,
        dkim_domain=told.dkim_domain,
        dkim_selector=told.dkim_selector,
        mail_from=told.mail_from,
        incidents=told.incidents,
    )


def _clean(text: str) -> str:
    return _UNFIT.sub("?", text[:_NAME_MAX])
