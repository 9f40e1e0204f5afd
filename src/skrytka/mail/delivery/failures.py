"""Failure reports to domains that ask for them (RFC 9991): noted when a message is decided about, written afterwards.

A session never waits for one. What waits is in memory and bounded: what is beyond is not told, and nobody misses it. Of
what fails alike one report goes out in twelve hours; a domain hears ``per_hour`` times an hour at most, and all
together ``ALL_PER_HOUR``, counted for all fronts. Never about mail that an automaton has written: reports beget none.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import msgspec

from skrytka.mail.delivery.incoming import HeaderScan
from skrytka.mail.delivery.report_intake import is_report
from skrytka.mail.delivery.report_sender import ReportSender
from skrytka.mail.delivery.types import Resolution, Transaction
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, ReasonedError
from skrytka.model.events import Emitter, FailureReportSent, FaultRaised
from skrytka.model.ids import TraceId
from skrytka.model.verdict import Action
from skrytka.net.bugs import bug_caught
from skrytka.net.dns.drive import drive
from skrytka.net.dns.resolver import Resolver
from skrytka.net.facts import network_of, normalise
from skrytka.net.limits import SharedLimits
from skrytka.protocol.mailauth.dmarc.external import destinations
from skrytka.protocol.mailauth.message import MessageResults
from skrytka.protocol.mailauth.query import Check
from skrytka.protocol.reports.failure import DeliveryResult, FailureReport, write_failure
from skrytka.protocol.reports.failure_wanted import FailureWanted, failure_wanted, spf_records

T = TypeVar("T")
WAITING_MAX: Final = 100  # of a process
FIELDS_MAX_BYTES: Final = 64 * 1024  # of a header that is told: a longer one is none of an honest message
ALIKE_S: Final = 12 * 3600.0
HOUR_S: Final = 3600.0
ALL_PER_HOUR: Final = 200
DNS_S: Final = 20.0
PAUSE_S: Final = 0.05  # between two: mail of people comes first
FAULT: Final = "F-failure-reports"
_RESULTS: Final[dict[Action, DeliveryResult]] = {
    Action.ACCEPT: "delivered",
    Action.JUNK: "spam",
    Action.REJECT: "reject",
}


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One message that is to be told of."""

    wanted: FailureWanted
    result: DeliveryResult
    trace: TraceId
    arrived_at_ms: int
    remote: str
    reverse_path: str
    recipients: tuple[str, ...]
    fields: tuple[tuple[bytes, bytes], ...]

    @property
    def key(self) -> str:
        """The same for messages that fail alike, from one network."""
        said = f"{self.wanted.condition} {self.result} {network_of(normalise(self.remote))}"
        return hashlib.sha256(said.encode()).hexdigest()


class Failures:
    """What waits in one process."""

    def __init__(self, events: Emitter) -> None:
        self._events = events
        self._waiting: deque[Failure] = deque()
        self._has_some = asyncio.Event()

    def note(
        self,
        facts: Transaction,
        scan: HeaderScan,
        results: MessageResults,
        action: Action,
        recipients: Sequence[Resolution],
    ) -> None:
        """Of a message that was decided about. Costs microseconds and never raises."""
        result = _RESULTS.get(action)
        if result is None or len(self._waiting) >= WAITING_MAX:
            return
        try:
            if is_automatic(facts, scan) or len(scan.raw) > FIELDS_MAX_BYTES:
                return
            wanted = failure_wanted(results)
        except Exception as exc:  # noqa: BLE001 - a bug with a report is none with the mail (conventions C6)
            self._events.emit(bug_caught(exc, facts.trace))
            return
        if wanted is None:
            return
        targets = (str(target.address) for each in recipients for target in each.targets)
        outside = (str(address) for each in recipients for address in each.outside)
        names = (*(str(each.recipient) for each in recipients), *targets, *outside)
        self._waiting.append(
            Failure(
                wanted=wanted,
                result=result,
                trace=facts.trace,
                arrived_at_ms=facts.received_at_ms,
                remote=facts.remote,
                reverse_path=str(facts.reverse_path),
                recipients=tuple(dict.fromkeys(names)),
                fields=scan.came,
            )
        )
        self._has_some.set()

    async def next(self) -> Failure:
        """The one that waits longest; waits for one."""
        while not self._waiting:
            self._has_some.clear()
            await self._has_some.wait()
        return self._waiting.popleft()

    def __len__(self) -> int:
        return len(self._waiting)


def is_automatic(facts: Transaction, scan: HeaderScan) -> bool:
    """A report, an answer, a notice: whoever is told of it might answer that (RFC 9991 5, RFC 3834 2)."""
    submitted = (scan.first(b"auto-submitted") or b"no").strip().lower()
    kind = (scan.first(b"content-type") or b"").strip().lower()
    is_answer = not submitted.startswith(b"no") or kind.startswith(b"multipart/report")
    return facts.reverse_path.is_null or is_answer or is_report(scan)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureDeps:
    """What a teller works with; ``sender_address``: whom reports are from, None: no domain here could send."""

    failures: Failures
    sender: ReportSender
    sender_address: Callable[[], Awaitable[Address | None]]
    per_hour: Callable[[], int]
    resolver: Resolver
    limits: SharedLimits
    events: Emitter
    clock: Clock
    random: Random


class FailureTeller:
    """Writes them; one per process, one report at a time."""

    def __init__(self, deps: FailureDeps) -> None:
        self._deps = deps
        self._redaction_key = deps.random.token(32)

    async def run(self) -> None:
        """Until cancelled; what fails is told and given up."""
        while True:
            failure = await self._deps.failures.next()
            try:
                await self.tell(failure)
            except ReasonedError as exc:
                self._deps.events.emit(FaultRaised(trace=failure.trace, fault=FAULT, detail=str(exc)))
            except Exception as exc:  # noqa: BLE001 - the one place for this job's bugs (conventions C6)
                self._deps.events.emit(bug_caught(exc, failure.trace))
            await asyncio.sleep(PAUSE_S)

    async def tell(self, failure: Failure) -> int:
        """To how many addresses. TransientError: the store, or who counts, is away."""
        wanted = failure.wanted
        if not await self._is_allowed(failure):
            return 0
        to = await self._drive(destinations(wanted.policy_domain, wanted.to, "ruf"))
        from_ = await self._deps.sender_address()
        if from_ is None or not to:
            self._told(failure, (), "nobody to tell" if from_ is not None else "no domain here could send")
            return 0
        records = await self._drive(spf_records(wanted))
        sent: tuple[Address, ...] = ()
        detail = ""
        for address in to:  # RFC 9991 2: each of them
            report = await asyncio.to_thread(write_failure, self._report(failure, from_, address, records))
            try:
                sent += await self._deps.sender.send(report, from_, (address,), is_null=True)
            except PermanentError as exc:
                detail = exc.detail or exc.reason.value
        self._told(failure, sent, detail if not sent else "")
        return len(sent)

    async def _is_allowed(self, failure: Failure) -> bool:
        take, domain = self._deps.limits.take, failure.wanted.policy_domain
        return (
            await take("failure-report-alike", failure.key, limit=1, window_s=ALIKE_S)
            and await take("failure-report-domain", domain, limit=self._deps.per_hour(), window_s=HOUR_S)
            and await take("failure-report-all", "", limit=ALL_PER_HOUR, window_s=HOUR_S)
        )

    def _report(
        self, failure: Failure, from_: Address, to: Address, records: tuple[tuple[str, str], ...]
    ) -> FailureReport:
        deps, wanted = self._deps, failure.wanted
        return FailureReport(
            from_=from_,
            to=to,
            submitter=from_.domain.name,
            message_id=f"{deps.random.token(16).hex()}@{from_.domain.name}",
            boundary=f"=_{deps.random.token(18).hex()}",
            now_ms=deps.clock.now_ms(),
            arrived_at_ms=failure.arrived_at_ms,
            source_ip=failure.remote,
            domain=wanted.domain,
            reverse_path=failure.reverse_path,
            redaction_key=self._redaction_key,
            failed=wanted.failed,
            result=failure.result,
            fields=failure.fields,
            kind=wanted.kind,
            authentication=wanted.authentication,
            recipients=failure.recipients,
            signature=wanted.signature,
            spf_domain=wanted.spf_domain,
            spf_records=records,
        )

    def _told(self, failure: Failure, sent: Sequence[Address], detail: str) -> None:
        self._deps.events.emit(
            FailureReportSent(
                trace=failure.trace,
                domain=failure.wanted.domain,
                policy_domain=failure.wanted.policy_domain,
                failure=failure.wanted.kind,
                recipients=tuple(map(str, sent)),
                detail=detail,
            )
        )

    async def _drive(self, check: Check[T]) -> T:
        return await drive(check, self._deps.resolver, self._deps.clock, seconds=DNS_S)
