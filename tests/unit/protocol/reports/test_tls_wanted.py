"""The record that asks for TLS reports (RFC 8460 3)."""

import pytest

from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.query import Query, run_with
from skrytka.protocol.reports.tls_wanted import tls_destinations

MANY = "v=TLSRPTv1; rua=" + ",".join(f"mailto:{n}@example.org" for n in range(9))
QUERY = Query("_smtp._tls.example.org", "TXT")


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([], []),
        (["v=TLSRPTv1; rua=mailto:tls@example.org"], ["tls@example.org"]),
        (["v=TLSRPTv1;rua=mailto:tls@example.org,MAILTO:b@example.com?x=y;"], ["tls@example.org", "b@example.com"]),
        (["v=TLSRPTv1; rua=https://example.org/v1/tlsrpt"], []),
        (["v=TLSRPTv1; rua=https://example.org/a,mailto:tls%2Bx@example.org"], ["tls+x@example.org"]),
        (["v=spf1 -all", "v=TLSRPTv1; rua=mailto:tls@example.org"], ["tls@example.org"]),
        (["v=TLSRPTv1; rua=mailto:a@example.org", "v=TLSRPTv1; rua=mailto:b@example.org"], []),
        (["v=TLSRPTv2; rua=mailto:a@example.org"], []),
        (["v=TLSRPTv1"], []),
        (["v=TLSRPTv1; rua=mailto:nobody,mailto:a@[192.0.2.1]"], []),
        (
            ["v=TLSRPTv1; rua=" + ",".join(f"mailto:{n}@example.org" for n in range(9))],
            [f"{n}@example.org" for n in range(5)],
        ),
    ],
)
def test_addresses_are_those_of_the_one_record(records: list[str], found: list[str]) -> None:
    answer = Answer(Status.NOERROR if records else Status.NODATA, tuple(each.encode() for each in records))
    assert [str(each) for each in run_with(tls_destinations("example.org"), {QUERY: answer})] == found


def test_when_nobody_answers_nobody_is_told() -> None:
    assert run_with(tls_destinations("example.org"), {QUERY: None}) == ()
