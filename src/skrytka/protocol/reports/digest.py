"""What reports of others say about a domain, added up: who sends in its name, what fails, who is new.

The forms that reports have in the event log (:func:`sources_of`, :func:`failures_of`) are made and read here, so that
who writes them and who reads them agree. Nothing in them is trusted: it is what strangers say.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from skrytka.protocol.reports.aggregate import AggregateReport, Row
from skrytka.protocol.reports.tls_report import TlsReport

SOURCES_MAX: Final = 200  # of a report
FAILURES_MAX: Final = 100
PROVEN_MAX: Final = 5
NEW_S: Final = 7 * 86_400  # so long a source is new
_UNFIT: Final = re.compile(r"[^!-~]+")
_PASS, _FAIL = "pass", "fail"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Mail from one address that is alike."""

    address: str
    count: int
    is_dkim_aligned: bool
    is_spf_aligned: bool
    disposition: str = "none"
    header_from: str = ""
    proven: tuple[str, ...] = ()  # "dkim:example.net", "spf:example.net"

    @property
    def is_ours(self) -> bool:
        """DMARC passes."""
        return self.is_dkim_aligned or self.is_spf_aligned


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One report about a domain, as the event log has it."""

    domain: str
    organization: str
    report_id: str
    begin_s: int
    end_s: int
    is_proven: bool = True  # the mail that brought it was from whom it said
    policy: str = "none"
    sources: tuple[Source, ...] = ()
    left_off: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        """The same report may come twice (RFC 9990 3.5.4)."""
        return self.domain, self.organization, self.report_id


class Sender(msgspec.Struct, kw_only=True):
    """All that was told of one address."""

    address: str
    passed: int = 0
    failed: int = 0
    proven: tuple[str, ...] = ()
    header_from: tuple[str, ...] = ()
    first_seen_s: int = 0
    last_seen_s: int = 0
    is_new: bool = False
    kind: str = ""  # ours, partly, unaligned, unknown


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """Of one domain."""

    domain: str
    begin_s: int
    end_s: int
    reports: int
    unproven: int  # reports that anybody may have made: not counted in anything below
    organizations: tuple[str, ...]
    passed: int
    failed: int
    left_off: int
    policy: str  # of the newest report
    senders: tuple[Sender, ...]  # the largest first


class TlsFailure(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    count: int
    mx_host: str = ""
    reason: str = ""


class TlsTold(msgspec.Struct, frozen=True, kw_only=True):
    domain: str
    organization: str
    report_id: str
    begin_s: int
    end_s: int
    is_proven: bool = True
    policies: tuple[tuple[str, int, int], ...]  # type, successes, failures
    failures: tuple[TlsFailure, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        return self.domain, self.organization, self.report_id


class TlsDigest(msgspec.Struct, frozen=True, kw_only=True):
    domain: str
    begin_s: int
    end_s: int
    reports: int
    unproven: int
    organizations: tuple[str, ...]
    successes: int
    failures: int
    kinds: tuple[TlsFailure, ...]  # by type and host, the most frequent first
    is_without_policy: bool  # some senders found none, others may have


# -- DMARC ------------------------------------------------------------------------------------------------------------


def sources_of(report: AggregateReport) -> tuple[tuple[str, ...], int]:
    """The lines of an event, and the messages that are in none of them."""
    counts: Counter[str] = Counter()
    for row in report.rows:
        counts[_line(row)] += row.count
    kept = counts.most_common(SOURCES_MAX)
    left_off = report.left_off + sum(counts.values()) - sum(count for _, count in kept)
    return tuple(line.replace(" ", f" {count} ", 1) for line, count in kept), left_off


def _line(row: Row) -> str:
    proven = [f"dkim:{each.domain}" for each in row.dkim if each.result == _PASS]
    if row.spf is not None and row.spf.result == _PASS and row.spf.domain:
        proven.append(f"spf:{row.spf.domain}")
    words = (
        row.source_ip,
        _PASS if row.is_dkim_aligned else _FAIL,
        _PASS if row.is_spf_aligned else _FAIL,
        row.disposition,
        row.header_from,
        ",".join(_word(each).replace(",", "?") for each in dict.fromkeys(proven[:PROVEN_MAX])),
    )
    return " ".join(map(_word, words))


def read_source(line: str) -> Source | None:
    """Of a line of an event; None for what is none."""
    words = line.split(" ")
    if len(words) != 7 or not words[1].isdecimal():
        return None
    return Source(
        address=words[0],
        count=int(words[1]),
        is_dkim_aligned=words[2] == _PASS,
        is_spf_aligned=words[3] == _PASS,
        disposition=words[4],
        header_from="" if words[5] == "-" else words[5],
        proven=() if words[6] == "-" else tuple(words[6].split(",")),
    )


def digest(reports: Iterable[Told], now_s: int) -> list[Digest]:
    """By domain, each report once."""
    by_domain: dict[str, list[Told]] = {}
    for report in {each.key: each for each in reports}.values():
        by_domain.setdefault(report.domain, []).append(report)
    return [_digest(domain, by_domain[domain], now_s) for domain in sorted(by_domain)]


def _digest(domain: str, found: Sequence[Told], now_s: int) -> Digest:
    reports = [each for each in found if each.is_proven]
    senders: dict[str, Sender] = {}
    for report in reports:
        for source in report.sources:
            _add(senders.setdefault(source.address, Sender(address=source.address)), source, report)
    begin_s = min(each.begin_s for each in found)
    for sender in senders.values():
        # All are new to somebody whose first report has just come.
        sender.is_new = sender.first_seen_s >= now_s - NEW_S > begin_s
        sender.kind = _kind(sender)
    newest = max(found, key=lambda each: (each.is_proven, each.end_s))
    return Digest(
        domain=domain,
        begin_s=begin_s,
        end_s=newest.end_s,
        reports=len(reports),
        unproven=len(found) - len(reports),
        organizations=tuple(sorted({each.organization for each in reports})),
        passed=sum(each.passed for each in senders.values()),
        failed=sum(each.failed for each in senders.values()),
        left_off=sum(each.left_off for each in reports),
        policy=newest.policy,
        senders=tuple(sorted(senders.values(), key=lambda each: (-each.passed - each.failed, each.address))),
    )


def _add(sender: Sender, source: Source, report: Told) -> None:
    if source.is_ours:
        sender.passed += source.count
    else:
        sender.failed += source.count
        sender.proven = tuple(dict.fromkeys((*sender.proven, *source.proven)))[:PROVEN_MAX]
    sender.header_from = tuple(dict.fromkeys((*sender.header_from, source.header_from)))[:PROVEN_MAX]
    sender.first_seen_s = min(sender.first_seen_s or report.begin_s, report.begin_s)
    sender.last_seen_s = max(sender.last_seen_s, report.end_s)


def _kind(sender: Sender) -> str:
    if not sender.failed:
        return "ours"
    if sender.passed:
        return "partly"
    return "unaligned" if sender.proven else "unknown"


# -- TLS --------------------------------------------------------------------------------------------------------------


def policies_of(report: TlsReport, domain: str) -> tuple[str, ...]:
    """The lines of an event: what was told about that domain."""
    return tuple(
        f"{_word(each.kind)} {each.successes} {each.failures}" for each in report.policies if each.domain == domain
    )[:FAILURES_MAX]


def failures_of(report: TlsReport, domain: str) -> tuple[str, ...]:
    """The lines of an event."""
    counts: Counter[str] = Counter()
    for policy in report.policies:
        for each in policy.details if policy.domain == domain else ():
            counts[f"{_word(each.result)} {_word(each.mx_host)} {_word(each.reason)}"] += each.count
    return tuple(line.replace(" ", f" {count} ", 1) for line, count in counts.most_common(FAILURES_MAX))


def read_policy(line: str) -> tuple[str, int, int] | None:
    words = line.split(" ")
    if len(words) != 3 or not (words[1].isdecimal() and words[2].isdecimal()):
        return None
    return words[0], int(words[1]), int(words[2])


def read_failure(line: str) -> TlsFailure | None:
    words = line.split(" ")
    if len(words) != 4 or not words[1].isdecimal():
        return None
    kind, count, mx_host, reason = words
    return TlsFailure(
        kind=kind, count=int(count), mx_host="" if mx_host == "-" else mx_host, reason="" if reason == "-" else reason
    )


def tls_digest(reports: Iterable[TlsTold]) -> list[TlsDigest]:
    """By domain, each report once."""
    by_domain: dict[str, list[TlsTold]] = {}
    for report in {each.key: each for each in reports}.values():
        by_domain.setdefault(report.domain, []).append(report)
    return [_tls_digest(domain, by_domain[domain]) for domain in sorted(by_domain)]


def _tls_digest(domain: str, found: Sequence[TlsTold]) -> TlsDigest:
    reports = [each for each in found if each.is_proven]
    counts: Counter[tuple[str, str]] = Counter()
    reasons: dict[tuple[str, str], str] = {}
    for report in reports:
        for each in report.failures:
            counts[each.kind, each.mx_host] += each.count
            reasons.setdefault((each.kind, each.mx_host), each.reason)
    policies = [each for report in reports for each in report.policies]
    return TlsDigest(
        domain=domain,
        begin_s=min(each.begin_s for each in found),
        end_s=max(each.end_s for each in found),
        reports=len(reports),
        unproven=len(found) - len(reports),
        organizations=tuple(sorted({each.organization for each in reports})),
        successes=sum(successes for _, successes, _ in policies),
        failures=sum(failures for _, _, failures in policies),
        kinds=tuple(
            TlsFailure(kind=kind, count=count, mx_host=host, reason=reasons[kind, host])
            for (kind, host), count in counts.most_common()
        ),
        is_without_policy=any(kind == "no-policy-found" for kind, _, _ in policies),
    )


def _word(text: str) -> str:
    """Without white space; "-" for nothing."""
    return _UNFIT.sub("?", text) or "-"
