"""TLS reports (RFC 8460 4): what is in one, and the JSON of ours. Of those of others see ``tls_report_reader``."""

import datetime as dt
from typing import Annotated, Any, Final

import msgspec

POLICIES_MAX: Final = 200
DETAILS_MAX: Final = 1_000  # of a report
STRINGS_MAX: Final = 20
TEXT_MAX: Final = 255  # characters of a value
COUNT_MAX: Final = 10**9
POLICY_TYPES: Final = ("tlsa", "sts", "no-policy-found")
_SECOND: Final = "%Y-%m-%dT%H:%M:%SZ"


Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]
Count = Annotated[int, msgspec.Meta(ge=0, le=COUNT_MAX)]
Texts = Annotated[tuple[Text, ...], msgspec.Meta(max_length=STRINGS_MAX)]
Moment = Annotated[int, msgspec.Meta(ge=-(2**40), le=2**40)]


class Failure(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Sessions that failed alike."""

    result: Text  # RFC 8460 4.3
    count: Count
    sending_ip: Text = ""
    mx_host: Text = ""
    receiving_ip: Text = ""
    reason: Text = ""


class PolicyResult(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """All sessions under one policy."""

    kind: Text  # POLICY_TYPES
    domain: Text
    strings: Texts = ()
    mx_hosts: Texts = ()
    successes: Count = 0
    failures: Count = 0
    details: tuple[Failure, ...] = ()


class TlsReport(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One span of time."""

    organization: Text
    contact: Text
    report_id: Text
    begin_s: Moment
    end_s: Moment  # the last second, as the RFC's own example has it
    policies: tuple[PolicyResult, ...]


def write_tls_report(report: TlsReport) -> bytes:
    """The JSON, I-JSON (RFC 7493)."""
    return msgspec.json.encode(
        {
            "organization-name": report.organization,
            "date-range": {"start-datetime": _text(report.begin_s), "end-datetime": _text(report.end_s)},
            "contact-info": report.contact,
            "report-id": report.report_id,
            "policies": [_policy(each) for each in report.policies],
        }
    )


def _policy(found: PolicyResult) -> dict[str, Any]:
    policy: dict[str, Any] = {"policy-type": found.kind, "policy-domain": found.domain}
    if found.strings:
        policy["policy-string"] = found.strings
    if found.mx_hosts:
        policy["mx-host"] = found.mx_hosts
    summary = {"total-successful-session-count": found.successes, "total-failure-session-count": found.failures}
    whole: dict[str, Any] = {"policy": policy, "summary": summary}
    if found.details:
        whole["failure-details"] = [_detail(each) for each in found.details]
    return whole


def _detail(found: Failure) -> dict[str, Any]:
    values = {
        "result-type": found.result,
        "sending-mta-ip": found.sending_ip,
        "receiving-mx-hostname": found.mx_host,
        "receiving-ip": found.receiving_ip,
        "failed-session-count": found.count,
        "failure-reason-code": found.reason,
    }
    return {name: value for name, value in values.items() if value != ""}


def _text(moment_s: int) -> str:
    return dt.datetime.fromtimestamp(moment_s, dt.UTC).strftime(_SECOND)
