"""A day added up for reports to others: what came in from each domain, how TLS went with each.

Takes the facts of events as they come, in any order; everything is bounded, and what is beyond is counted.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from skrytka.protocol.reports.aggregate import (
    AggregateReport,
    DkimResult,
    Override,
    PublishedPolicy,
    Row,
    SpfResult,
)
from skrytka.protocol.reports.tls_report import Failure, PolicyResult, TlsReport

DOMAINS_MAX: Final = 5_000  # that a day is reported to
ROWS_MAX: Final = 2_000  # of a report: 1 MB of XML, 50 KB on the wire
SIGNATURES_MAX: Final = 10
POLICIES_MAX: Final = 50
DETAILS_MAX: Final = 500
GENERATOR: Final = "Skrytka"


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What the event SenderChecked says."""

    remote: str = ""
    recipient_domains: tuple[str, ...] = ()
    spf: str = ""
    spf_scope: str = ""
    spf_domain: str = ""
    dkim: tuple[str, ...] = ()
    header_from: str = ""
    dmarc: str = ""
    dmarc_spf: bool = False
    dmarc_dkim: bool = False
    policy_domain: str = ""
    p: str = ""
    sp: str = ""
    np: str = ""
    adkim: str = ""
    aspf: str = ""
    fo: str = ""
    is_testing: bool = False
    rua: tuple[str, ...] = ()
    disposition: str = "none"
    override: str = ""
    comment: str = ""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What the event OutboundTls says."""

    domain: str
    host: str = ""
    address: str = ""
    policy_type: str = ""
    policy_domain: str = ""
    policy_strings: tuple[str, ...] = ()
    result: str = ""
    detail: str = ""
    local: str = ""


class Reporter(msgspec.Struct, frozen=True, kw_only=True):
    """Who tells, and of what day."""

    organization: str
    contact: str  # an address
    submitter: str  # its domain
    begin_s: int
    end_s: int  # the last second

    def report_id(self, kind: str, domain: str) -> str:
        """The same whenever it is made: whoever gets it twice can tell (RFC 9990 3.5.1)."""
        return f"{self.begin_s}.{kind}.{domain}@{self.submitter}"


class DmarcTally:
    """Of one day."""

    def __init__(self) -> None:
        self._rows: dict[str, Counter[Row]] = {}
        self._newest: dict[str, Checked] = {}
        self._left_off: Counter[str] = Counter()

    def add(self, found: Checked) -> None:
        """One message; it counts when its domain has a policy and an address for reports."""
        domain = found.policy_domain
        if not (domain and found.rua and found.remote) or found.dmarc not in ("pass", "fail"):
            return
        if domain not in self._rows and len(self._rows) >= DOMAINS_MAX:
            return
        rows = self._rows.setdefault(domain, Counter())
        self._newest[domain] = found  # RFC 9990 3.1: the last policy that was seen
        row = _row(found)
        if row in rows or len(rows) < ROWS_MAX:
            rows[row] += 1
        else:
            self._left_off[domain] += 1

    def reports(self, reporter: Reporter) -> Iterator[tuple[AggregateReport, tuple[str, ...]]]:
        """Each with the addresses that its domain wants it at, not yet confirmed."""
        for domain in sorted(self._rows):
            newest = self._newest[domain]
            left_off = self._left_off[domain]
            yield (
                AggregateReport(
                    org_name=reporter.organization,
                    email=reporter.contact,
                    report_id=reporter.report_id("dmarc", domain),
                    begin_s=reporter.begin_s,
                    end_s=reporter.end_s,
                    policy=_policy(newest),
                    rows=tuple(
                        msgspec.structs.replace(row, count=count) for row, count in self._rows[domain].most_common()
                    ),
                    generator=GENERATOR,
                    error=f"{left_off} further messages are not in this report" if left_off else "",
                ),
                newest.rua,
            )


def _policy(found: Checked) -> PublishedPolicy:
    return PublishedPolicy(
        domain=found.policy_domain,
        p=found.p or "none",
        sp=found.sp,
        np=found.np,
        adkim=found.adkim,
        aspf=found.aspf,
        fo=found.fo,
        testing="y" if found.is_testing else "n",
    )


def _row(found: Checked) -> Row:
    has_spf = found.spf and found.spf_domain
    return Row(
        source_ip=found.remote,
        count=0,
        disposition=found.disposition,
        is_dkim_aligned=found.dmarc_dkim,
        is_spf_aligned=found.dmarc_spf,
        header_from=found.header_from,
        envelope_from=found.spf_domain if found.spf_scope == "mfrom" else "",
        envelope_to=found.recipient_domains[0] if len(found.recipient_domains) == 1 else "",
        overrides=(Override(found.override, found.comment),) if found.override else (),
        dkim=_signatures(found.dkim),
        spf=SpfResult(found.spf_domain, found.spf, found.spf_scope) if has_spf else None,
    )


def _signatures(lines: tuple[str, ...]) -> tuple[DkimResult, ...]:
    """Of ``pass d=example.org s=sel ...``: those that pass first (RFC 9990 3.1.2)."""
    found = []
    for line in lines[:SIGNATURES_MAX]:
        result, *words = line.split(" ")
        values = dict(word.split("=", 1) for word in words if "=" in word)
        if values.get("d"):
            found.append(DkimResult(values["d"], values.get("s", ""), result))
    return tuple(sorted(found, key=lambda each: each.result != "pass"))


class TlsTally:
    """Of one day."""

    def __init__(self) -> None:
        self._policies: dict[str, dict[tuple[str, str, tuple[str, ...]], Counter[Failure | None]]] = {}

    def add(self, found: Session) -> None:
        """One session."""
        if not found.domain or (found.domain not in self._policies and len(self._policies) >= DOMAINS_MAX):
            return
        policies = self._policies.setdefault(found.domain, {})
        key = (found.policy_type or "no-policy-found", found.policy_domain or found.domain, found.policy_strings)
        if key not in policies and len(policies) >= POLICIES_MAX:
            return
        counts = policies.setdefault(key, Counter())
        failure = _failure(found)
        if failure is not None and failure not in counts and len(counts) >= DETAILS_MAX:
            failure = Failure(result=found.result, count=0)
        counts[failure] += 1

    @property
    def domains(self) -> list[str]:
        """Those that may want a report."""
        return sorted(self._policies)

    def report(self, domain: str, reporter: Reporter) -> TlsReport:
        """About one of them."""
        return TlsReport(
            organization=reporter.organization,
            contact=reporter.contact,
            report_id=reporter.report_id("tls", domain),
            begin_s=reporter.begin_s,
            end_s=reporter.end_s,
            policies=tuple(_result(key, counts) for key, counts in sorted(self._policies[domain].items())),
        )


def _failure(found: Session) -> Failure | None:
    """None is a success."""
    if not found.result:
        return None
    return Failure(
        result=found.result,
        count=0,
        sending_ip=found.local,
        mx_host=found.host,
        receiving_ip=found.address,
        reason=found.detail[:200],
    )


def _result(key: tuple[str, str, tuple[str, ...]], counts: Counter[Failure | None]) -> PolicyResult:
    kind, domain, strings = key
    failures = [(each, count) for each, count in counts.most_common() if each is not None]
    return PolicyResult(
        kind=kind,
        domain=domain,
        strings=strings,
        mx_hosts=tuple(text.partition(":")[2].strip() for text in strings if text.startswith("mx:")),
        successes=counts[None],
        failures=sum(count for _, count in failures),
        details=tuple(msgspec.structs.replace(each, count=count) for each, count in failures),
    )
