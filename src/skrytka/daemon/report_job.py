"""Once a day the first front tells other domains what it saw of them: DMARC aggregate reports and TLS reports.

A reader of the event log: the day that is over is read line by line, between which sessions go on, and added up; each
report is sent, then told as the event DailyReportSent. By that event it is known to be done after a restart. One that
was sent in the 100 ms before a crash goes twice, with the same Report-ID. A day that the server was down for when it
was due is made up for as long as it is yesterday.
"""

import asyncio
import datetime as dt
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import msgspec

from skrytka.daemon.report_posts import Posting, ReportPosts
from skrytka.mail.delivery.report_sender import ReportSender
from skrytka.model.address import Address, AddressError
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import UNREADABLE, PermanentError
from skrytka.model.events import DailyReportSent, Emitter, OutboundTls, SenderChecked, StsPolicyFetched
from skrytka.model.settings import Settings
from skrytka.net.dns.drive import drive
from skrytka.net.dns.resolver import Resolver
from skrytka.protocol.mailauth.dmarc.external import destinations
from skrytka.protocol.mailauth.query import Check
from skrytka.protocol.reports.aggregate import AggregateReport, aggregate_pieces
from skrytka.protocol.reports.report_mail import ReportMail, gzipped, write_dmarc_mail, write_tls_mail
from skrytka.protocol.reports.tally import Checked, DmarcTally, Reporter, Session, TlsTally
from skrytka.protocol.reports.tls_report import write_tls_report
from skrytka.protocol.reports.tls_wanted import TlsWanted, tls_wanted
from skrytka.store.events.line import header_fields, kind_name, parse, personal_fields

T = TypeVar("T")
EVERY_S: Final = 600.0
DELAY_MAX_S: Final = 14_400  # RFC 8460 4.1: not all servers at midnight
DAY_S: Final = 86_400
DNS_S: Final = 20.0
SIZE_MAX_BYTES: Final = 5_000_000  # of a mail; many servers take ten
PAUSE_S: Final = 0.05  # between two reports: mail of people comes first
LINES_AT_ONCE: Final = 20  # of the log: half a millisecond
ROWS_AT_ONCE: Final = 50  # of a report: the same
_CHECKED: Final = kind_name(SenderChecked)
_SESSION: Final = kind_name(OutboundTls)
_FETCHED: Final = kind_name(StsPolicyFetched)
_SENT: Final = kind_name(DailyReportSent)
_MARKS: Final = tuple(f'"kind":"{kind}"'.encode() for kind in (_CHECKED, _SESSION, _FETCHED, _SENT))


class Domains(Protocol):
    """``mail.delivery.hosted.HostedDomains``."""

    async def names(self) -> list[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportJobDeps:
    """What it works with; ``settings`` are asked for anew each day."""

    events_dir: Path
    settings: Callable[[], Settings]
    sender: ReportSender
    domains: Domains
    resolver: Resolver
    events: Emitter
    clock: Clock
    random: Random
    posts: ReportPosts | None = None  # None: nothing goes by HTTPS


class ReportJob:
    """One per node."""

    def __init__(self, deps: ReportJobDeps) -> None:
        self._deps = deps
        self._done: dt.date | None = None  # the newest day that was told

    async def run(self) -> None:
        """As :meth:`run_once`, and what goes by HTTPS when it is due."""
        await self.run_once()
        if self._deps.posts is not None:
            await self._deps.posts.run()

    async def run_once(self) -> int:
        """Tell of yesterday if it is time and was not done; how many reports were sent. ReasonedError: try again."""
        deps = self._deps
        settings = deps.settings()
        wanted = settings.reports
        now_s = deps.clock.now_ms() // 1000
        today_s = now_s - now_s % DAY_S
        day = dt.datetime.fromtimestamp(today_s - DAY_S, dt.UTC).date()
        is_early = now_s < today_s + zlib.crc32(settings.hostname.encode()) % DELAY_MAX_S
        if settings.is_demo or day == self._done or is_early or not (wanted.is_dmarc_sent or wanted.is_tls_sent):
            return 0
        reporter = await self._reporter(settings, today_s)
        if reporter is None:
            return 0
        read = _Day(day.isoformat())
        await read.sums(deps.events_dir / day.isoformat() / "mail.jsonl")
        await read.sent(deps.events_dir / dt.date.fromordinal(day.toordinal() + 1).isoformat() / "mail.jsonl")
        count = await self._send_dmarc(read, reporter) if wanted.is_dmarc_sent else 0
        count += await self._send_tls(read, reporter) if wanted.is_tls_sent else 0
        self._done = day
        return count

    async def _reporter(self, settings: Settings, end_s: int) -> Reporter | None:
        """None: there is no domain here that could send."""
        names = await self._deps.domains.names()
        address = report_address(settings, names)
        if address is None:
            return None
        return Reporter(
            organization=settings.reports.organization or settings.hostname,
            contact=str(address),
            submitter=address.domain.name,
            begin_s=end_s - DAY_S,
            end_s=end_s - 1,
        )

    async def _send_dmarc(self, day: "_Day", reporter: Reporter) -> int:
        count = 0
        for report, wanted in day.dmarc.reports(reporter):
            domain = report.policy.domain
            if ("dmarc", domain) in day.done:
                continue
            to = await self._drive(destinations(domain, wanted))
            octets = await _written(report) if to else b""
            count += await self._send("dmarc", domain, day.name, reporter, to, octets)
        return count

    async def _send_tls(self, day: "_Day", reporter: Reporter) -> int:
        count = 0
        for domain in day.tls.domains:
            if ("tls", domain) in day.done:
                continue
            wanted = await self._drive(tls_wanted(domain))
            if self._deps.posts is None:
                wanted = TlsWanted(wanted.addresses)
            is_wanted = wanted.addresses or wanted.urls
            octets = write_tls_report(day.tls.report(domain, reporter)) if is_wanted else b""
            if self._deps.posts is not None and wanted.urls:
                packed = await asyncio.to_thread(gzipped, octets)
                self._deps.posts.add(Posting(domain, day.name, reporter.report_id("tls", domain), packed), wanted.urls)
            if wanted.addresses or not wanted.urls:  # what is posted tells of itself
                count += await self._send("tls", domain, day.name, reporter, wanted.addresses, octets)
        return count

    async def _send(
        self, kind: str, domain: str, day: str, reporter: Reporter, to: tuple[Address, ...], octets: bytes
    ) -> int:
        """One report; what has no destination is told too, or DNS would be asked again after each restart."""
        deps = self._deps
        sent: tuple[Address, ...] = ()
        raw, detail = b"", "" if to else "nobody to tell"
        if to:
            mail = self._mail(kind, domain, reporter, to, octets)
            raw = await asyncio.to_thread(write_dmarc_mail if kind == "dmarc" else write_tls_mail, mail)
            if len(raw) > SIZE_MAX_BYTES:
                detail = "too large"
            else:
                try:
                    sent = await deps.sender.send(raw, mail.from_, to)
                except PermanentError as exc:  # of this domain's; the others have theirs
                    detail = exc.detail or exc.reason.value
        deps.events.emit(
            DailyReportSent(
                report=kind,
                domain=domain,
                day=day,
                report_id=reporter.report_id(kind, domain),
                recipients=tuple(map(str, sent)),
                size_bytes=len(raw),
                detail=detail,
            )
        )
        await asyncio.sleep(PAUSE_S)
        return int(bool(sent))

    def _mail(self, kind: str, domain: str, reporter: Reporter, to: tuple[Address, ...], octets: bytes) -> ReportMail:
        return ReportMail(
            about=domain,
            submitter=reporter.submitter,
            from_=Address.parse(reporter.contact),
            to=to,
            report_id=reporter.report_id(kind, domain),
            begin_s=reporter.begin_s,
            end_s=reporter.end_s,
            now_ms=self._deps.clock.now_ms(),
            boundary=f"=_{self._deps.random.token(18).hex()}",
            octets=octets,
        )

    async def _drive(self, check: Check[T]) -> T:
        return await drive(check, self._deps.resolver, self._deps.clock, seconds=DNS_S)


class _Day:
    """What the log says of one day."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.dmarc = DmarcTally()
        self.tls = TlsTally()
        self.done: set[tuple[str, str]] = set()

    async def sums(self, path: Path) -> None:
        """Add up the events of the day itself."""
        await _each(path, self._sum)

    async def sent(self, path: Path) -> None:
        """What was told already, on the day after it."""
        await _each(path, self._was_sent)

    def _sum(self, kind: str, fields: dict[str, Any]) -> None:
        if kind == _CHECKED:
            self.dmarc.add(msgspec.convert(fields, Checked))
        elif kind == _SESSION:
            self.tls.add(msgspec.convert(fields, Session))
        elif kind == _FETCHED and fields.get("result"):  # RFC 8461 6: what could not be fetched is a failure too
            self.tls.add(
                Session(
                    domain=fields["domain"],
                    policy_type="sts",
                    result=fields["result"],
                    detail=fields.get("detail", ""),
                )
            )

    def _was_sent(self, kind: str, fields: dict[str, Any]) -> None:
        if kind == _SENT and fields["day"] == self.name:
            self.done.add((fields["report"], fields["domain"]))


async def _written(report: AggregateReport) -> bytes:
    pieces = []
    for number, piece in enumerate(aggregate_pieces(report)):
        if number % ROWS_AT_ONCE == 0:
            await asyncio.sleep(0)
        pieces.append(piece)
    return "".join(pieces).encode()


async def _each(path: Path, take: Callable[[str, dict[str, Any]], None]) -> None:
    """Every event of our kinds in a file, a few lines at a time; a line that cannot be read is passed over."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for number, raw in enumerate(file):
            if number % LINES_AT_ONCE == 0:
                await asyncio.sleep(0)
            if not any(mark in raw for mark in _MARKS):
                continue
            try:
                line, header = parse(raw)
                take(header.kind, header_fields(line) | personal_fields(line))
            except (*UNREADABLE, KeyError, TypeError):
                continue


def report_address(settings: Settings, names: Sequence[str]) -> Address | None:
    """Whom reports are from, as the settings say.

    Else postmaster of the hosted domain that our host name is in, else of the first one.
    """
    if settings.reports.sender is not None:
        try:
            address = Address.parse(settings.reports.sender)
        except AddressError:
            return None
        return address if address.domain.name in names else None
    home = next((name for name in names if f".{settings.hostname}".endswith(f".{name}")), None)
    domain = home or next(iter(names), None)
    return None if domain is None else Address.parse(f"postmaster@{domain}")
