"""TLS reports of others, honest and hostile; those that others have collected are in tests/vectors/test_reports.py."""

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.reports.tls_report import COUNT_MAX, DETAILS_MAX, POLICIES_MAX, STRINGS_MAX, TEXT_MAX
from skrytka.protocol.reports.tls_report_reader import TlsReportError, read_tls_report

POLICY: dict[str, Any] = {"policy": {"policy-type": "STS", "policy-domain": "Example.ORG"}, "summary": {}}


def document(**changes: Any) -> bytes:
    whole = {
        "date-range": {"start-datetime": "2026-01-01T00:00:00Z", "end-datetime": "2026-01-01T23:59:59+00:00"},
        "report-id": "r",
        "policies": [POLICY],
    }
    return msgspec.json.encode(whole | {name.replace("_", "-"): value for name, value in changes.items()})


def details(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [POLICY | {"failure-details": [{"result-type": "Validation-Failure", **fields}] * count}]


def test_what_is_missing_is_empty() -> None:
    found = read_tls_report(document())
    assert (found.organization, found.contact, found.end_s - found.begin_s) == ("", "", 86_399)
    (policy,) = found.policies
    assert (policy.kind, policy.domain, policy.successes, policy.details) == ("sts", "example.org", 0, ())


def test_texts_are_cut_and_freed_of_control_characters() -> None:
    found = read_tls_report(
        document(
            organization_name="a\r\nb\x1b[2J\u202e" + "x" * 1000,
            policies=[
                {"policy": {"policy-type": "new", "policy-string": ["y" * 999] * 50, "mx-host": "mx"}, "summary": {}}
            ],
        )
    )
    assert found.organization.startswith("a b [2J x")
    assert len(found.organization) <= TEXT_MAX
    (policy,) = found.policies
    assert (policy.kind, policy.mx_hosts) == ("no-policy-found", ("mx",))
    assert policy.strings == ("y" * TEXT_MAX,) * STRINGS_MAX


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        document(policies=[]),
        document(policies=[POLICY] * (POLICIES_MAX + 1)),
        document(policies=details(DETAILS_MAX + 1)),
        document(policies=details(1, **{"failed-session-count": -1})),
        document(policies=details(1, **{"failed-session-count": COUNT_MAX + 1})),
        document(policies=details(1, **{"failed-session-count": 1.5})),
        document(date_range={"start-datetime": "yesterday", "end-datetime": "2026-01-01T00:00:00Z"}),
        document(date_range={"start-datetime": "2026-13-01T00:00:00Z", "end-datetime": "2026-01-01T00:00:00Z"}),
        document()[:-1] + b', "x": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_report_is_refused(octets: bytes) -> None:
    with pytest.raises(TlsReportError):
        read_tls_report(octets)


@given(st.binary(max_size=100))
def test_anything_is_a_report_or_an_error(octets: bytes) -> None:
    with contextlib.suppress(TlsReportError):  # a brace makes a report of it
        read_tls_report(document()[:-1] + octets)
