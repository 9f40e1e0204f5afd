"""TLS reports of others (RFC 8460 4), from JSON. Runs in inspectors only.

Lenient about what is missing: a report without one count still tells. The texts have no control characters.
"""

import datetime as dt
import re
from typing import Final

import msgspec

from skrytka.model.errors import UNREADABLE
from skrytka.protocol.reports.tls_report import (
    DETAILS_MAX,
    POLICIES_MAX,
    POLICY_TYPES,
    STRINGS_MAX,
    TEXT_MAX,
    Count,
    Failure,
    PolicyResult,
    TlsReport,
)

_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)\Z")


class TlsReportError(ValueError):
    """It is no report; the text is ours."""


class _Renamed(msgspec.Struct, rename="kebab"):
    pass


class _Range(_Renamed):
    start_datetime: str
    end_datetime: str


class _Policy(_Renamed):
    policy_type: str
    policy_domain: str | None = None
    policy_string: tuple[str, ...] | str | None = None
    mx_host: tuple[str, ...] | str | None = None


class _Summary(_Renamed):
    total_successful_session_count: Count = 0
    total_failure_session_count: Count = 0


class _Detail(_Renamed):
    result_type: str
    failed_session_count: Count = 0
    sending_mta_ip: str | None = None
    receiving_mx_hostname: str | None = None
    receiving_ip: str | None = None
    failure_reason_code: str | None = None


class _Result(_Renamed):
    policy: _Policy
    summary: _Summary
    failure_details: tuple[_Detail, ...] | None = None


class _Report(_Renamed):
    date_range: _Range
    report_id: str
    policies: tuple[_Result, ...]
    organization_name: str | None = None
    contact_info: str | None = None


_decoder: Final = msgspec.json.Decoder(_Report)


def read_tls_report(octets: bytes) -> TlsReport:
    """TlsReportError."""
    try:
        found = _decoder.decode(octets)
    except UNREADABLE:
        raise TlsReportError("no JSON of a TLS report") from None
    if not found.policies or len(found.policies) > POLICIES_MAX:
        raise TlsReportError("no policies, or too many")
    if sum(len(each.failure_details or ()) for each in found.policies) > DETAILS_MAX:
        raise TlsReportError("too many details")
    return TlsReport(
        organization=_clean(found.organization_name),
        contact=_clean(found.contact_info),
        report_id=_clean(found.report_id),
        begin_s=_moment(found.date_range.start_datetime),
        end_s=_moment(found.date_range.end_datetime),
        policies=tuple(map(_read_policy, found.policies)),
    )


def _read_policy(found: _Result) -> PolicyResult:
    kind = found.policy.policy_type.lower()
    return PolicyResult(
        kind=kind if kind in POLICY_TYPES else "no-policy-found",
        domain=_clean(found.policy.policy_domain).lower(),
        strings=_list(found.policy.policy_string),
        mx_hosts=_list(found.policy.mx_host),
        successes=found.summary.total_successful_session_count,
        failures=found.summary.total_failure_session_count,
        details=tuple(
            Failure(
                result=_clean(each.result_type).lower(),
                count=each.failed_session_count,
                sending_ip=_clean(each.sending_mta_ip),
                mx_host=_clean(each.receiving_mx_hostname).lower(),
                receiving_ip=_clean(each.receiving_ip),
                reason=_clean(each.failure_reason_code),
            )
            for each in found.failure_details or ()
        ),
    )


def _list(value: tuple[str, ...] | str | None) -> tuple[str, ...]:
    """One text where a list belongs is met in the RFC's own example."""
    values = (value,) if isinstance(value, str) else value or ()
    return tuple(_clean(each) for each in values[:STRINGS_MAX])


def _clean(text: str | None) -> str:
    return _UNFIT.sub(" ", (text or "")[: 2 * TEXT_MAX]).strip()[:TEXT_MAX]


def _moment(text: str) -> int:
    """RFC 3339 5.6."""
    if not _MOMENT.match(text):
        raise TlsReportError("a date that is none")
    try:
        return int(dt.datetime.fromisoformat(text.upper()).timestamp())
    except (ValueError, OverflowError):
        raise TlsReportError("a date that is none") from None
